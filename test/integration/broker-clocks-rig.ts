// Brokers with clocks of their own, from a cold start: one simulated gateway, a scheduler and workers that know nothing of any of them. The
// whole of it lives on a fixed day, so that the switches of the clocks lie where they lie. Out: what was decided, and the tables held
// against the gateway's truth.
import { AccountContexts, backfillHandlers, backfillParts } from '@fxtape/backfill';
import { JobWorkers, type PlannedJob } from '@fxtape/jobs';
import { parseClockRule, type RowInput } from '@fxtape/market';
import { Metrics, systemClock } from '@fxtape/ops';
import {
  AppliedWatch,
  AppliedWriter,
  asObjects,
  AuditReader,
  Reader,
  sqlText,
  TableWriter,
  TradeReader,
} from '@fxtape/questdb';
import { type ScenarioInput, startSimulator } from '@fxtape/simulator';
import { until } from '@fxtape/testkit';
import { expect } from 'vitest';
import { quietLog } from './jobs-harness.ts';
import { accountId, schedulerRig } from './scheduler-harness.ts';

/** A Wednesday, two and a half weeks after the last switch. */
export const TODAY = Date.UTC(2026, 10, 18, 15);
export const DAY_MS = 86_400_000;
const KEY = 'fxs_ro_demo';
/** All that is compared lies in these two years. */
const YEARS_DAYS = 730;

export interface Broker {
  readonly name: string;
  /** The truth, which nobody but the gateway knows. */
  readonly clockRule: string;
  /** More of its account in the scenario. */
  readonly more?: Partial<NonNullable<ScenarioInput['accounts']>[number]>;
}

export interface BrokerClocks {
  /** Waits until all of the history that is configured is claimed. */
  readonly whole: () => Promise<void>;
  /** The newest decision about a broker's clock, with the rows of its pieces. */
  readonly decided: (broker: Broker) => Promise<RowInput<'clock_rules'>[]>;
  readonly state: (broker: Broker) => { rule: string; confidence: string; settles: readonly string[] } | null;
  /** Reads M1 bars of a range, as somebody would ask for them. */
  readonly minutes: (broker: Broker, symbol: string, ranges: readonly Around[]) => Promise<void>;
  /** Every row of the table has the time and the prices that the gateway's truth has. Returns how many. */
  readonly barsAreExact: (broker: Broker, symbol: string, timeframe: string, of: Around) => Promise<number>;
  readonly dealsAreExact: (broker: Broker) => Promise<number>;
  readonly sql: (text: string) => Promise<Record<string, unknown>[]>;
  readonly close: () => Promise<void>;
}

/** `[fromMs, toMs)` of UTC. */
export interface Around {
  readonly fromMs: number;
  readonly toMs: number;
}

export const twoYears: Around = { fromMs: TODAY - (YEARS_DAYS - 1) * DAY_MS, toMs: TODAY - DAY_MS };

/** A day on either side of each time that any of these rules set its clock within the two years. */
export const aroundSwitches = (rules: readonly string[]): Around[] => {
  const at = rules.flatMap((rule) =>
    parseClockRule(rule)
      .switchesBetween(twoYears.fromMs, twoYears.toMs)
      .map(({ utcMs }) => utcMs),
  );
  return [...new Set(at)].map((utcMs) => ({ fromMs: utcMs - DAY_MS, toMs: utcMs + DAY_MS }));
};

export async function brokerClocks(o: {
  conf: string;
  redisUrl: string;
  brokers: readonly Broker[];
  symbols: readonly string[];
}): Promise<BrokerClocks> {
  const clock = shiftedClock();
  const ids = new Map(o.brokers.map(({ name }, n) => [name, accountId(n)]));
  const simulator = await startSimulator(
    {
      accounts: o.brokers.map(({ clockRule, more, name }, n) => ({
        id: accountId(n),
        nickname: name,
        login: 1000 + n,
        clockRule,
        ...more,
      })),
      source: {
        kind: 'market',
        ticksPerSecond: 20,
        symbols: [...o.symbols],
        startUtc: new Date(TODAY).toISOString(),
      },
      ledger: 'counts',
      holidays: true,
      history: { days: YEARS_DAYS + 90, trader: { dealsPerDay: 3, days: YEARS_DAYS } },
    },
    { controlAddr: null },
  );
  const gateway = `http://${simulator.addr}`;
  const depth = `${YEARS_DAYS}d`;
  const accounts = o.brokers
    .map(
      ({ name }) =>
        `{ name: $-${name}, id: ${ids.get(name)}, market_data: { symbols: [${o.symbols.join(', ')}] }, timeframes: [H1], account_data: [deals], backfill: { bars: { H1: ${depth}, D1: ${depth} }, ticks: false, deals: ${depth} } }`,
    )
    .join('\n');
  const rig = await schedulerRig({ accounts, gateway, conf: o.conf, redisUrl: o.redisUrl, clock });
  const config = rig.config(accounts);
  const log = quietLog();
  const contexts = new AccountContexts({
    accounts: () => config.accounts,
    keyOf: () => KEY,
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
    clockReadingsApartMs: 500,
    checksApartMs: 500,
  });
  const workers = new JobWorkers({
    redisUrl: o.redisUrl,
    prefix: rig.name,
    log,
    handlers: backfillHandlers(parts),
  });
  rig.scheduler.start();

  const accountOf = ({ name }: Broker): string => `${rig.name}-${name}`;
  const sql = async (text: string) => asObjects(await rig.http.exec(text));
  const state = (broker: Broker) =>
    rig.scheduler.state().accounts.find(({ account }) => account === accountOf(broker))?.clock ?? null;
  const claimedDays = async (broker: Broker): Promise<Map<string, number>> => {
    const days = new Map<string, number>();
    for (const range of await rig.reader.coverage(accountOf(broker), { source: 'history', waitMs: 5000 })) {
      const key = [range.stream, range.symbol, range.timeframe].filter((part) => part !== null).join(' ');
      days.set(key, (days.get(key) ?? 0) + (range.toUs - range.fromUs) / 1000 / DAY_MS);
    }
    return days;
  };
  const wanted = [
    'deals',
    ...o.symbols.flatMap((symbol) => ['H1', 'D1'].map((timeframe) => `bars ${symbol} ${timeframe}`)),
  ];

  return {
    sql,
    state,
    async whole() {
      for (const broker of o.brokers) {
        let days = new Map<string, number>();
        await until(
          async () => {
            days = await claimedDays(broker);
            return wanted.every((key) => (days.get(key) ?? 0) >= YEARS_DAYS - 2);
          },
          { what: `the history of ${broker.name}`, deadlineMs: 240_000, everyMs: 500, retryErrors: true },
        ).catch((error: unknown) => {
          const so = JSON.stringify([...days, state(broker), rig.scheduler.reasons()]);
          throw new Error(`${broker.name} is not whole: ${so}`, { cause: error });
        });
      }
    },
    async decided(broker) {
      const [account] = await sql(
        `SELECT server FROM accounts WHERE account = ${sqlText(accountOf(broker))}`,
      );
      const rows = await rig.reader.clockRules(String(account?.['server']), { waitMs: 5000 });
      const newest = Math.max(...rows.map((row) => row.ts_decided));
      return rows.filter((row) => row.ts_decided === newest);
    },
    async minutes(broker, symbol, ranges) {
      const jobs = ranges.map(
        ({ fromMs, toMs }): PlannedJob => ({
          name: 'bars',
          payload: {
            account: accountOf(broker),
            feed: accountOf(broker),
            symbol,
            timeframe: 'M1',
            fromUs: fromMs * 1000,
            toUs: toMs * 1000,
            why: 'request',
          },
        }),
      );
      await rig.queues.plan(jobs);
      await until(async () => (await rig.queues.look(jobs)).every((sight) => sight.state === 'done'), {
        what: `M1 of ${broker.name}`,
        deadlineMs: 120_000,
        everyMs: 200,
      });
    },
    async barsAreExact(broker, symbol, timeframe, { fromMs, toMs }) {
      const of = { symbol, timeframe: timeframe as 'H1', account: ids.get(broker.name) };
      const truth = [...simulator.truthBars({ ...of, fromUtcMs: fromMs, toUtcMs: toMs })];
      const stored = await sql(
        `SELECT cast(ts as long) us, open, close, utc_offset_s FROM bars
          WHERE feed = ${sqlText(accountOf(broker))} AND symbol = '${symbol}' AND timeframe = '${timeframe}'
          AND ts >= ${fromMs * 1000} AND ts < ${toMs * 1000} ORDER BY ts`,
      );
      const what = `${broker.name} ${symbol} ${timeframe}`;
      const told = (ms: number, open: unknown, close: unknown, offsetS: unknown): string =>
        `${what} ${new Date(ms).toISOString()} ${String(open)} ${String(close)} ${String(offsetS)}`;
      expect(
        stored.map((row) => told(Number(row['us']) / 1000, row['open'], row['close'], row['utc_offset_s'])),
      ).toEqual(truth.map((bar) => told(bar.utcMs, bar.open, bar.close, (bar.brokerMs - bar.utcMs) / 1000)));
      expect(truth.length, what).toBeGreaterThan(0);
      return truth.length;
    },
    async dealsAreExact(broker) {
      const truth = (await simulator.truthDeals(ids.get(broker.name))).filter(
        ({ utcMs }) => (utcMs as number) >= twoYears.fromMs && (utcMs as number) < twoYears.toMs,
      );
      const stored = await sql(
        `SELECT cast(ts as long) us, cast(deal_id as varchar) id FROM deals WHERE account = ${sqlText(accountOf(broker))}
          AND ts >= ${twoYears.fromMs * 1000} AND ts < ${twoYears.toMs * 1000}`,
      );
      const told = (id: unknown, us: number): string =>
        `${broker.name} ${String(id)} ${new Date(us / 1000).toISOString()}`;
      // The wire tells whole seconds or milliseconds of a deal; the table has what it told.
      expect(stored.map((row) => told(row['id'], Number(row['us']))).toSorted()).toEqual(
        truth.map((deal) => told(deal['ticket'], (deal['utcMs'] as number) * 1000)).toSorted(),
      );
      return truth.length;
    },
    async close() {
      await workers.stop();
      await rig.close();
      await contexts.close();
      tableWriter.close();
      await simulator.close();
    },
  };
}

/** The machine's clock on the fixed day. */
const shiftedClock = () => {
  const startMs = performance.now();
  return systemClock({
    wallMs: () => TODAY + Math.floor(performance.now() - startMs),
    monoMs: () => performance.now(),
  });
};
