// Deals, closed positions, symbols: exact, once, at the time that they had first; what was streamed is found in history or waited for.
import { DEMO_ACCOUNT_ID } from '@fxtape/simulator';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BackfillRig, DAY, HOUR, START } from './backfill-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

const SECOND_ACCOUNT = '1a2b3c4d-6a1b-4c3d-8e5f-7a9b0c1d2e3f';
/** Three months, without the hour of last November that occurs twice on the broker's clock. */
const SEASON = { fromUs: START - 90 * DAY, toUs: START - HOUR };

let rig: BackfillRig;
beforeAll(async () => {
  rig = await BackfillRig.start({
    conf: ownQuestDb().conf,
    scenario: {
      accounts: [{ id: DEMO_ACCOUNT_ID }, { id: SECOND_ACCOUNT, login: 77 }],
      history: { trader: { dealsPerDay: 20, days: 365 } },
    },
  });
});
afterAll(() => rig.close());

const DEAL = `cast(ts as long) us, deal_id, order_id, position_id, symbol, type, entry, volume, price, commission, swap, profit,
  magic, comment`;

const storedDeals = (of: BackfillRig) => of.rows('deals', DEAL, 'deal_id');

const id = (value: number): string | null => (value === 0 ? null : String(value));
const word = (value: string): string | null => (value === '' ? null : value);

/** The gateway's deals as rows of the table, up to where history is claimed. */
async function truth(of: BackfillRig, account = DEMO_ACCOUNT_ID) {
  const deals = await of.control.truthDeals(account);
  return deals
    .filter((deal) => deal.utcMs * 1000 >= SEASON.fromUs && deal.utcMs * 1000 < SEASON.toUs)
    .map((deal) => ({
      us: String(deal.utcMs * 1000),
      deal_id: String(deal.ticket),
      order_id: id(deal.order),
      position_id: id(deal.position),
      symbol: word(deal.symbol),
      type: deal.type,
      entry: word(deal.entry),
      volume: deal.volume,
      price: deal.price,
      commission: deal.commission,
      swap: deal.swap,
      profit: deal.profit,
      magic: String(deal.magic),
      comment: deal.comment,
    }))
    .toSorted((a, b) => Number(a.deal_id) - Number(b.deal_id));
}

test('a season of deals is that of the gateway, once; a re-read writes nothing', async () => {
  const outcome = await rig.deals(SEASON.fromUs, START - HOUR);
  const expected = await truth(rig);
  expect(expected.length).toBeGreaterThan(1000);
  expect(await storedDeals(rig)).toEqual(expected);
  expect(outcome).toMatchObject({ rows: expected.length });
  expect(await rig.count('deal_revisions')).toBe(expected.length);
  expect(await rig.covered('deals')).toEqual([{ fromUs: SEASON.fromUs, toUs: START - HOUR }]);
  const tables = ['deals', 'deal_revisions', 'coverage'];
  const before = await rig.transactions(...tables);
  await rig.deals(START - 7 * DAY, START - HOUR);
  expect(await rig.transactions(...tables)).toEqual(before);
});

test('a claim that another clock rule has read is not grown, and keeps its name', async () => {
  const own = await BackfillRig.start({
    conf: ownQuestDb().conf,
    simulator: rig.simulator,
    accountId: SECOND_ACCOUNT,
  });
  const [from, met, to] = [START - 9 * DAY, START - 5 * DAY, START - HOUR];
  await own.deals(from, met);
  const claims = () =>
    own.rows('coverage', 'cast(ts as long) a, cast(ts_to as long) b, rule_id', 'ts', "stream = 'deals'");
  const [claim] = await claims();
  const deals = { account: own.name, feed: null, symbol: null, stream: 'deals', timeframe: null };
  const other = { ...deals, ts: from, ts_to: met, range_id: 'history', source: 'history', rows: 1 };
  await own.parts.writer.write(
    { coverage: [{ ...other, rule_id: 'UTC+3h' }] },
    { signal: AbortSignal.timeout(30_000) },
  );
  const old = { a: String(from), b: String(met), rule_id: 'UTC+3h' };
  expect(await claims()).toEqual([old]);
  await own.deals(met - DAY, met + DAY);
  await own.deals(met + DAY, to);
  expect(await claims()).toEqual([old, { a: String(met), b: String(to), rule_id: claim?.['rule_id'] }]);
  expect(await own.covered('deals')).toEqual([{ fromUs: from, toUs: to }]);
  await own.close({ simulator: false });
});

test('closed positions are those of the gateway, once; a re-read writes nothing', async () => {
  const range = { account: rig.name, fromUs: SEASON.fromUs, toUs: START - HOUR, why: 'history' } as const;
  await rig.run('positions', range);
  const positions = (await rig.control.truthPositions())
    .filter(({ closeUtcMs }) => closeUtcMs * 1000 >= SEASON.fromUs && closeUtcMs * 1000 < SEASON.toUs)
    .toSorted((a, b) => a.positionId - b.positionId);
  expect(positions.length).toBeGreaterThan(400);
  const stored = await rig.rows(
    'positions',
    'cast(ts as long) a, cast(ts_close as long) b, position_id, symbol, type, volume, price_open, price_close, net_profit',
    'position_id',
  );
  expect(stored).toEqual(
    positions.map((position) => ({
      a: String(position.openUtcMs * 1000),
      b: String(position.closeUtcMs * 1000),
      position_id: String(position.positionId),
      symbol: position.symbol,
      type: position.type,
      volume: position.volume,
      price_open: position.openPrice,
      price_close: position.closePrice,
      net_profit: position.netProfit,
    })),
  );
  const before = await rig.transactions('positions', 'coverage');
  await rig.run('positions', { ...range, why: 'reread' });
  expect(await rig.transactions('positions', 'coverage')).toEqual(before);
});

test('two accounts on one broker each get their own deals', async () => {
  const other = await BackfillRig.start({
    conf: ownQuestDb().conf,
    simulator: rig.simulator,
    accountId: SECOND_ACCOUNT,
  });
  await other.deals(START - 30 * DAY, START - HOUR);
  const mine = (await truth(other, SECOND_ACCOUNT)).filter(({ us }) => Number(us) >= START - 30 * DAY);
  expect(await storedDeals(other)).toEqual(mine);
  expect(mine).not.toEqual((await truth(rig)).filter(({ us }) => Number(us) >= START - 30 * DAY));
  await other.close({ simulator: false });
});

test('a deal that reaches the history late is found by a re-read', async () => {
  const before = await rig.count('deals');
  const late = await rig.control.lateDeal({
    utc: new Date((START - 3 * DAY) / 1000).toISOString(),
    amount: 12.5,
  });
  expect(await rig.count('deals')).toBe(before);
  await rig.deals(START - 7 * DAY, START - HOUR);
  expect(await rig.count('deals')).toBe(before + late.length);
  expect(await storedDeals(rig)).toEqual(await truth(rig));
});

test('a changed deal is a version and keeps its time; a streamed trade alone never is a deal', async () => {
  const deal = (await rig.control.truthDeals()).find(
    ({ entry, utcMs }) => entry === 'In' && utcMs * 1000 > SEASON.fromUs + DAY,
  );
  expect(deal).toBeDefined();
  const { utcMs, ...wire } = deal as NonNullable<typeof deal>;
  const asked = { fromUs: utcMs * 1000 - DAY, toUs: utcMs * 1000 + DAY };
  const moved = wire.time.replace(
    /T\d\d/,
    (hour) => `T${String((Number(hour.slice(1)) + 1) % 24).padStart(2, '0')}`,
  );
  const answer = async (rows: object[]) =>
    (await rig.control.fault('rest', {
      path: '/OrderHistory',
      status: 200,
      body: JSON.stringify(rows),
      ms: 600_000,
    })) as { id: number };
  const fault = await answer([{ ...wire, time: moved, commission: -7 }]);
  await rig.deals(asked.fromUs, asked.toUs);
  await rig.control.command('release', { id: fault.id });
  const where = `deal_id = ${wire.ticket}`;
  const rows = await rig.rows('deals', 'cast(ts as long) us, commission', 'ts', where);
  expect(rows).toEqual([{ us: String(utcMs * 1000), commission: -7 }]);
  await rig.deals(asked.fromUs, asked.toUs);
  const versions = await rig.rows('deal_revisions', 'cast(ts as long) us, commission', 'ts_seen', where);
  expect(versions.map((version) => version['commission'])).toEqual([wire.commission, -7, wire.commission]);
  expect(new Set(versions.map((version) => version['us']))).toEqual(new Set([String(utcMs * 1000)]));
});

test('a streamed trade is reconciled from history, and that claims nothing', async () => {
  const fresh = await BackfillRig.start({ conf: ownQuestDb().conf, simulator: rig.simulator });
  const deals = (await fresh.control.truthDeals()).slice(-2);
  const [a, b] = deals as [(typeof deals)[0], (typeof deals)[0]];
  const range = { fromUs: Math.min(a.utcMs, b.utcMs) * 1000, toUs: Math.max(a.utcMs, b.utcMs) * 1000 + 1000 };
  const dealIds = [String(a.ticket), String(b.ticket), '0'];
  await fresh.run('reconcile', { account: fresh.name, ...range, dealIds, positionIds: [] });
  const ids = (await storedDeals(fresh)).map((row) => row['deal_id']);
  expect(ids).toEqual(expect.arrayContaining([String(a.ticket), String(b.ticket)]));
  expect(await fresh.covered('deals')).toEqual([]);
  await fresh.close({ simulator: false });
});

test('a row in the hour that occurs twice, and that nobody can place, is a gap and no claim', async () => {
  const range = { fromUs: Date.UTC(2025, 10, 1) * 1000, toUs: Date.UTC(2025, 10, 4) * 1000 };
  const hour = { fromUs: Date.UTC(2025, 10, 2, 5) * 1000, toUs: Date.UTC(2025, 10, 2, 7) * 1000 };
  // Open from 06:20 to 06:30 UTC: its close is 08:30 at the broker, for the second time or for the first.
  await rig.control.lateDeal({ utc: '2025-11-02T06:20:00Z', symbol: 'BTCUSD', holdMs: 600_000 });
  await rig.run('positions', { account: rig.name, ...range, why: 'history' });
  const inside = (await rig.control.truthPositions()).filter(
    ({ closeUtcMs }) => closeUtcMs * 1000 >= hour.fromUs && closeUtcMs * 1000 < hour.toUs,
  );
  expect(inside.length).toBeGreaterThan(0);
  const [gap] = await rig.parts.gaps.gaps({ account: rig.name, openOnly: true });
  expect(gap).toMatchObject({
    stream: 'positions',
    cause: 'refused',
    ts_from: hour.fromUs,
    ts_to: hour.toUs,
  });
  expect(gap?.evidence).toContain('ambiguous hour');
  const covered = await rig.covered('positions');
  expect(covered).toContainEqual({ fromUs: range.fromUs, toUs: hour.fromUs });
  expect(covered).toContainEqual({ fromUs: hour.toUs, toUs: range.toUs });
  const before = await rig.transactions('positions', 'coverage', 'gap_events');
  await rig.run('positions', { account: rig.name, ...range, why: 'reread' });
  expect(await rig.transactions('positions', 'coverage', 'gap_events')).toEqual(before);
});

test('an account that never traded is covered, and nothing before is asked for', async () => {
  const idle = await BackfillRig.start({ conf: ownQuestDb().conf });
  const { id: fault } = (await idle.control.fault('rest', {
    path: '/PositionHistory',
    status: 200,
    body: '[]',
    ms: 600_000,
  })) as { id: number };
  const range = { fromUs: START - 30 * DAY, toUs: START - HOUR };
  await idle.run('positions', { account: idle.name, ...range, why: 'history' });
  await idle.control.command('release', { id: fault });
  expect(await idle.covered('positions')).toEqual([range]);
  const [limit] = await idle.rows('history_limits', 'cast(ts_earliest as long) us, stream');
  expect(limit).toEqual({ us: String(range.fromUs), stream: 'positions' });
  await idle.close();
});

test('a symbol is described once, and again when something static changed', async () => {
  const job = { account: rig.name, feed: rig.feed, symbol: 'EURUSD' };
  // Its specification, and the week in which it trades.
  expect(await rig.run('symbol_specs', job)).toMatchObject({ rows: 2 });
  expect(await rig.run('symbol_specs', job)).toMatchObject({ rows: 0 });
  await expect(rig.run('symbol_specs', { ...job, symbol: 'NOSUCH' })).rejects.toMatchObject({
    code: 'SYMBOL_NOT_LISTED',
  });
  expect(await rig.rows('symbol_specs', 'symbol, digits')).toEqual([{ symbol: 'EURUSD', digits: 5 }]);
});
