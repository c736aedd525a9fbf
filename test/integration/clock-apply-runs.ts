// Corrections of what `clock-apply-rig` recorded, in this process. In: the right rule. Out: corrected tables, or what would be done.
import { ApplyJournal, type ApplyOptions, ClockApply, measure, serverClocks } from '@fxtape/cli/clock-apply';
import { type ClockRule, parseClockRule } from '@fxtape/market';
import { asObjects, HistoryReader, isSqlCorrected } from '@fxtape/questdb';
import { expect } from 'vitest';
import { clock, FROM, http, log, record, stored, TO } from './clock-apply-rig.ts';

const DAY = 86_400_000;

const configured = (rule: ClockRule, replayed: boolean) => [
  { name: 'icm', clock: { rule: rule.id, replayed } },
];

/** A run of a data folder; `onStep` is waited for. */
export const applyOf = (
  o: Partial<Pick<ApplyOptions, 'clock' | 'http' | 'onStep' | 'owner'>> = {},
): ClockApply => {
  const journal = new ApplyJournal({ http, clock: o.clock ?? clock });
  return new ClockApply({ http, journal, owner: 'test', clock, log, reachMs: 0, quietMs: 100, ...o });
};

/** Whether a correction is under way and not at its end. */
export const isUnfinished = async (): Promise<boolean> => {
  const step = (await new ApplyJournal({ http, clock }).steps()).at(-1)?.step;
  return step === 'begun' || step === 'paused';
};

/** What a correction to this rule would do. */
export const plan = async (right: ClockRule, replayed = false) => {
  const { leftAlone, servers } = await serverClocks({
    configured: configured(right, replayed),
    reader: new HistoryReader({ http, clock }),
    http,
  });
  const measured = await measure({ http, clock, servers });
  const affected = measured.tables.filter(({ affected: n, leftOut }) => n + leftOut > 0);
  const tables = affected.flatMap(({ table }) => (isSqlCorrected(table) ? [table] : []));
  return { affected, leftAlone, measured, servers, tables };
};

/** Corrects what stands in the tables, in this process. */
export async function correctTo(
  right: ClockRule,
  replayed = false,
  onStep: (step: string) => void | Promise<void> = () => {},
) {
  const apply = applyOf({ onStep });
  const { measured, servers, tables: affected } = await plan(right, replayed);
  const state = await apply.begin(servers, affected);
  await apply.run(state);
  return { measured, state };
}

/** Everything stands as it should. */
export const expectStored = async (expected: Map<string, string[]>): Promise<void> => {
  const now = await stored();
  for (const [table, rows] of expected) expect(now.get(table), table).toEqual(rows.toSorted());
};

export const MOVED = 'Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h';

/** Everything that was written under one rule stands as if the other had read it, and a second correction finds nothing. */
export async function correctedFromTo(from: string, to: string): Promise<void> {
  const [wrong, right] = [parseClockRule(from), parseClockRule(to)];
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`  seed ${seed}\n`);
  const expected = await record(wrong, right, seed);
  const { measured } = await correctTo(right);
  expect(measured.tables.find(({ table }) => table === 'ticks')?.affected).toBeGreaterThan(0);
  await expectStored(expected);
  // Claims name the new rule, and no claim holds an hour that rows were left out of.
  const claims = asObjects(await http.exec('SELECT DISTINCT rule_id FROM coverage'));
  expect(claims).toEqual([{ rule_id: right.id }]);
  const [claimed] = (
    await http.exec("SELECT sum(cast(ts_to as long) - cast(ts as long)) FROM coverage WHERE stream = 'deals'")
  ).dataset;
  expect(Number(claimed?.[0])).toBeGreaterThan((TO - FROM - 7 * DAY) * 1000);
  const overlapping = asObjects(
    await http.exec(
      `SELECT count() n FROM (SELECT ts_from, ts_to, stream FROM gaps WHERE cause = 'refused') g JOIN coverage c ON g.stream = c.stream WHERE c.ts < g.ts_to AND c.ts_to > g.ts_from AND c.stream = 'deals'`,
    ),
  );
  expect(Number(overlapping[0]?.['n'])).toBe(0);
  expect((await plan(right)).affected).toEqual([]);
}

export const [WRONG, RIGHT] = [parseClockRule('UTC+2h'), parseClockRule('Europe/Athens')];
/** In summer the two differ by an hour. */
export const SUMMER = Date.UTC(2026, 6, 1) * 1000;
export const HOUR_US = 3_600_000_000;

/** A correction that is killed before a step: nothing of it goes on. */
export async function beginKilledAt(step: string) {
  const reached = Promise.withResolvers<void>();
  const apply = applyOf({
    onStep: (said) => {
      if (said !== step) return;
      reached.resolve();
      return new Promise<never>(() => {});
    },
  });
  const { servers, tables } = await plan(RIGHT);
  const state = await apply.begin(servers, tables);
  const ended = apply.run(state).then(() => {
    throw new Error(`it never came to "${step}"`);
  });
  await Promise.race([reached.promise, ended]);
  return { state, servers, tables };
}

export const sql = async (statement: string): Promise<unknown[][]> =>
  (await http.exec(statement)).dataset.map((row) => [...row]);

/** A tick of summer that a writer of the wrong rule makes, and where it should stand. */
export const lateTick = (i: number) => {
  const ts = SUMMER + i * 1_000_000;
  const row = {
    feed: 'f',
    symbol: 'LATE',
    ts_recv: ts + i,
    bid: i,
    ask: i,
    source: 'live',
    quality: null,
  };
  return { wrong: { ...row, ts, utc_offset_s: 7200 }, right: [String(ts - HOUR_US), 10_800, i] };
};
export const lateTicks = () =>
  sql("SELECT cast(ts as long), utc_offset_s, bid FROM ticks WHERE symbol = 'LATE' ORDER BY bid");
