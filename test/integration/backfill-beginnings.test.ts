// Where the history of an account begins: believed only from a terminal that is ready, from answers well apart, and never for good. What is
// known costs one request.
import { until } from '@fxtape/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { BackfillRig, DAY, HOUR, START } from './backfill-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

const MINUTE = 60_000_000;
let traded: BackfillRig['simulator'];
let idle: BackfillRig['simulator'];
let rig: BackfillRig;

beforeAll(async () => {
  const conf = ownQuestDb().conf;
  const a = await BackfillRig.start({
    conf,
    scenario: { history: { days: 400, trader: { dealsPerDay: 10, days: 300 } } },
  });
  const b = await BackfillRig.start({ conf });
  [traded, idle] = [a.simulator, b.simulator];
  await a.close({ simulator: false });
  await b.close({ simulator: false });
});
afterAll(async () => {
  await traded.close();
  await idle.close();
});

const of = async (simulator: BackfillRig['simulator']): Promise<void> => {
  rig = await BackfillRig.start({ conf: ownQuestDb().conf, simulator });
};
beforeEach(() => of(traded));
afterEach(async () => {
  await rig.control.command('release', {});
  await rig.close({ simulator: false });
});

const MONTH = { fromUs: START - 30 * DAY, toUs: START - HOUR };
const truth = async (fromUs: number, toUs: number): Promise<string[]> =>
  (await rig.control.truthDeals())
    .filter(({ utcMs }) => utcMs * 1000 >= fromUs && utcMs * 1000 < toUs)
    .map(({ ticket }) => String(ticket))
    .toSorted();
const stored = async (): Promise<string[]> =>
  (await rig.rows('deals', 'deal_id', 'deal_id')).map((row) => String(row['deal_id'])).toSorted();
const limits = () => rig.rows('history_limits', 'cast(ts_earliest as long) us, stream, evidence', 'ts');
const looks = () => rig.asked.filter((kind) => kind.includes('/status') || kind.includes('beginning')).length;

test('a terminal that is not ready is never believed, however long it is empty', async () => {
  const { id } = await rig.control.fault('history_empty', {});
  const job = rig.deals(MONTH.fromUs, MONTH.toUs);
  const asked = (): boolean => rig.asked.filter((kind) => kind.includes('/status')).length > 20;
  await until(asked, { what: 'many looks', deadlineMs: 60_000 });
  expect([await rig.covered('deals'), await limits()]).toEqual([[], []]);
  await rig.control.command('release', { id });
  await job;
  expect(await stored()).toEqual(await truth(MONTH.fromUs, MONTH.toUs));
  expect(await rig.covered('deals')).toEqual([MONTH]);
  expect(await limits()).toEqual([]);
});

test('one that says it is ready is doubted for a while where it knows no deal at all', async () => {
  const { id } = await rig.control.fault('history_empty', { synced: true });
  const job = rig.deals(MONTH.fromUs, MONTH.toUs);
  // Two looks that were enough elsewhere.
  await until(() => looks() >= 3, { what: 'three looks', deadlineMs: 20_000 });
  await rig.control.command('release', { id });
  await job;
  expect(await stored()).toEqual(await truth(MONTH.fromUs, MONTH.toUs));
  expect(await limits()).toEqual([]);
});

test('a beginning that was wrong is withdrawn when something older is found', async () => {
  const { id } = await rig.control.fault('history_empty', { synced: true });
  await rig.deals(MONTH.fromUs, MONTH.toUs);
  const [learned] = await limits();
  expect(learned).toMatchObject({ us: String(MONTH.fromUs), stream: 'deals' });
  expect(learned?.['evidence']).toContain('"rows":"none","looks":1');
  expect(await rig.covered('deals')).toEqual([MONTH]);
  await rig.control.command('release', { id });
  const before = { fromUs: MONTH.fromUs - 30 * DAY, toUs: MONTH.fromUs };
  await rig.run('deals', { account: rig.name, ...before, why: 'reread' });
  const [, withdrawn, ...more] = await limits();
  expect(more).toEqual([]);
  // What was claimed under it is planned to be read again.
  expect(withdrawn).toMatchObject({ us: null });
  expect(withdrawn?.['evidence']).toContain('"looks":0');
  expect(await stored()).toEqual(await truth(before.fromUs, before.toUs));
});

test('the same beginning found again is told when that was due, and only then', async () => {
  const [deposit] = await rig.control.truthDeals();
  const us = (deposit?.utcMs ?? 0) * 1000;
  const key = { account: rig.name, feed: null, symbol: null, stream: 'deals', timeframe: null };
  const evidence = '{"rows":"after","looks":1}';
  const ts = rig.parts.clock.nowUs() - DAY - HOUR;
  await rig.parts.writer.write(
    { history_limits: [{ ts, ...key, ts_earliest: us, evidence }] },
    { signal: AbortSignal.timeout(30_000) },
  );
  const before = { fromUs: us - 30 * DAY, toUs: us - DAY };
  const job = { account: rig.name, ...before, why: 'reread' } as const;
  await rig.run('deals', job);
  await rig.run('deals', job);
  const [, again, ...more] = await limits();
  expect(more).toEqual([]);
  expect(again).toMatchObject({ us: String(us) });
  expect(again?.['evidence']).toContain('"looks":2');
});

test('what is known costs one request and no row: a deal before, or that there never was one', async () => {
  await rig.deals(START - 3 * DAY, START - 20 * MINUTE);
  const quiet = { fromUs: START - 20 * MINUTE, toUs: START - 15 * MINUTE };
  const asked = rig.asked.length;
  const before = await rig.transactions('deals', 'deal_revisions', 'history_limits');
  await rig.deals(quiet.fromUs, quiet.toUs);
  expect(rig.asked.slice(asked)).toEqual(['/OrderHistory read']);
  expect(await rig.transactions('deals', 'deal_revisions', 'history_limits')).toEqual(before);
  expect((await rig.covered('deals'))[0]?.toUs).toBe(quiet.toUs);
  await rig.close({ simulator: false });

  await of(idle);
  const of5 = (n: number) => ({
    account: rig.name,
    fromUs: START - (40 - 5 * n) * MINUTE,
    toUs: START - (35 - 5 * n) * MINUTE,
    why: 'history' as const,
  });
  await rig.run('positions', of5(0));
  expect(await limits()).toHaveLength(1);
  const since = rig.asked.length;
  for (let n = 1; n < 5; n += 1) await rig.run('positions', of5(n));
  expect(rig.asked.slice(since)).toEqual(Array.from({ length: 4 }, () => '/PositionHistory read'));
  expect(await limits()).toHaveLength(1);
  expect(await rig.covered('positions')).toEqual([{ fromUs: of5(0).fromUs, toUs: of5(4).toUs }]);
});

test('a terminal that has forgotten a deal that is known claims nothing until it remembers', async () => {
  await rig.deals(START - 3 * DAY, START - 20 * MINUTE);
  const [known] = await rig.covered('deals');
  const { id } = await rig.control.fault('history_empty', { synced: true });
  const job = rig.deals(START - 20 * MINUTE, START - 15 * MINUTE);
  await until(() => looks() >= 3, { what: 'three looks', deadlineMs: 20_000 });
  expect(await rig.covered('deals')).toEqual([known]);
  await rig.control.command('release', { id });
  await job;
  expect(await limits()).toEqual([]);
  expect((await rig.covered('deals'))[0]?.toUs).toBe(START - 15 * MINUTE);
});
