// A gateway that gives an account nothing for a while, in every way that it can: the jobs of the account wait, no try is used, nothing is
// written about what they asked for, and all goes on when it is back.
import { backfillHandlers } from '@fxtape/backfill';
import { JobQueues, JobWorkers, type PlannedJob } from '@fxtape/jobs';
import { Metrics } from '@fxtape/ops';
import { until } from '@fxtape/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { BackfillRig, DAY, START } from './backfill-rig.ts';
import { freshPrefix, quietLog } from './jobs-harness.ts';
import { ownQuestDb, ownRedis } from '../own-servers.ts';

let rig: BackfillRig;
const closers: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  rig = await BackfillRig.start({ conf: ownQuestDb().conf, scenario: { history: { days: 60 } } });
});
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});
afterAll(() => rig.close());

const DAYS = 12;

/** Bars of a few days, one job a day, and the workers that fetch them. */
async function start() {
  const of = await BackfillRig.start({ conf: ownQuestDb().conf, simulator: rig.simulator });
  closers.push(() => of.close({ simulator: false }));
  const prefix = freshPrefix();
  const redisUrl = ownRedis().url;
  const queues = new JobQueues({ redisUrl, log: quietLog(), prefix });
  closers.push(() => queues.close());
  const jobs = Array.from({ length: DAYS }, (_, n): PlannedJob => {
    const fromUs = START - (n + 2) * DAY;
    const stream = { account: of.name, feed: of.feed, symbol: 'EURUSD', timeframe: 'M1' } as const;
    return { name: 'bars', payload: { ...stream, fromUs, toUs: fromUs + DAY, why: 'history' } };
  });
  const metrics = new Metrics();
  const workers = new JobWorkers({
    redisUrl,
    handlers: backfillHandlers(of.parts),
    log: quietLog(),
    prefix,
    metrics,
    timing: { beatMs: 100 },
  });
  closers.push(() => workers.stop());
  const sights = () => queues.look(jobs);
  const settled = async () => (await sights()).every(({ state }) => state === 'done' || state === 'failed');
  const report = async () => (await queues.report()).accounts.find(({ account }) => account === of.name);
  return { of, prefix, queues, jobs, workers, metrics, sights, settled, report };
}

const AWAY: [string, object, string][] = [
  ['401: the key was rotated', { how: 401 }, 'FXSOCKET_UNAUTHORIZED'],
  ['404: the account was unlinked', { how: 404 }, 'FXSOCKET_NOT_FOUND'],
  ['429: a storm, without Retry-After', { how: 429 }, 'FXSOCKET_RATE_LIMITED'],
  ['502: a proxy alone at home', { how: 502 }, 'FXSOCKET_GATEWAY_DOWN'],
  ['connections that are reset', { how: 'reset' }, 'FXSOCKET_'],
];

test.each(AWAY)('%s: jobs wait, nothing is written, all goes on', async (_what, away, code) => {
  const t = await start();
  const { id } = await rig.control.fault('gateway_away', away);
  await t.queues.plan(t.jobs);
  const seen = await until(async () => (await t.report())?.away, {
    what: 'it to be seen',
    deadlineMs: 20_000,
  });
  expect(seen.line).toContain(code);
  expect(seen.endedMs).toBeNull();
  // Long enough for a few holds.
  await until(async () => Date.now() - seen.sinceMs > 4000, { what: 'a few holds', deadlineMs: 10_000 });
  expect((await t.sights()).map(({ state }) => state).filter((s) => s === 'failed' || s === 'done')).toEqual(
    [],
  );
  expect(t.workers.state()[0]?.away).toMatchObject({ endedMs: null });
  expect(await t.metrics.text()).toContain(`fxtape_account_away{account="${t.of.name}"} 1`);
  await rig.control.command('release', { id });
  await until(t.settled, { what: 'all jobs', deadlineMs: 60_000 });
  expect((await t.sights()).every(({ state }) => state === 'done')).toBe(true);
  const report = await t.report();
  expect(report).toMatchObject({ failed: 0, failures: [], waiting: 0, delayed: 0 });
  expect(report?.away?.endedMs).toBeGreaterThan(seen.sinceMs);
  expect(await t.of.rows('gap_events', 'count() n', '1')).toEqual([{ n: '0' }]);
  expect(await t.of.covered('bars', 'EURUSD', 'M1')).toEqual([
    { fromUs: START - (DAYS + 1) * DAY, toUs: START - DAY },
  ]);
  expect(await t.metrics.text()).toMatch(/fxtape_account_away_seconds_total\{[^}]*\} [1-9]/);
});

test('nobody listens: the same', async () => {
  const t = await start();
  await rig.control.command('stop-listening', { ms: 4000 });
  await t.queues.plan(t.jobs);
  const seen = await until(async () => (await t.report())?.away, {
    what: 'it to be seen',
    deadlineMs: 20_000,
  });
  expect(seen.line).toContain('ECONNREFUSED');
  await until(t.settled, { what: 'all jobs', deadlineMs: 60_000 });
  expect((await t.sights()).every(({ state }) => state === 'done')).toBe(true);
  expect(await t.of.rows('gap_events', 'count() n', '1')).toEqual([{ n: '0' }]);
  expect((await t.report())?.failed).toBe(0);
});

test('every history route is refused while the terminal answers for itself: no refusal of a range either', async () => {
  const t = await start();
  const { id } = await rig.control.fault('rest', { path: '/PriceHistory', status: 401, body: {} });
  await t.queues.plan(t.jobs);
  await until(async () => (await t.report())?.away, { what: 'it to be seen', deadlineMs: 20_000 });
  await rig.control.command('release', { id });
  await until(t.settled, { what: 'all jobs', deadlineMs: 60_000 });
  expect(await t.of.rows('gap_events', 'count() n', '1')).toEqual([{ n: '0' }]);
});

test('an account that is left alone is looked for by one request at a time, however many jobs wait', async () => {
  const t = await start();
  const others = new JobWorkers({
    redisUrl: ownRedis().url,
    handlers: backfillHandlers(t.of.parts),
    log: quietLog(),
    prefix: t.prefix,
    timing: { beatMs: 100 },
  });
  closers.push(() => others.stop());
  const [first, ...waiting] = t.jobs as [PlannedJob, ...PlannedJob[]];
  await t.queues.plan([first]);
  await until(async () => (await t.queues.look([first]))[0]?.state === 'done', {
    what: 'the account to be known',
    deadlineMs: 20_000,
  });
  const { id } = await rig.control.fault('gateway_away', { how: 401 });
  closers.push(() => rig.control.command('release', { id }));
  await t.queues.plan(waiting);
  await until(async () => (await t.report())?.away?.alone, {
    what: 'it to be left alone',
    deadlineMs: 20_000,
  });
  await until(async () => t.workers.state()[0]?.away?.alone && others.state()[0]?.away?.alone, {
    what: 'both to know it',
    deadlineMs: 5000,
  });
  await rig.control.resetRequests();
  const sinceMs = Date.now();
  await until(async () => Date.now() - sinceMs > 12_000, { what: 'a few holds', deadlineMs: 20_000 });
  const [asked] = (await rig.control.requests()).accounts;
  const requests = Object.values(asked?.routes ?? {}).reduce((sum, { count }) => sum + count, 0);
  // Holds of 1, 2, 4 and 8 s: at most four are over, and one request each may be on its way when the first learns of it.
  expect(requests).toBeGreaterThan(0);
  expect(requests).toBeLessThanOrEqual(8);
});

test('a job that ends without asking the gateway says nothing about it', async () => {
  const t = await start();
  const [first, ...others] = t.jobs as [PlannedJob, ...PlannedJob[]];
  const done = async (job: PlannedJob): Promise<boolean> => (await t.queues.look([job]))[0]?.state === 'done';
  await t.queues.plan([first]);
  await until(() => done(first), { what: 'the account to be known', deadlineMs: 20_000 });
  const { id } = await rig.control.fault('gateway_away', { how: 402 });
  closers.push(() => rig.control.command('release', { id }));
  await t.queues.plan(others);
  const seen = await until(async () => (await t.report())?.away, {
    what: 'it to be seen',
    deadlineMs: 20_000,
  });
  const ahead = { fromUs: START + 400 * DAY, toUs: START + 401 * DAY };
  const nothing = { ...first, payload: { ...first.payload, ...ahead, why: 'event' } } as PlannedJob;
  await t.queues.plan([nothing]);
  await until(() => done(nothing), { what: 'the job that asks nothing', deadlineMs: 20_000 });
  expect((await t.report())?.away).toMatchObject({ sinceMs: seen.sinceMs, endedMs: null });
});

test('a route that the bridge does not have is no absence of the account', async () => {
  const t = await start();
  const [job] = t.jobs as [PlannedJob];
  const { id } = await rig.control.fault('rest', { path: '/PriceHistory', status: 404, body: 'Not Found' });
  await t.queues.plan([job]);
  await until(async () => (await t.queues.look([job]))[0]?.state === 'failed', {
    what: 'the refusal',
    deadlineMs: 20_000,
  });
  expect(await t.of.rows('gap_events', 'cause, state')).toEqual([{ cause: 'refused', state: 'open' }]);
  expect((await t.report())?.away).toBeNull();
  await rig.control.command('release', { id });
});

test('the evidence of a clock is gathered from a gateway that fails now and then, whatever the seed', async () => {
  const t = await start();
  const seed = Date.now() % 1_000_000;
  process.stdout.write(`clock evidence under random faults: seed ${seed}\n`);
  // Two of five requests meet one of them, and a run asks twenty times and more.
  const { id } = await rig.control.fault('random_faults', { rate: 0.05, slowMs: 200, seed });
  closers.push(() => rig.control.command('release', { id }));
  const range = { fromUs: START - 50 * DAY, toUs: START };
  const job: PlannedJob = {
    name: 'clock',
    payload: { account: t.of.name, symbols: ['EURUSD', 'BTCUSD'], ...range },
  };
  await t.queues.plan([job]);
  const ended = async (): Promise<boolean> => {
    const [sight] = await t.queues.look([job]);
    return sight?.state === 'done' || sight?.state === 'failed';
  };
  await until(ended, { what: 'the evidence', deadlineMs: 55_000 });
  expect((await t.queues.look([job]))[0]?.state).toBe('done');
  const rows = await t.of.rows('clock_evidence', 'symbol, bars', 'ts', "kind = 'edges'");
  expect(rows).toHaveLength(2);
  for (const { bars } of rows) expect(Number(bars)).toBeGreaterThan(500);
});
