// Trades by their number: what was streamed and is no deal, and what a deal has closed and is no position, stands in an open gap that names
// it until it is there, or the gateway has denied it for a day. A claimed range is no answer to that.
import type { TradeEventRow } from '@fxtape/market';
import type { GapRow, TradeStream } from '@fxtape/questdb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BackfillRig, DAY, HOUR, START } from './backfill-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

const MINUTE = HOUR / 60;
const RANGE = { fromUs: START - DAY, toUs: START - 10 * MINUTE };

let rig: BackfillRig;
let simulator: BackfillRig['simulator'];
beforeAll(async () => {
  const first = await BackfillRig.start({
    conf: ownQuestDb().conf,
    scenario: { history: { days: 30, trader: { dealsPerDay: 200, days: 20 } } },
  });
  ({ simulator } = first);
  await first.close({ simulator: false });
});
beforeEach(async () => {
  rig = await BackfillRig.start({ conf: ownQuestDb().conf, simulator });
  return async () => {
    await rig.control.command('release', {});
    await rig.close({ simulator: false });
  };
});
afterAll(() => simulator.close());

type Deal = Awaited<ReturnType<BackfillRig['control']['truthDeals']>>[0];
const inRange = async (): Promise<Deal[]> =>
  (await rig.control.truthDeals()).filter(
    ({ utcMs }) => utcMs * 1000 >= RANGE.fromUs && utcMs * 1000 < RANGE.toUs,
  );
const streamed = (deal: Deal, more: Partial<TradeEventRow> = {}): TradeEventRow => ({
  ts: deal.utcMs * 1000,
  account: rig.name,
  ts_recv: deal.utcMs * 1000 + 50_000,
  deal_id: deal.ticket,
  order_id: deal.order,
  position_id: deal.position,
  symbol: deal.symbol,
  type: deal.type,
  entry: deal.entry,
  volume: deal.volume,
  price: deal.price,
  profit: deal.profit,
  commission: 0,
  swap: 0,
  magic: 0,
  comment: '',
  degraded: false,
  utc_offset_s: 7200,
  ...more,
});
const stream = (rows: TradeEventRow[]) =>
  rig.parts.writer.write({ trade_events: rows }, { signal: AbortSignal.timeout(30_000) });
/** The gateway's answers lack these, whatever is asked for. */
const without = async (path: string, rows: readonly object[]): Promise<void> => {
  await rig.control.command('release', { kind: 'rest' });
  await rig.control.fault('rest', { path, status: 200, body: JSON.stringify(rows) });
};
const wire = ({ utcMs: _utcMs, ...row }: { utcMs: number }): object => row;
const read = (name: TradeStream, range = RANGE) =>
  rig.run(name, { account: rig.name, ...range, why: 'history' });
const gaps = async (): Promise<GapRow[]> =>
  (await rig.parts.gaps.gaps({ account: rig.name })).filter(({ cause }) => cause === 'undercount');
const missing = async (of: TradeStream, toUs = START): Promise<string[]> =>
  (await rig.parts.trades.missing(of, rig.name, { fromUs: 0, toUs })).map(({ id }) => id);
const heal = (gap: GapRow) =>
  rig.run('heal', {
    account: rig.name,
    gapId: gap.gap_id,
    stream: gap.stream as TradeStream,
    feed: null,
    symbol: null,
    timeframe: null,
    fromUs: gap.ts_from as number,
    toUs: gap.ts_to as number,
  });

test('a streamed deal that history does not show yet is in an open gap before its range is claimed', async () => {
  const deals = await inRange();
  const late = [deals[5], deals[9]] as Deal[];
  await stream(deals.map((deal) => streamed(deal)));
  expect(await missing('deals')).toHaveLength(deals.length);
  await without('/OrderHistory', deals.filter((deal) => !late.includes(deal)).map(wire));
  await read('deals');
  expect(await rig.covered('deals')).toEqual([RANGE]);
  const numbers = late.map(({ ticket }) => String(ticket));
  const [gap, ...more] = await gaps();
  expect(more).toEqual([]);
  expect(gap).toMatchObject({
    stream: 'deals',
    state: 'open',
    missing_estimate: 2,
    ts_from: (late[0] as Deal).utcMs * 1000,
    ts_to: (late[1] as Deal).utcMs * 1000 + 1000,
  });
  expect(JSON.parse(gap?.evidence ?? '')).toMatchObject({ reason: 'not_in_history', numbers });
  // Named once: neither the next reading nor a look at the numbers tells of them again.
  await read('deals');
  expect(await gaps()).toHaveLength(1);
  expect(await missing('deals')).toEqual([]);
  await rig.control.command('release', { kind: 'rest' });
  expect(await heal(gap as GapRow)).toMatchObject({ note: { state: 'healed', reason: 'history_read' } });
  expect(await rig.count('deals')).toBe(deals.length);
  expect((await gaps()).map(({ state, rows_healed: rows }) => [state, rows])).toEqual([['healed', 2]]);
});

test('so is a position that a deal has closed, and none that is still open', async () => {
  const deals = await inRange();
  await read('deals');
  const positions = (await rig.control.truthPositions()).filter(
    ({ closeUtcMs }) => closeUtcMs * 1000 >= RANGE.fromUs && closeUtcMs * 1000 < RANGE.toUs,
  );
  // Opened within the range, so that its deals tell that nothing of it is left.
  const whole = positions.filter(({ openUtcMs }) => openUtcMs * 1000 >= RANGE.fromUs);
  const late = whole[3] as (typeof whole)[0];
  await without(
    '/PositionHistory',
    positions
      .filter((position) => position !== late)
      .map(({ openUtcMs: _open, closeUtcMs: _close, ...row }) => row),
  );
  await read('positions');
  expect(await rig.covered('positions')).toEqual([RANGE]);
  const [gap, ...more] = await gaps();
  expect(more).toEqual([]);
  expect(JSON.parse(gap?.evidence ?? '')).toMatchObject({ numbers: [String(late.positionId)] });
  expect(gap).toMatchObject({ stream: 'positions', state: 'open', ts_from: late.closeUtcMs * 1000 });
  await rig.control.command('release', { kind: 'rest' });
  expect(await heal(gap as GapRow)).toMatchObject({ note: { state: 'healed' } });
  expect(await rig.count('positions')).toBe(positions.length);
  // A part that is closed leaves the position open: it has to be in no history.
  const closes = deals.filter(({ entry }) => entry === 'Out').toSorted((a, b) => a.utcMs - b.utcMs);
  const [close, later] = [closes[0], closes.at(-1)] as [Deal, Deal];
  expect(later.utcMs).toBeGreaterThan(close.utcMs);
  const part = { ...close, ticket: 990, position: 991, volume: 0.1 };
  const rest = { ...later, type: close.type, ticket: 992, position: 991, volume: 0.2 };
  const opening = {
    ...part,
    ticket: 989,
    entry: 'In',
    type: close.type === 'Buy' ? 'Sell' : 'Buy',
    volume: 0.3,
  };
  await without('/OrderHistory', [opening, part].map(wire));
  await read('deals');
  expect(await missing('positions')).toEqual([]);
  await without('/OrderHistory', [rest].map(wire));
  await read('deals');
  expect(await missing('positions')).toEqual(['991']);
  // Its row is of the time of the last part: history up to before that cannot show it.
  expect(await missing('positions', later.utcMs * 1000)).toEqual([]);
});

test('what arrived after the claim is looked for by number, and gets a gap when it is not there', async () => {
  const deals = await inRange();
  const late = deals[7] as Deal;
  await without('/OrderHistory', deals.filter((deal) => deal !== late).map(wire));
  await read('deals');
  expect(await gaps()).toEqual([]);
  // The tape was behind: the trade comes into its table now.
  await stream([streamed(late)]);
  const id = String(late.ticket);
  expect(await missing('deals')).toEqual([id]);
  const us = late.utcMs * 1000;
  const job = { account: rig.name, fromUs: us, toUs: us + 1, dealIds: [id], positionIds: [] };
  await rig.run('reconcile', job);
  expect((await gaps()).map(({ state }) => state)).toEqual(['open']);
  await rig.control.command('release', { kind: 'rest' });
  await rig.run('reconcile', job);
  expect(await rig.rows('deals', 'deal_id', 'ts', `deal_id = ${id}`)).toHaveLength(1);
});

test('a trade of a moment ago is waited for', async () => {
  const young = { ...((await inRange())[0] as Deal), utcMs: START / 1000, ticket: 123_456_789 };
  await stream([streamed(young)]);
  const us = young.utcMs * 1000;
  const job = { account: rig.name, fromUs: us, toUs: us + 1, dealIds: ['123456789'], positionIds: [] };
  await expect(rig.run('reconcile', job)).rejects.toMatchObject({ code: 'DEAL_NOT_YET', kind: 'transient' });
  expect(await gaps()).toEqual([]);
});

test('what the gateway denies for a day is given up, by name', async () => {
  const deals = await inRange();
  const denied = deals[4] as Deal;
  await stream([streamed(denied)]);
  await without('/OrderHistory', deals.filter((deal) => deal !== denied).map(wire));
  await read('deals');
  const [gap] = (await gaps()) as [GapRow];
  const aged = gap.evidence?.replace(
    /"since_us":\d+/,
    `"since_us":${rig.parts.clock.nowUs() - DAY - MINUTE}`,
  );
  const { ts_updated: _updated, ...row } = gap;
  await rig.parts.writer.write(
    {
      gap_events: [
        {
          ...row,
          ts: rig.parts.clock.nowUs(),
          writer: 'backfill',
          event: 'state',
          evidence: aged ?? '',
        } as never,
      ],
    },
    { signal: AbortSignal.timeout(30_000) },
  );
  expect(await heal(gap)).toMatchObject({ note: { state: 'unrecoverable', reason: 'history_denies' } });
  expect((await gaps())[0]?.evidence).toContain(String(denied.ticket));
  expect(await missing('deals')).toEqual([]);
});

test('where deals have no numbers, a closing trade is the order that it closed', async () => {
  const closing = (await inRange()).find(({ entry }) => entry === 'Out') as Deal;
  const unnumbered = { deal_id: 0, order_id: closing.position };
  const us = closing.utcMs * 1000;
  await stream([
    streamed(closing, { ...unnumbered, entry: 'Out' }),
    streamed(closing, { ...unnumbered, entry: 'In', position_id: 55, ts_recv: us + 70_000 }),
    streamed(closing, { ...unnumbered, entry: 'Out', position_id: 66, ts_recv: us + 90_000 }),
  ]);
  await rig.parts.writer.write(
    { position_events: [{ ts: us + 1, account: rig.name, ticket: 66, kind: 'Position' }] },
    { signal: AbortSignal.timeout(30_000) },
  );
  // 66 was closed in part: it is open still.
  expect(await missing('deals')).toEqual([String(closing.position)]);
  const order = { ...closing, ticket: closing.position, order: closing.position };
  await without('/OrderHistory', [wire(order)]);
  await read('deals');
  expect(await missing('deals')).toEqual([]);
});
