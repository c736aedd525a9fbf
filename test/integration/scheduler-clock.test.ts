// What the scheduler does about a clock that nobody configured: history waits for evidence, the first evidence settles it, a broker that
// moves is noticed and said, and every decision stays.
import { parseClockRule, spellEdges, utcMs, weekEdges } from '@fxtape/market';
import { type Simulator, startSimulator } from '@fxtape/simulator';
import { until } from '@fxtape/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { accountId, schedulerRig, type SchedulerRig } from './scheduler-harness.ts';
import { ownQuestDb, ownRedis } from '../own-servers.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const { signal } = new AbortController();
const server = `Clock-${Math.random().toString(36).slice(2)}`;
let gateway: Simulator;
let rig: SchedulerRig | null = null;
beforeAll(async () => {
  gateway = await startSimulator(
    {
      accounts: [{ id: accountId(0), nickname: 'eval-0', login: 1000, server }],
      source: { kind: 'market', ticksPerSecond: 1, symbols: ['EURUSD', 'BTCUSD'] },
      ledger: 'counts',
    },
    { controlAddr: null },
  );
});
afterAll(() => gateway?.close());
afterEach(async () => {
  await rig?.close();
  rig = null;
});

/** Hourly bars of a currency over the last two years on a broker's clock. */
const edgesOf = (clock: string): string => {
  const [rule, newYork] = [parseClockRule(clock), parseClockRule('America/New_York')];
  const now = Math.floor(Date.now() / HOUR) * HOUR;
  const opens = [];
  for (let utc = now - 760 * DAY; utc < now; utc += HOUR) {
    const local = new Date(utc + newYork.offsetAt(utc) * 1000);
    const weekHour = local.getUTCDay() * 24 + local.getUTCHours();
    if (weekHour >= 17 && weekHour < 137) opens.push(rule.toBroker(utcMs(utc)));
  }
  return spellEdges(weekEdges(opens));
};

const evidence = (account: string, clock: string, offsetS: number, ts: number) => {
  const row = { server, account, symbol: null, ts };
  return [
    { ...row, kind: 'ticks', utc_offset_s: offsetS },
    { ...row, kind: 'edges', symbol: 'EURUSD', bars: 12_000, edges: edgesOf(clock) },
  ];
};

test('history waits for evidence, is planned when it comes, and a clock that moved is noticed', async () => {
  const started = await schedulerRig({
    accounts: `{ name: $, id: ${accountId(0)}, market_data: { symbols: [BTCUSD] }, timeframes: [M1], backfill: { bars: { M1: 30d }, ticks: false, deals: 90d } }`,
    gateway: `http://${gateway.addr}`,
    conf: ownQuestDb().conf,
    redisUrl: ownRedis().url,
  });
  rig = started;
  const clock = () => started.scheduler.state().accounts[0]?.clock ?? null;
  const plannedAgain = async () => {
    started.scheduler.reconfigure(
      started.config(
        `{ name: $, id: ${accountId(0)}, market_data: { symbols: [BTCUSD] }, timeframes: [M1], backfill: { bars: { M1: 30d }, ticks: false, deals: 90d } }`,
      ),
    );
  };
  started.scheduler.start();
  await until(() => clock()?.awaitsEvidence === true, { what: 'a first plan', deadlineMs: 30_000 });
  expect([...(await started.standing()).keys()].toSorted()).toEqual(['clock', 'symbol_specs']);
  const [asked] = (await started.standing()).get('clock') ?? [];
  expect(asked?.payload).toMatchObject({ symbols: ['EURUSD', 'BTCUSD'] });

  // A fixed offset of today's size: two years of weeks say that it was always so.
  const offsetS = parseClockRule('UTC+2h').offsetAt(Date.now());
  const firstUs = Date.now() * 1000;
  await started.writer.write(
    { clock_evidence: evidence(started.name, 'UTC+2h', offsetS, firstUs) },
    { signal },
  );
  await plannedAgain();
  await until(() => clock()?.rule === 'UTC+2h', { what: 'the inferred rule', deadlineMs: 30_000 });
  expect(clock()).toMatchObject({ confidence: 'inferred', awaitsEvidence: false, settles: [] });
  const history = async () => (await started.standing()).get('bars')?.length ?? 0;
  await until(async () => (await history()) > 0, { what: 'history', deadlineMs: 20_000 });

  // The broker is seen three and a half hours from UTC: no weeks can confirm that yet, and the old rule is refuted.
  const moved = evidence(started.name, 'UTC+2h', 12_600, firstUs + 1000);
  await started.writer.write({ clock_evidence: moved }, { signal });
  await plannedAgain();
  await until(() => clock()?.confidence === 'provisional', { what: 'the doubt', deadlineMs: 30_000 });
  expect(parseClockRule(clock()?.rule ?? '').offsetAt(Date.now())).toBe(12_600);
  expect(clock()?.settles.length).toBeGreaterThan(0);
  expect(clock()?.awaitsEvidence).toBe(false);
  const rows = await started.reader.clockRules(server, { waitMs: 5000 });
  const decisions = [...Map.groupBy(rows, (row) => row.ts_decided).values()].map((of) => of[0]?.rule_id);
  expect(decisions).toHaveLength(3);
  expect(decisions).toContain('UTC+2h');
  expect(decisions).toContain(clock()?.rule);
}, 120_000);
