// Planner and workers together, over the simulated gateway: everything that is configured ends claimed and equal to the gateway's truth,
// the broker's beginning is learned, and then there is nothing left to plan.
import { AccountContexts, backfillHandlers, backfillParts } from '@fxtape/backfill';
import { JobWorkers } from '@fxtape/jobs';
import { Metrics, systemClock } from '@fxtape/ops';
import {
  AppliedWatch,
  AppliedWriter,
  AuditReader,
  asObjects,
  Reader,
  sqlText,
  TableWriter,
  TradeReader,
} from '@fxtape/questdb';
import { startSimulator } from '@fxtape/simulator';
import { GatewayControl, drawnLife, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { quietLog } from '../integration/jobs-harness.ts';
import { accountId, schedulerRig } from '../integration/scheduler-harness.ts';
import { ownQuestDb, ownRedis } from '../own-servers.ts';

const clock = systemClock();
const DAY_US = 86_400_000_000;

test('bars to every depth, deals and positions end complete and exact, and the plan comes to rest', async () => {
  const simulator = await startSimulator(
    {
      life: drawnLife(),
      accounts: [{ id: accountId(0), nickname: 'eval-0', login: 1000 }],
      source: { kind: 'market', ticksPerSecond: 10, symbols: ['BTCUSD', 'EURUSD'] },
      ledger: 'counts',
      history: { days: 400, trader: { dealsPerDay: 6, days: 100 } },
    },
    { controlAddr: '127.0.0.1:0' },
  );
  const control = new GatewayControl(`http://${simulator.controlAddr}`);
  const gateway = `http://${simulator.addr}`;
  const rig = await schedulerRig({
    accounts: `{ name: $, id: ${accountId(0)}, market_data: { symbols: [BTCUSD, EURUSD] }, timeframes: [M1], account_data: [deals, positions], backfill: { bars: { M1: 20d, H1: 120d, D1: all }, ticks: false, deals: all } }`,
    gateway,
    conf: ownQuestDb().conf,
    redisUrl: ownRedis().url,
  });
  const log = quietLog();
  const contexts = new AccountContexts({
    accounts: () =>
      rig.config(
        `{ name: $, id: ${accountId(0)}, market_data: { symbols: [BTCUSD, EURUSD] }, account_data: [deals, positions] }`,
      ).accounts,
    keyOf: () => 'fxs_ro_demo',
    baseUrl: gateway,
    reader: rig.reader,
    clock,
  });
  const tableWriter = new TableWriter({ http: rig.http, log, clock, random: Math.random, commitEveryMs: 20 });
  const parts = backfillParts({
    contexts,
    reader: rig.reader,
    audit: new AuditReader({ http: rig.http, clock }),
    trades: new TradeReader({ http: rig.http, clock }),
    gaps: new Reader({ http: rig.http, clock }),
    writer: new AppliedWriter({ writer: tableWriter, applied: new AppliedWatch({ http: rig.http, clock }) }),
    clock,
    log,
    metrics: new Metrics(),
    // The gateway of this test has everything within a minute.
    checksApartMs: 20_000,
  });
  const workers = new JobWorkers({
    redisUrl: ownRedis().url,
    prefix: rig.name,
    log,
    handlers: backfillHandlers(parts),
  });
  try {
    rig.scheduler.start();
    const sql = async (text: string) => asObjects(await rig.http.exec(text));
    const whole = async () => {
      const [state] = rig.scheduler.state().accounts;
      if (state?.phase !== 'planned') return false;
      const claimed = await rig.reader.coverage(rig.name, { source: 'history', waitMs: 5000 });
      // Summed up: the hour that the broker's clock repeats is left out where it cannot be told apart.
      const reach = (stream: string, symbol: string | null, timeframe: string | null, days: number) =>
        claimed
          .filter(
            (range) => range.stream === stream && range.symbol === symbol && range.timeframe === timeframe,
          )
          .reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0) >=
        days * DAY_US;
      const bars = ['BTCUSD', 'EURUSD'].every(
        (symbol) =>
          reach('bars', symbol, 'M1', 19.9) &&
          reach('bars', symbol, 'H1', 119.9) &&
          reach('bars', symbol, 'D1', 390),
      );
      const limits = await rig.reader.historyLimits(rig.name, { waitMs: 5000 });
      const learned = new Set(limits.map((row) => `${row.stream} ${row.symbol} ${row.timeframe}`));
      return (
        bars && reach('deals', null, null, 99) && reach('positions', null, null, 90) && learned.size >= 4
      );
    };
    await until(whole, {
      what: 'everything to be claimed',
      deadlineMs: 240_000,
      everyMs: 1000,
      retryErrors: true,
    });
    const fromUs = Math.ceil((clock.nowUs() - 19 * DAY_US) / DAY_US) * DAY_US;
    const toUs = fromUs + 18 * DAY_US;
    const iso = (us: number): string => new Date(us / 1000).toISOString();
    for (const symbol of ['BTCUSD', 'EURUSD']) {
      const truth = await control.truthBars({ symbol, timeframe: 'M1', from: iso(fromUs), to: iso(toUs) });
      const bars = await sql(
        `SELECT cast(ts as long) us, open, high, low, close FROM bars WHERE feed = ${sqlText(rig.name)} AND symbol = '${symbol}' AND timeframe = 'M1'
          AND ts >= '${iso(fromUs)}' AND ts < '${iso(toUs)}' ORDER BY ts`,
      );
      expect(truth.length).toBeGreaterThan(1000);
      expect(bars).toEqual(
        truth.map((bar) => ({
          us: String(bar.utcMs * 1000),
          open: bar.open,
          high: bar.high,
          low: bar.low,
          close: bar.close,
        })),
      );
    }
    // Claimed is everything but the newest minutes and the hour that cannot be told apart.
    const claimed = (await rig.reader.coverage(rig.name, { source: 'history', waitMs: 5000 })).filter(
      ({ stream }) => stream === 'deals',
    );
    const isClaimed = (us: number): boolean => claimed.some((range) => range.fromUs <= us && us < range.toUs);
    const deals = (await control.truthDeals(accountId(0))).filter(({ utcMs }) => isClaimed(utcMs * 1000));
    const stored = await sql(
      `SELECT deal_id, cast(ts as long) us FROM deals WHERE account = ${sqlText(rig.name)} ORDER BY ts`,
    );
    const ids = stored.flatMap((row) => (isClaimed(Number(row['us'])) ? String(row['deal_id']) : []));
    expect(deals.length).toBeGreaterThan(400);
    expect(new Set(ids).size).toBe(ids.length);
    expect(new Set(ids)).toEqual(new Set(deals.map(({ ticket }) => String(ticket))));

    // Nothing but the newest minutes is left, and the rare re-read.
    await until(async () => (await rig.queues.standing(rig.name)).length === 0, {
      what: 'an empty queue',
      deadlineMs: 60_000,
    });
    rig.scheduler.reconfigure(
      rig.config(
        `{ name: $, id: ${accountId(0)}, market_data: { symbols: [BTCUSD, EURUSD] }, timeframes: [M1], account_data: [deals, positions], backfill: { bars: { M1: 20d, H1: 120d, D1: all }, ticks: false, deals: all } }`,
      ),
    );
    const before = rig.scheduler.state().accounts[0]?.plannedAt;
    const next = () => {
      const [state] = rig.scheduler.state().accounts;
      return state?.plannedAt !== before && state?.phase === 'planned' && state;
    };
    const rest = await until(next, { what: 'another plan', deadlineMs: 20_000 });
    expect(rest.missing.filter(({ seconds }) => seconds >= 1800)).toEqual([]);
    expect(rest.added).toBeLessThanOrEqual(8);
  } finally {
    await workers.stop();
    await rig.close();
    tableWriter.close();
    await contexts.close();
    await simulator.close();
  }
}, 400_000);
