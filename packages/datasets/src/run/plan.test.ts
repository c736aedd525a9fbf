// Which files stay and which are made: by days, stamps, periods, corrections, and days that are no longer in the database.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DAY_US, dayText } from '../calendar.ts';
import { datasetKinds } from '../kinds.ts';
import type { ManifestFile } from '../manifest.ts';
import type { DayRows } from '../source.ts';
import { type Plan, type PlanInput, type PlannedFile, planFiles } from './plan.ts';

const JANUARY = Date.UTC(2026, 0, 1) * 1000;
const EUR = { feed: 'icm', symbol: 'EURUSD' };
const day = (n: number, rows = 10, stampUs = n): DayRows => ({
  series: EUR,
  dayUs: JANUARY + n * DAY_US,
  rows,
  stampUs,
});
const input = (days: readonly DayRows[], rest: Partial<PlanInput> = {}): PlanInput => ({
  kind: datasetKinds.ticks,
  days,
  files: [],
  frozenBeforeUs: JANUARY,
  isCorrected: () => false,
  openDayUs: JANUARY + 400 * DAY_US,
  ...rest,
});
let made = 0;
const fileOf = ({ days, fromUs, period, rows, series, toUs }: PlannedFile): ManifestFile => ({
  path: `part-${(made += 1)}`,
  series,
  period,
  bytes: 1,
  sha256: '',
  rows,
  firstUs: fromUs,
  lastUs: toUs - 1,
  days: days.map((each) => [dayText(each.dayUs), each.rows, 'hash', each.stampUs]),
});
const filesOf = ({ keep, make }: Plan): ManifestFile[] => [...keep, ...make.map(fileOf)];
const spans = (plan: Plan): string[] =>
  plan.make.map(({ fromUs, period, toUs }) => `${period} ${dayText(fromUs)}..${dayText(toUs - DAY_US)}`);

test('one file a month; the current day has its own', () => {
  const plan = planFiles(input([day(29), day(30), day(31), day(32)], { openDayUs: day(32).dayUs }));
  expect(spans(plan)).toEqual([
    '2026-01 2026-01-30..2026-01-31',
    '2026-02 2026-02-01..2026-02-01',
    '2026-02 2026-02-02..2026-02-02',
  ]);
});

test('a month of too many rows is split between days, and a day never', () => {
  const days = [day(0, 6), day(1, 5), day(2, 25), day(3, 1)];
  expect(spans(planFiles(input(days, { mostRows: 10 })))).toEqual([
    '2026-01 2026-01-01..2026-01-01',
    '2026-01 2026-01-02..2026-01-02',
    '2026-01 2026-01-03..2026-01-03',
    '2026-01 2026-01-04..2026-01-04',
  ]);
});

test('nothing changed: nothing is made', () => {
  const days = [day(0), day(1), day(40)];
  const files = filesOf(planFiles(input(days)));
  expect(planFiles(input(days, { files }))).toEqual({ keep: files, make: [], drop: [] });
});

test.each([
  ['more rows', day(1, 11)],
  ['the same count, but a newer stamp', day(1, 10, 99)],
])('%s on a day: the file that holds it is made again, others stay', (_name, changed) => {
  const files = filesOf(planFiles(input([day(0), day(1), day(40)])));
  const plan = planFiles(input([day(0), changed, day(40)], { files }));
  expect(plan.drop).toEqual([files[0]]);
  expect(plan.keep).toEqual([files[1]]);
  expect(spans(plan)).toEqual(['2026-01 2026-01-01..2026-01-02']);
});

test('a new day gets a file; when the month is over its files become one', () => {
  const openDayUs = day(2).dayUs;
  const first = filesOf(planFiles(input([day(0), day(1)], { openDayUs })));
  const second = planFiles(input([day(0), day(1), day(2)], { files: first, openDayUs: day(3).dayUs }));
  expect(second.keep).toEqual(first);
  expect(spans(second)).toEqual(['2026-01 2026-01-03..2026-01-03']);
  const over = planFiles(
    input([day(0), day(1), day(2), day(31)], { files: filesOf(second), openDayUs: day(32).dayUs }),
  );
  expect(spans(over)).toEqual(['2026-01 2026-01-01..2026-01-03', '2026-02 2026-02-01..2026-02-01']);
  expect(over.drop.length).toBe(2);
});

test('days that are no longer in the database keep their files', () => {
  const files = filesOf(planFiles(input([day(0), day(1), day(40)])));
  const plan = planFiles(input([day(40)], { files, frozenBeforeUs: day(40).dayUs }));
  expect(new Set(plan.keep)).toEqual(new Set(files));
  expect([plan.make, plan.drop]).toEqual([[], []]);
});

test('rows that moved to another day are dropped where they were', () => {
  const files = filesOf(planFiles(input([day(0), day(40)])));
  const plan = planFiles(input([day(0)], { files, isCorrected: () => true }));
  expect(plan.keep).toEqual([]);
  expect(spans(plan)).toEqual(['2026-01 2026-01-01..2026-01-01']);
  expect(plan.drop.length).toBe(2);
});

test('after any changes: each day that has rows is in exactly one file, with its count and stamp', () => {
  const history = fc.array(
    fc.uniqueArray(
      fc.tuple(
        fc.integer({ min: 0, max: 70 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 0, max: 3 }),
      ),
      {
        selector: ([n]) => n,
        maxLength: 40,
      },
    ),
    { minLength: 1, maxLength: 6 },
  );
  fc.assert(
    fc.property(history, fc.integer({ min: 1, max: 20 }), (states, mostRows) => {
      let files: ManifestFile[] = [];
      for (const [i, state] of states.entries()) {
        const days = state.toSorted(([a], [b]) => a - b).map(([n, rows, stampUs]) => day(n, rows, stampUs));
        const openDayUs = day(i * 15).dayUs;
        const plan = planFiles(input(days, { files, mostRows, openDayUs }));
        const dropped = new Set(plan.drop);
        expect(files.filter((file) => !dropped.has(file)).every((file) => plan.keep.includes(file))).toBe(
          true,
        );
        files = filesOf(plan);
        const held = files.flatMap((file) =>
          file.days.map(([text, rows, , stamp]) => `${text} ${rows} ${stamp}`),
        );
        expect(held.sort()).toEqual(
          days.map((each) => `${dayText(each.dayUs)} ${each.rows} ${each.stampUs}`).sort(),
        );
        for (const file of files)
          expect(new Set(file.days.map(([text]) => text.slice(0, 7)))).toEqual(new Set([file.period]));
      }
    }),
  );
});
