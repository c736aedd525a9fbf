// The rows of a dataset from QuestDB. In: selections and slices of packages/datasets. Out: which days have rows, how many and between which
// times, the rows as Parquet files, and what is known about them. It waits for rows that are written but not yet applied, and fails if they
// stay so: they would seem to be missing.
import type { Readable } from 'node:stream';
import type {
  DayRows,
  Extent,
  KindName,
  KnownClockRule,
  KnownCondition,
  KnownCorrection,
  KnownGap,
  Range,
  RowSource,
  Selection,
  Series,
  Slice,
  UncoveredRange,
} from '@fxtape/datasets';
import { datasetKinds, resampledKind } from '@fxtape/datasets/kinds';
import type { TableName } from '@fxtape/market/tables';
import { type Clock, FxtapeError } from '@fxtape/ops';
import { asObjects, type Cell } from '../wire/exec-answer.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { requireSettled } from '../wire/settled-tables.ts';
import { DAY_US, dayOf, dayPieces } from './day-pieces.ts';
import { intervalSql, requireResample } from './interval-sql.ts';
import { knownClockRules, knownConditions, knownCorrections, knownGaps } from './known-facts.ts';
import { isSelected, requireNames } from './known-names.ts';
import { hasRevisions, rowSql, tableOf, whereSql } from './row-sql.ts';
import { uncoveredRanges } from './uncovered.ts';

type Http = Pick<QuestDbHttp, 'exec' | 'exportParquet'>;

/** Longer than QuestDB's own limit (`query.timeout`, 60 s), so that QuestDB reports the time-out itself. */
const DEADLINE_MS = 90_000;
/** How long a table may take to apply what was written to it. */
const SETTLE_TIMEOUT_MS = 30_000;
/** Most rows that one statement counts: about a second on two cores. */
const MOST_COUNTED_ROWS = 20_000_000;
/** Most rows in one statement over intervals or revisions, for which the server keeps each row in memory. */
const MOST_HELD_ROWS = 2_000_000;

/**
 * Every method's errors: QDB_SUSPENDED, QDB_NOT_APPLIED, QDB_NO_TABLE (transient), those of `exec`, DATASET_SELECTION_INVALID, and where
 * rows are read, DATASET_AS_OF_UNKNOWN. Only `days` and `series` check the names: DATASET_NAME_UNKNOWN.
 */
export class DatasetSource implements RowSource {
  readonly #http: Http;
  readonly #clock: Clock;

  constructor(options: { http: Http; clock: Clock }) {
    this.#http = options.http;
    this.#clock = options.clock;
  }

  async version(signal?: AbortSignal): Promise<string> {
    const { dataset } = await this.#http.exec('SELECT build()', { signal });
    const build = String(dataset[0]?.[0]);
    const [found] = /QuestDB [^\s,]+/.exec(build) ?? [];
    if (found === undefined)
      throw new FxtapeError({
        code: 'QDB_BAD_ANSWER',
        message: `QuestDB does not state its version: ${build}`,
      });
    return found;
  }

  /** The series that have rows in the range, sorted. Errors: also DATASET_NAME_UNKNOWN. */
  async series(selection: Selection, signal?: AbortSignal): Promise<readonly Series[]> {
    return seriesIn(await this.days(selection, signal));
  }

  async days(selection: Selection, signal?: AbortSignal): Promise<readonly DayRows[]> {
    requireResample(selection);
    await this.#requireSettled([tableOf(selection)], signal);
    const days = await this.#daysOfRows({ ...selection, resample: null }, signal);
    await requireNames(this.#http, selection, seriesIn(days), { signal, deadlineMs: DEADLINE_MS });
    const holdsRows = selection.resample !== null || hasRevisions(selection);
    return holdsRows ? this.#daysBySeries(selection, days, signal) : days;
  }

  async extent(slice: Slice, signal?: AbortSignal): Promise<Extent> {
    const { selection, series } = slice;
    await this.#requireSettled([tableOf(selection)], signal);
    const { stamp, time } = selection.resample === null ? datasetKinds[selection.kind] : resampledKind;
    const { dataset } = await this.#ask(
      `SELECT n, cast(first as long), cast(last as long), cast(stamp as long) FROM (
        SELECT count() n, min(${time}) first, max(${time}) last, max(${stamp}) stamp FROM ${this.#rows(selection, slice, series, false)})`,
      signal,
    );
    const [rows, first, last, newest] = dataset[0] ?? [];
    return { rows: Number(rows), firstUs: us(first), lastUs: us(last), stampUs: us(newest) };
  }

  async parquet(slice: Slice, signal?: AbortSignal): Promise<Readable> {
    const { selection, series } = slice;
    await this.#requireSettled([tableOf(selection)], signal);
    const kind = selection.resample === null ? datasetKinds[selection.kind] : resampledKind;
    const columns = selection.reception ? [...kind.columns, ...kind.reception] : kind.columns;
    const names = columns.map(({ name }) => name).join(', ');
    const rows = this.#rows(selection, slice, series, true);
    return this.#http.exportParquet(`SELECT ${names} FROM ${rows} ORDER BY ${kind.order.join(', ')}`, {
      signal,
    });
  }

  /** None for `gaps` and `daily_quality`: their rows are not recorded from a stream. */
  async gaps(selection: Selection, signal?: AbortSignal): Promise<readonly KnownGap[]> {
    await this.#requireSettled(['gap_events'], signal);
    return knownGaps(this.#http, selection, { signal, deadlineMs: DEADLINE_MS });
  }

  /** None as of a time, and for kinds that are not recorded from a stream. */
  async uncovered(
    selection: Selection,
    gaps: readonly KnownGap[],
    signal?: AbortSignal,
  ): Promise<readonly UncoveredRange[]> {
    await this.#requireSettled(['coverage'], signal);
    return uncoveredRanges(this.#http, selection, gaps, { signal, deadlineMs: DEADLINE_MS });
  }

  async clockRules(selection: Selection, signal?: AbortSignal): Promise<readonly KnownClockRule[]> {
    await this.#requireSettled(['accounts', 'clock_rules'], signal);
    return knownClockRules(this.#http, selection, { signal });
  }

  /** For ticks and bars only. Today's verdicts, even with `asOfUs`: earlier ones are not kept. */
  async conditions(selection: Selection, signal?: AbortSignal): Promise<readonly KnownCondition[]> {
    await this.#requireSettled(['daily_quality'], signal);
    return knownConditions(this.#http, selection, { signal });
  }

  /** All of them, even with `asOfUs`: they moved the rows that are read today. */
  async corrections(selection: Selection, signal?: AbortSignal): Promise<readonly KnownCorrection[]> {
    await this.#requireSettled(['accounts', 'clock_applies'], signal);
    return knownCorrections(this.#http, selection, { signal });
  }

  /** For `gaps` the day of the oldest start, which may be before the day of its event. */
  async oldestUs(kind: KindName, signal?: AbortSignal): Promise<number | null> {
    const table = tableOf({ kind, asOfUs: null });
    await this.#requireSettled([table], signal);
    const { dataset } = await this.#ask(
      `SELECT cast(min(${datasetKinds[kind].time}) as long) FROM ${table}`,
      signal,
    );
    const oldest = us(dataset[0]?.[0]);
    return oldest === null ? null : dayOf(oldest);
  }

  /** Where rows have revisions, the days of all revisions. */
  async #daysOfRows(selection: Selection, signal: AbortSignal | undefined): Promise<DayRows[]> {
    const { kind } = selection;
    const options = { mostRows: MOST_COUNTED_ROWS, signal, deadlineMs: DEADLINE_MS };
    // The partitions of `gap_events` go by the time of the event, not by the start of the gap.
    const pieces =
      kind === 'gaps' ? [selection] : await dayPieces(this.#http, tableOf(selection), selection, options);
    const found: DayRows[] = [];
    for (const piece of pieces) {
      const { from, where } = rowSql(selection, piece, null, { everyRevision: true });
      const rows = `${from}${whereSql(where)}`;
      found.push(...(await this.#countDays(selection, datasetKinds[kind].series, rows, signal)));
    }
    const chosen = new Set(
      seriesIn(found)
        .filter((each) => isSelected(selection, each))
        .map(keyOf),
    );
    return inOrder(found.filter((day) => chosen.has(keyOf(day.series))));
  }

  /** Series by series, so that the server never holds the intervals or revisions of many symbols at once. */
  async #daysBySeries(
    selection: Selection,
    known: readonly DayRows[],
    signal: AbortSignal | undefined,
  ): Promise<DayRows[]> {
    // On the broker's clock an interval may start up to two days before its ticks.
    const beforeUs = selection.resample === null ? 0 : 2 * DAY_US;
    const found: DayRows[] = [];
    for (const days of Map.groupBy(known, (day) => keyOf(day.series)).values()) {
      for (const { range, series } of dayRanges(days, beforeUs)) {
        const within = {
          fromUs: Math.max(range.fromUs, selection.fromUs),
          toUs: Math.min(range.toUs, selection.toUs),
        };
        const rows = this.#rows(selection, within, series, false);
        const counted = await this.#countDays(selection, [], rows, signal);
        found.push(...counted.map((day) => ({ ...day, series })));
      }
    }
    return inOrder(found);
  }

  async #countDays(
    selection: Selection,
    series: readonly (keyof Series)[],
    rows: string,
    signal: AbortSignal | undefined,
  ): Promise<DayRows[]> {
    const { stamp, time } = selection.resample === null ? datasetKinds[selection.kind] : resampledKind;
    const names = series.map((column) => `${column}, `).join('');
    const answer = await this.#ask(
      `SELECT ${names}fx_day, fx_rows, cast(fx_stamp as long) fx_stamp FROM (
        SELECT ${names}cast(${time} as long) / ${DAY_US}L fx_day, count() fx_rows, max(${stamp}) fx_stamp FROM ${rows})`,
      signal,
    );
    return asObjects(answer).map((row) => ({
      series: Object.fromEntries(series.map((column) => [column, String(row[column])])),
      dayUs: Number(row['fx_day']) * DAY_US,
      rows: Number(row['fx_rows']),
      stampUs: us(row['fx_stamp']),
    }));
  }

  #rows(selection: Selection, range: Range, series: Series | null, prices: boolean): string {
    requireResample(selection);
    if (selection.resample !== null)
      return intervalSql({ selection, range, series }, this.#clock.nowUs(), prices);
    const { from, where } = rowSql(selection, range, series);
    return `${from}${whereSql(where)}`;
  }

  #requireSettled(tables: readonly TableName[], signal: AbortSignal | undefined): Promise<void> {
    return requireSettled(this.#http, this.#clock, tables, { waitMs: SETTLE_TIMEOUT_MS, signal });
  }

  #ask(sql: string, signal: AbortSignal | undefined) {
    return this.#http.exec(sql, { signal, deadlineMs: DEADLINE_MS });
  }
}

const us = (cell: Cell | undefined): number | null =>
  cell === null || cell === undefined ? null : Number(cell);

const keyOf = (series: Series): string => JSON.stringify(Object.values(series));

const seriesIn = (days: readonly DayRows[]): Series[] => [
  ...new Map(days.map(({ series }) => [keyOf(series), series])).values(),
];

function inOrder(days: readonly DayRows[]): DayRows[] {
  const keyed = days.map((day) => ({ day, key: keyOf(day.series) }));
  return keyed
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : a.day.dayUs - b.day.dayUs))
    .map(({ day }) => day);
}

/** Splits the days of one series into ranges with a bounded number of rows. Each begins `beforeUs` early, but not inside the one before. */
function dayRanges(
  days: readonly DayRows[],
  beforeUs: number,
): { readonly series: Series; readonly range: Range }[] {
  const found: { series: Series; range: { fromUs: number; toUs: number } }[] = [];
  let rows = 0;
  for (const day of days) {
    const last = found.at(-1)?.range;
    rows += day.rows;
    if (last === undefined || rows > MOST_HELD_ROWS) {
      const fromUs = Math.max(day.dayUs - beforeUs, last?.toUs ?? 0);
      found.push({ series: day.series, range: { fromUs, toUs: day.dayUs + DAY_US } });
      rows = day.rows;
    } else last.toUs = day.dayUs + DAY_US;
  }
  return found;
}
