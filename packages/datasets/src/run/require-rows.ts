// Guards against rows that are missing. In: what the version before had, what was planned, what was made. Out: nothing, or an error that names
// the first series and day with fewer rows.
import { FxtapeError } from '@fxtape/ops';
import { DAY_US, dayOf, dayText } from '../calendar.ts';
import { seriesText } from '../manifest.ts';
import type { Selection, Series } from '../source.ts';
import type { MadeFile } from './make-file.ts';
import { dayUsOf, type Plan, type PlannedFile } from './plan.ts';
import type { DatasetKind } from '../kinds.ts';
import type { Store } from '../store/store.ts';

interface Target {
  readonly kind: DatasetKind;
  readonly store: Store;
}

/**
 * Rows never become fewer; otherwise this is another database, or rows were lost. A clock correction moves rows to a neighbouring day, and over
 * the ends of the range. Rows of a kind that moves are counted per series.
 */
export function requireNoLoss(
  plan: Plan,
  { kind, selection, store }: Target & { readonly selection: Selection },
  isCorrected: (series: Series) => boolean,
): void {
  const keyOf = (series: Series, dayUs: number): string =>
    `${seriesText(series)} ${kind.isMovable ? 0 : dayUs}`;
  const now = new Map<string, number>();
  for (const { dayUs, rows, series } of plan.make.flatMap(({ days }) => days))
    now.set(keyOf(series, dayUs), (now.get(keyOf(series, dayUs)) ?? 0) + rows);
  const before = new Map<string, { readonly series: Series; readonly dayUs: number; rows: number }>();
  for (const { days, series } of plan.drop)
    for (const [day, rows] of days) {
      const dayUs = dayUsOf(day);
      const sum = before.get(keyOf(series, dayUs)) ?? { series, dayUs, rows: 0 };
      sum.rows += rows;
      before.set(keyOf(series, dayUs), sum);
    }
  for (const { dayUs, rows, series } of before.values()) {
    const corrected = isCorrected(series);
    if (corrected && isNearEnd(dayUs, selection)) continue;
    const reach = corrected && !kind.isMovable ? [-DAY_US, 0, DAY_US] : [0];
    const found = reach.reduce((sum, byUs) => sum + (now.get(keyOf(series, dayUs + byUs)) ?? 0), 0);
    if (found >= rows) continue;
    const day = dayText(dayUs);
    throw new FxtapeError({
      code: 'DATASET_ROWS_LEFT',
      message: `${store.address} has ${rows} rows of ${seriesText(series)} on ${day}, but the database has ${found}`,
      context: { series, day, rows, now: found },
    });
  }
}

/** A correction moves a row by at most 26 hours. */
const isNearEnd = (dayUs: number, { fromUs, toUs }: Selection): boolean =>
  dayUs < dayOf(fromUs) + 2 * DAY_US || dayUs > dayOf(toUs) - 3 * DAY_US;

/** Days whose rows left the database between plan and export must not vanish from the version. */
export function requirePlanned(
  { days, series }: PlannedFile,
  made: MadeFile | null,
  { store }: Pick<Target, 'store'>,
): void {
  const rowsOf = new Map(made?.days.map(([day, rows]) => [day, rows]));
  for (const { dayUs, rows } of days) {
    const now = rowsOf.get(dayText(dayUs)) ?? 0;
    if (now >= rows) continue;
    throw new FxtapeError({
      code: 'DATASET_ROWS_LEFT',
      message: `${rows - now} of ${rows} rows of ${seriesText(series)} on ${dayText(dayUs)} left the database while ${store.address} was written`,
      context: { series, day: dayText(dayUs), rows, now },
    });
  }
}
