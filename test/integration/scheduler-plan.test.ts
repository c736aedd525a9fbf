// The scheduler against real stores and a simulated gateway: what it writes down, what it plans, and that several of it do no harm.
import { systemClock } from '@fxtape/ops';
import { AuditReader, PlanningReader, TradeReader } from '@fxtape/questdb';
import { type PlannedJob, readPlanNote } from '@fxtape/jobs';
import { AccountPlanner } from '@fxtape/scheduler';
import type { Simulator } from '@fxtape/simulator';
import { until } from '@fxtape/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { quietLog } from './jobs-harness.ts';
import { accountId, schedulerRig, type SchedulerRig, startGateway } from './scheduler-harness.ts';
import { ownQuestDb, ownRedis } from '../own-servers.ts';

const DAY_US = 86_400_000_000;
const clock = systemClock();
const { signal } = new AbortController();
let gateway: Simulator;
let rigs: SchedulerRig[] = [];
beforeAll(async () => {
  gateway = await startGateway(2);
});
afterAll(() => gateway?.close());
afterEach(async () => {
  await Promise.all(rigs.map((rig) => rig.close()));
  rigs = [];
});

const rigOf = async (accounts: string): Promise<SchedulerRig> => {
  const rig = await schedulerRig({
    accounts,
    gateway: `http://${gateway.addr}`,
    conf: ownQuestDb().conf,
    redisUrl: ownRedis().url,
  });
  rigs.push(rig);
  return rig;
};
/** Its clock is configured, so that nothing waits for evidence; `clock: auto` is what scheduler-clock.test.ts is about. */
const entry = (o: { n?: number; name?: string; symbols?: string; more?: string } = {}): string =>
  `{ name: ${o.name ?? '$'}, id: ${accountId(o.n ?? 0)}, clock: America/New_York+7h, market_data: { symbols: [${o.symbols ?? 'BTCUSD, ETHUSD'}] }, timeframes: [M1], ${o.more ?? 'backfill: { bars: { M1: 30d }, ticks: false, deals: 90d }'} }`;

const planned = (rig: SchedulerRig, account = rig.name) =>
  until(
    () => rig.scheduler.state().accounts.find((one) => one.account === account && one.phase === 'planned'),
    { what: `a plan of ${account}: ${JSON.stringify(rig.scheduler.state())}`, deadlineMs: 30_000 },
  );
const ranges = (jobs: readonly PlannedJob[] | undefined, symbol?: string) =>
  (jobs ?? [])
    .map(({ payload }) => payload as { fromUs: number; toUs: number; symbol?: string })
    .filter((payload) => symbol === undefined || payload.symbol === symbol)
    .map(({ fromUs, toUs }) => [fromUs, toUs])
    .toSorted((a, b) => (a[0] as number) - (b[0] as number));
const compareText = (a: string, b: string): number => (a < b ? -1 : 1);
const covered = (rig: SchedulerRig, symbol: string, fromUs: number, toUs: number) => ({
  ts: fromUs,
  account: rig.name,
  feed: rig.name,
  symbol,
  stream: 'bars',
  timeframe: 'M1',
  range_id: 'history',
  ts_to: toUs,
  source: 'history',
  rows: 1,
  rule_id: 'America/New_York+7h',
});

test('a first plan says who the account is, what is configured and which clock holds, and fills the queue', async () => {
  const rig = await rigOf(entry({ symbols: 'BTCUSD, "ETH*", NOPE' }));
  rig.scheduler.start();
  await planned(rig);
  const accounts = (await rig.reader.accounts({ waitMs: 5000 })).filter((row) => row.account === rig.name);
  expect(accounts).toMatchObject([{ account_id: accountId(0), server: 'Simulated-Demo', feed: rig.name }]);
  expect(String(accounts[0]?.login)).toBe('1000');
  const streams = await rig.reader.streams(rig.name, { waitMs: 5000 });
  expect(
    streams
      .map((row) => [row.stream, row.symbol, row.timeframe].filter(Boolean).join(' '))
      .toSorted(compareText),
  ).toEqual([
    'account',
    'bars BTCUSD M1',
    'bars ETHUSD M1',
    'bars NOPE M1',
    'deals',
    'positions',
    'ticks BTCUSD',
    'ticks ETHUSD',
    'ticks NOPE',
  ]);
  const rules = await rig.reader.clockRules('Simulated-Demo', { waitMs: 5000 });
  expect(rules.at(-1)).toMatchObject({ rule_id: 'America/New_York+7h', confidence: 'configured' });
  const jobs = await rig.standing();
  const span = (symbol: string) => {
    const of = ranges(jobs.get('bars'), symbol);
    return ((of.at(-1)?.[1] ?? 0) - (of[0]?.[0] ?? 0)) / DAY_US;
  };
  expect(Math.round(span('BTCUSD'))).toBe(30);
  expect(Math.round(span('ETHUSD'))).toBe(30);
  expect(ranges(jobs.get('bars'), 'NOPE')).toEqual([]);
  expect(jobs.get('deals')?.length).toBeGreaterThanOrEqual(3);
  expect(jobs.get('symbol_specs')?.length).toBe(2);
  expect(rig.scheduler.state().accounts[0]).toMatchObject({ unlisted: ['NOPE'], symbols: 2 });
  expect(rig.scheduler.reasons()).toEqual([]);
});

test('holes in the middle are planned and nothing else, and a limit that was learned ends the asking before it', async () => {
  const rig = await rigOf(
    entry({ more: 'account_data: false, backfill: { bars: { M1: 400d }, ticks: false }' }),
  );
  const nowUs = clock.nowUs();
  const minute = 60_000_000;
  const hole = [nowUs - 9 * DAY_US, nowUs - 9 * DAY_US + 90 * minute].map(
    (us) => Math.floor(us / minute) * minute,
  );
  const ahead = nowUs + DAY_US;
  const begin = Math.floor((nowUs - 200 * DAY_US) / minute) * minute;
  await rig.writer.write(
    {
      history_limits: [
        {
          ts: nowUs,
          account: rig.name,
          feed: rig.name,
          symbol: 'BTCUSD',
          stream: 'bars',
          timeframe: 'M1',
          ts_earliest: begin,
        },
      ],
      coverage: [
        covered(rig, 'BTCUSD', begin, hole[0] as number),
        covered(rig, 'BTCUSD', hole[1] as number, ahead),
        covered(rig, 'ETHUSD', nowUs - 500 * DAY_US, ahead),
      ],
    },
    { signal },
  );
  rig.scheduler.start();
  await planned(rig);
  const bars = (await rig.standing()).get('bars') ?? [];
  const history = bars.filter((job) => job.name === 'bars' && job.payload.why === 'history');
  expect(ranges(history)).toEqual([hole]);
});

test('an open gap with an end is planned to be healed, once, before history', async () => {
  const rig = await rigOf(entry());
  const nowUs = clock.nowUs();
  const gap = {
    ts: nowUs,
    gap_id: `${rig.name}-gap`,
    writer: 'collector',
    outage_id: 'o',
    account: rig.name,
    feed: rig.name,
    symbol: 'BTCUSD',
    stream: 'ticks',
    event: 'ended',
    ts_from: nowUs - 3_600_000_000,
    ts_to: nowUs - 3_500_000_000,
    cause: 'disconnect',
    state: 'open',
  };
  await rig.writer.write(
    { gap_events: [gap, { ...gap, gap_id: `${rig.name}-open`, ts_to: null, event: 'opened' }] },
    { signal },
  );
  rig.scheduler.start();
  await planned(rig);
  const heals = (await rig.standing()).get('heal') ?? [];
  expect(heals.map(({ payload }) => payload)).toEqual([
    expect.objectContaining({
      gapId: `${rig.name}-gap`,
      fromUs: gap.ts_from,
      toUs: gap.ts_to,
      timeframe: null,
    }),
  ]);
});

test('two that plan at once, and a third later, make one set of jobs and one beginning of each stream', async () => {
  const rig = await rigOf(entry());
  const config = rig.config(entry()).accounts[0] as never;
  const planner = () =>
    new AccountPlanner(config, {
      keyOf: () => 'fxs_ro_demo',
      baseUrl: `http://${gateway.addr}`,
      queues: rig.queues,
      readers: {
        history: rig.reader,
        planning: new PlanningReader({ http: rig.http, clock }),
        audit: new AuditReader({ http: rig.http, clock }),
        trades: new TradeReader({ http: rig.http, clock }),
      },
      writer: rig.writer,
      configured: () => new Set([rig.name]),
      clock,
      log: quietLog(),
    });
  const planners = [planner(), planner(), planner()];
  await Promise.all([planners[0]?.plan(signal), planners[1]?.plan(signal)]);
  const first = await rig.standing();
  await planners[2]?.plan(signal);
  expect(planners.map(({ state }) => [state.phase, state.reason])).toEqual(
    planners.map(() => ['planned', null]),
  );
  const third = await rig.standing();
  expect([...third].map(([kind, jobs]) => [kind, jobs.length])).toEqual(
    [...first].map(([kind, jobs]) => [kind, jobs.length]),
  );
  for (const symbol of ['BTCUSD', 'ETHUSD']) {
    const starts = ranges(third.get('bars'), symbol).map(([fromUs]) => fromUs);
    expect(new Set(starts).size).toBe(starts.length);
  }
  const open = (await rig.reader.streams(rig.name, { waitMs: 5000 })).filter(
    (row) => (row.ts_to ?? null) === null,
  );
  const seen = new Set(open.map((row) => `${row.stream} ${row.symbol} ${row.timeframe}`));
  expect(seen.size).toBe(7);
  await Promise.all(planners.map((one) => one.close()));
});

test('one leads and another stands by, until the first one stops', async () => {
  const rig = await rigOf(entry());
  rig.scheduler.start();
  await planned(rig);
  const second = rig.another();
  second.start();
  const jobs = (await rig.queues.standing(rig.name)).length;
  expect(second.state().leading).toBe(false);
  expect(second.reasons()).toEqual([]);
  await rig.scheduler.stop();
  await until(() => second.state().leading && second.state().accounts[0]?.phase === 'planned', {
    what: 'the second one to plan',
    deadlineMs: 20_000,
  });
  expect((await rig.queues.standing(rig.name)).length).toBe(jobs);
});

test('a symbol that is removed ends its streams; an account that is removed ends all of them and its queue', async () => {
  const rig = await rigOf(`${entry()}\n${entry({ n: 1, name: '$-b' })}`);
  rig.scheduler.start();
  await planned(rig);
  await planned(rig, `${rig.name}-b`);
  rig.scheduler.reconfigure(rig.config(entry({ symbols: 'BTCUSD' })));
  const ended = async (account: string) =>
    (await rig.reader.streams(account, { waitMs: 5000 })).flatMap((row) =>
      (row.ts_to ?? null) === null ? [] : (row.symbol ?? '-'),
    );
  await until(async () => (await ended(rig.name)).length === 2, {
    what: 'the streams to end',
    deadlineMs: 20_000,
  });
  expect(await ended(rig.name)).toEqual(['ETHUSD', 'ETHUSD']);
  await until(async () => (await ended(`${rig.name}-b`)).length === 7, {
    what: 'the account to end',
    deadlineMs: 20_000,
  });
  expect(await rig.queues.standing(`${rig.name}-b`)).toEqual([]);
});

test('an account that was renamed while no scheduler ran: the streams of its old name end, those of others do not', async () => {
  const both = (name: string) => `${entry({ name })}\n${entry({ n: 1, name: '$-b' })}`;
  const rig = await rigOf(both('$'));
  rig.scheduler.start();
  await planned(rig);
  await planned(rig, `${rig.name}-b`);
  await rig.scheduler.stop();
  const next = rig.another(rig.config(both('$-new')));
  next.start();
  const open = async (account: string) =>
    (await rig.reader.streams(account, { waitMs: 5000 })).filter((row) => (row.ts_to ?? null) === null);
  await until(async () => (await open(rig.name)).length === 0, {
    what: 'the streams of the old name to end',
    deadlineMs: 60_000,
  });
  const reasons = (await rig.reader.streams(rig.name, { waitMs: 5000 })).map(({ reason }) => reason);
  expect(new Set(reasons)).toEqual(new Set([`the account is recorded as "${rig.name}-new"`]));
  await until(async () => (await open(`${rig.name}-new`)).length > 0, {
    what: 'streams of the new name',
    deadlineMs: 60_000,
  });
  expect((await open(`${rig.name}-b`)).length).toBeGreaterThan(0);
});

test('an account that the gateway does not know does not keep others from being planned', async () => {
  const rig = await rigOf(`${entry({ n: 77, name: '$-lost' })}\n${entry()}`);
  rig.scheduler.start();
  await planned(rig);
  const lost = () => rig.scheduler.state().accounts.find(({ account }) => account.endsWith('-lost'));
  await until(() => lost()?.reason, { what: 'a reason', deadlineMs: 10_000 });
  expect(lost()?.plannedAt).toBeNull();
  expect(rig.scheduler.reasons().join()).toContain('-lost');
});

test('an account name that is bound to another login is refused, and nothing of it is planned', async () => {
  const rig = await rigOf(entry());
  await rig.writer.write(
    { accounts: [{ ts: clock.nowUs() - DAY_US, account: rig.name, login: 4711, server: 'Simulated-Demo' }] },
    { signal },
  );
  rig.scheduler.start();
  const refused = () => rig.scheduler.state().accounts.find(({ phase }) => phase === 'refused');
  const state = await until(refused, { what: 'a refusal', deadlineMs: 20_000 });
  expect(state.reason).toContain('ACCOUNT_MISMATCH');
  expect(await rig.queues.standing(rig.name)).toEqual([]);
});

test('a request is planned at once and answers with its jobs; one for nobody is an error', async () => {
  const rig = await rigOf(entry());
  rig.scheduler.start();
  await planned(rig);
  const fromUs = Date.UTC(2025, 0, 6) * 1000;
  const range = { fromUs, toUs: fromUs + 5 * DAY_US };
  const request = (account: string | null, requestId: string, again = false): PlannedJob => ({
    name: 'plan',
    payload: { requestId, account, symbol: 'BTCUSD', timeframe: 'H1', ...range, again, skip: 0 },
  });
  const job = request(null, 'one');
  await rig.queues.plan([job]);
  const result = await until(() => rig.queues.resultOf(job), { what: 'the plan', deadlineMs: 20_000 });
  const note = readPlanNote(result.note);
  expect(ranges(note?.jobs)).toEqual([[fromUs, fromUs + 5 * DAY_US]]);
  expect(note?.counts.added).toBe(1);
  const sights = await rig.queues.look(note?.jobs ?? []);
  expect(sights.map(({ state }) => state)).toEqual(['waiting']);
  const nobody = request('nobody', 'two');
  await rig.queues.plan([nobody]);
  const failed = async () => (await rig.queues.look([nobody]))[0]?.state === 'failed';
  await until(failed, { what: 'the request to fail', deadlineMs: 10_000 });
  expect((await rig.queues.look([nobody]))[0]?.line).toContain('ACCOUNT_UNKNOWN');
});

test('a request of all accounts is planned for those that can be, and names the others', async () => {
  const gone = accountId(77);
  const other = entry({ name: '$-other' }).replace(accountId(0), gone);
  const rig = await rigOf(`${entry()}\n${other}`);
  rig.scheduler.start();
  await planned(rig);
  const payload = {
    account: null,
    symbol: null,
    timeframe: null,
    fromUs: null,
    toUs: null,
    again: false,
    skip: 0,
  };
  const job: PlannedJob = { name: 'plan', payload: { requestId: 'all', ...payload } };
  await rig.queues.plan([job]);
  const result = await until(() => rig.queues.resultOf(job), { what: 'the plan', deadlineMs: 20_000 });
  const note = readPlanNote(result.note);
  expect(note?.jobs.length).toBeGreaterThan(0);
  expect(note?.jobs.every((each) => each.payload.account === rig.name)).toBe(true);
  expect(note?.failed).toMatchObject([{ account: `${rig.name}-other` }]);
  expect(note?.failed[0]?.line).toMatch(/^FXSOCKET_NOT_FOUND: /);
});

test('a streamed bar is read again by history within seconds, a streamed trade reconciled', async () => {
  const rig = await rigOf(entry());
  rig.scheduler.start();
  await planned(rig);
  const nowUs = clock.nowUs();
  const open = Math.floor(nowUs / 60_000_000) * 60_000_000 - 60_000_000;
  const bar = {
    feed: rig.name,
    symbol: 'BTCUSD',
    timeframe: 'M1',
    open: 1,
    high: 2,
    low: 1,
    close: 2,
    utc_offset_s: 10_800,
  };
  await rig.writer.write(
    {
      bar_events: [{ ...bar, ts: open, ts_recv: nowUs }],
      trade_events: [
        {
          ts: nowUs - 5,
          account: rig.name,
          ts_recv: nowUs,
          deal_id: 9_007_199_254_740_993n,
          symbol: 'BTCUSD',
          type: 'Buy',
          utc_offset_s: 10_800,
        },
      ],
    },
    { signal },
  );
  const events = async () => {
    const jobs = await rig.standing();
    const bars = (jobs.get('bars') ?? []).filter((job) => job.name === 'bars' && job.payload.why === 'event');
    const trades = jobs.get('reconcile') ?? [];
    return bars.length > 0 && trades.length > 0 && { bars, trades };
  };
  const { bars, trades } = await until(events, { what: 'both reads', deadlineMs: 15_000 });
  expect(ranges(bars)).toEqual([[open - 120_000_000, open + 120_000_000]]);
  expect(trades.map(({ payload }) => payload)).toEqual([
    { account: rig.name, fromUs: nowUs - 5, toUs: nowUs - 4, dealIds: ['9007199254740993'], positionIds: [] },
  ]);
});
