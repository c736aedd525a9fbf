import type { Range } from '@fxtape/market';
import { Metrics, systemClock } from '@fxtape/ops';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Agreements } from '../context/agreements.ts';
import { ComeAgain } from './history-errors.ts';
import { fetchPages } from './fetch-pages.ts';
import type { HistoryAnswer, HistorySource } from './history-source.ts';
import { BackfillNumbers, type Purpose } from '../context/numbers.ts';
import { RangeMemory, type SpanLimits } from '../context/range-memory.ts';
import type { SyncContext } from '../context/sync-context.ts';

interface Row {
  readonly id: number;
  readonly at: number;
}

/** A gateway's faults: answers cut at `cap` rows, time-outs above `mostUs`, the first answers short. */
interface Faults {
  readonly cap?: number;
  readonly keeps?: 'oldest' | 'newest';
  readonly mostUs?: number;
  readonly growsFor?: number;
  readonly nowUs?: number;
  /** Called before each answer. */
  readonly onAsked?: (purpose: Purpose) => void;
}

function rig(truth: readonly Row[], limits: SpanLimits, faults: Faults = {}) {
  const asked: { range: Range; purpose: Purpose }[] = [];
  const real = systemClock();
  const clock = { ...real, setTimeout: (run: () => void) => real.setTimeout(run, 0) };
  const parts = {
    memory: new RangeMemory(),
    agreements: new Agreements(),
    numbers: new BackfillNumbers(new Metrics()),
    clock,
  };
  const c = {
    parts,
    account: { account: 'one', nowUs: async () => faults.nowUs ?? Number.MAX_SAFE_INTEGER },
    signal: new AbortController().signal,
  } as unknown as SyncContext;
  const read = async (range: Range, purpose: Purpose): Promise<HistoryAnswer<Row>> => {
    asked.push({ range, purpose });
    faults.onAsked?.(purpose);
    if (range.toUs - range.fromUs > (faults.mostUs ?? Number.POSITIVE_INFINITY)) {
      throw Object.assign(new Error('slow'), { code: 'FXSOCKET_TERMINAL_TIMEOUT', kind: 'transient' });
    }
    let rows = truth.filter(({ at }) => at >= range.fromUs && at < range.toUs);
    // Each answer shows more than the one before: two that agree while rows are missing could not be told from the truth.
    const missing = (faults.growsFor ?? 0) - asked.length;
    if (missing > 0 && rows.length > missing) rows = rows.slice(missing);
    const { cap } = faults;
    if (cap !== undefined) rows = faults.keeps === 'newest' ? rows.slice(-cap) : rows.slice(0, cap);
    return {
      range,
      rows,
      beside: [],
      size: rows.length,
      rejected: [],
      incomplete: [],
      ambiguous: [],
      openFromUs: null,
      anchored: null,
    };
  };
  const source: HistorySource<Row> = {
    what: 'rows',
    memoryKey: 'm',
    streamKey: 's',
    route: '/Rows',
    limits,
    atUs: (row) => row.at,
    idOf: (row) => row.id,
    headIsTight: (fromUs, firstUs) => fromUs === firstUs,
    tailIsTight: (lastUs, toUs) => limits.rowUs !== null && toUs - lastUs <= limits.rowUs,
    read,
  };
  const all = async (range: Range): Promise<Row[]> => {
    const found: Row[] = [];
    for await (const page of fetchPages(c, source, range)) found.push(...page.rows);
    return found;
  };
  return { all, asked };
}

const DENSE: SpanLimits = { startUs: 4000, minUs: 20, maxUs: 50_000, rowUs: 1 };
const SPARSE: SpanLimits = { startUs: 4000, minUs: 20, maxUs: 50_000, rowUs: null };
const rowsAt = (times: readonly number[]): Row[] => times.map((at, id) => ({ id, at }));

test('whatever is cut, slow or still growing, the pages are the whole truth, once and in order', async () => {
  const faults = fc.record(
    {
      cap: fc.constantFrom(50, 100, 150, 1000, 1001, 1234),
      keeps: fc.constantFrom('oldest' as const, 'newest' as const),
      mostUs: fc.integer({ min: 60, max: 6000 }),
      growsFor: fc.integer({ min: 0, max: 3 }),
    },
    { requiredKeys: [] },
  );
  const times = fc
    .uniqueArray(fc.tuple(fc.nat(40), fc.integer({ min: 1, max: 400 })), { maxLength: 8 })
    .map((runs) => [
      ...new Set(runs.flatMap(([start, n]) => Array.from({ length: n }, (_, i) => start * 200 + i))),
    ]);
  await fc.assert(
    fc.asyncProperty(times, faults, fc.integer({ min: 1, max: 9000 }), async (list, fault, toUs) => {
      const truth = rowsAt(list.toSorted((a, b) => a - b));
      const { all } = rig(truth, DENSE, fault);
      const range = { fromUs: 0, toUs };
      expect(await all(range)).toEqual(truth.filter(({ at }) => at < toUs));
    }),
    { numRuns: 150, verbose: true },
  );
});

test('a cap that leaves out the very first row is seen', async () => {
  const truth = rowsAt(Array.from({ length: 200 }, (_, i) => i));
  const { all } = rig(truth, DENSE, { cap: 100, keeps: 'newest' });
  expect(await all({ fromUs: 0, toUs: 200 })).toEqual(truth);
});

test.each([
  // They came meanwhile.
  ['now', 1_000_000_000],
  // The answer was cut.
  ['long ago', 9_000_000_000_000],
])('rows of %s that an edge finds beside an answer', async (when, nowUs) => {
  const at = 990_000_000;
  const truth: Row[] = [
    { id: 0, at },
    { id: 1, at: at + 5 },
  ];
  const onAsked = (purpose: Purpose): void => {
    if (purpose === 'edge' && truth.length === 2) truth.push({ id: 2, at: at + 9 });
  };
  const limits = { startUs: 1000, minUs: 20, maxUs: 1000, rowUs: null };
  const { all } = rig(truth, limits, { nowUs, onAsked });
  const range = { fromUs: at - 500, toUs: at + 500 };
  // The second answer of the same size is doubted, and its edge shows what came meanwhile.
  for (let i = 0; i < 2; i++) await all(range);
  expect(truth).toHaveLength(3);
  truth.push({ id: 3, at: 900_000_000 }, { id: 4, at: 900_000_000 });
  const moment = all({ fromUs: 900_000_000, toUs: 900_000_001 });
  if (when === 'now') expect(await moment).toHaveLength(2);
  else await expect(moment).rejects.toMatchObject({ code: 'HISTORY_CUT_WITHIN_MOMENT' });
});

test('rows that share a moment are kept, as many as an answer can show', async () => {
  const truth = rowsAt([
    ...Array.from({ length: 40 }, () => 10),
    ...Array.from({ length: 500 }, (_, i) => 11 + i),
  ]);
  const { all } = rig(truth, SPARSE, { cap: 50 });
  expect(await all({ fromUs: 0, toUs: 3000 })).toEqual(truth);
});

test.each(['oldest', 'newest'] as const)(
  'a cap below the rows of one moment, keeping the %s, is an error and never the end',
  async (keeps) => {
    const truth = rowsAt([1, ...Array.from({ length: 51 }, () => 10), 11]);
    const { all } = rig(truth, SPARSE, { cap: 50, keeps });
    await expect(all({ fromUs: 0, toUs: 3000 })).rejects.toMatchObject({ code: 'HISTORY_CUT_WITHIN_MOMENT' });
  },
);

test('a range that is too much at its shortest is an error that says so', async () => {
  const { all } = rig(rowsAt([1, 2, 3]), DENSE, { mostUs: 5 });
  await expect(all({ fromUs: 0, toUs: 3000 })).rejects.toMatchObject({
    code: 'HISTORY_TOO_SLOW',
    kind: 'transient',
  });
});

test('an answer that grows for long is not waited for inside the job', async () => {
  const { all } = rig(rowsAt(Array.from({ length: 900 }, (_, i) => i)), DENSE, { growsFor: 20 });
  await expect(all({ fromUs: 0, toUs: 1000 })).rejects.toBeInstanceOf(ComeAgain);
});

test('without faults each page is asked for once, but for the first, which has to agree with itself', async () => {
  const truth = rowsAt(Array.from({ length: 30_000 }, (_, i) => i));
  const { all, asked } = rig(truth, DENSE);
  expect(await all({ fromUs: 0, toUs: 30_000 })).toEqual(truth);
  expect(asked.map(({ purpose }) => purpose)).toEqual(['read', 'agreement', 'read', 'read', 'read']);
});

test('an empty page is believed when it is said twice', async () => {
  const { all, asked } = rig([], DENSE);
  expect(await all({ fromUs: 0, toUs: 8000 })).toEqual([]);
  expect(asked.map(({ purpose }) => purpose)).toEqual(['read', 'agreement', 'read', 'agreement']);
});
