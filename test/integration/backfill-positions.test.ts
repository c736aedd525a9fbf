// Closed positions as brokers tell them: costs that come late, round trips in parts, closed orders under the time of their opening.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BackfillRig, DAY, HOUR, START } from './backfill-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

const MINUTE = HOUR / 60;
/** Winter at the broker. */
const OFFSET_US = 2 * HOUR;

let rig: BackfillRig;
let simulator: BackfillRig['simulator'];
beforeAll(async () => {
  const first = await BackfillRig.start({ conf: ownQuestDb().conf });
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

const broker = (us: number): string => `${new Date((us + OFFSET_US) / 1000).toISOString().slice(0, 19)}Z`;
const answerWith = async (path: string, rows: object[]): Promise<void> => {
  await rig.control.command('release', { kind: 'rest' });
  await rig.control.fault('rest', { path, status: 200, body: JSON.stringify(rows) });
};
const opened = START - 5 * DAY;
const position = (closeUs: number, more: object = {}) => ({
  positionId: 77,
  symbol: 'EURUSD',
  type: 'Buy',
  volume: 0.1,
  openTime: broker(opened),
  openPrice: 1.1,
  closeTime: broker(closeUs),
  closePrice: 1.2,
  profit: 10,
  swap: -1,
  commission: -0.5,
  netProfit: 8.5,
  magic: 0,
  comment: '',
  ...more,
});
const read = (fromUs: number, toUs: number, why: 'history' | 'reread' = 'history') =>
  rig.run('positions', { account: rig.name, fromUs, toUs, why });
const stored = () =>
  rig.rows('positions', 'cast(ts_close as long) us, volume, price_close, commission, net_profit', 'ts');
const versions = () => rig.count('position_revisions');

test('a commission that comes after its position is a version, and the table has it', async () => {
  const closeUs = START - 2 * DAY;
  await answerWith('/PositionHistory', [position(closeUs, { commission: 0, netProfit: 9 })]);
  await read(START - 3 * DAY, START - DAY);
  expect(await stored()).toMatchObject([{ commission: 0, net_profit: 9 }]);
  await answerWith('/PositionHistory', [position(closeUs)]);
  await read(START - 3 * DAY, START - DAY, 'reread');
  expect(await stored()).toMatchObject([{ commission: -0.5, net_profit: 8.5 }]);
  const before = await rig.transactions('positions', 'position_revisions');
  await read(START - 3 * DAY, START - DAY, 'reread');
  expect(await rig.transactions('positions', 'position_revisions')).toEqual(before);
  expect(await versions()).toBe(2);
});

test('what closed a moment before the newest end is read again with it', async () => {
  const closeUs = START - 20 * MINUTE;
  await answerWith('/PositionHistory', [position(closeUs, { commission: 0, netProfit: 9 })]);
  await read(START - 3 * DAY, START - 10 * MINUTE);
  await answerWith('/PositionHistory', [position(closeUs)]);
  const asked = rig.asked.length;
  await read(START - 10 * MINUTE, START - 5 * MINUTE);
  expect(rig.asked.slice(asked)).toEqual(['/PositionHistory read']);
  expect(await stored()).toMatchObject([{ commission: -0.5, net_profit: 8.5 }]);
  expect(await rig.covered('positions')).toEqual([{ fromUs: START - 3 * DAY, toUs: START - 5 * MINUTE }]);
});

test('a position that was closed in parts is whole, in whatever order its parts are read', async () => {
  const [one, two] = [START - 4 * DAY, START - 2 * DAY];
  const parts = [
    position(one, { volume: 0.3, closePrice: 1.2 }),
    position(two, { volume: 0.1, closePrice: 1.4, profit: 4 }),
  ];
  const whole = {
    us: String(two),
    volume: 0.4,
    price_close: 1.25,
    commission: -1,
    net_profit: 17,
  };
  // The newest page first; its answer has the last part alone.
  await answerWith('/PositionHistory', parts.slice(1));
  await read(START - 3 * DAY, START - DAY);
  expect(await stored()).toMatchObject([{ volume: 0.1 }]);
  // The older page has the first part; asked for as a whole there are both.
  await rig.control.command('release', { kind: 'rest' });
  const body = (rows: object[]) => JSON.stringify(rows);
  await rig.control.fault('rest', { path: '/PositionHistory', status: 200, body: body(parts) });
  await rig.control.fault('rest', {
    path: '/PositionHistory',
    status: 200,
    body: body(parts.slice(0, 1)),
    count: 1,
  });
  await read(START - 6 * DAY, START - 3 * DAY);
  expect(await stored()).toEqual([whole]);
  // A re-read that sees the last part alone does not take the first away.
  await rig.control.fault('rest', {
    path: '/PositionHistory',
    status: 200,
    body: body(parts.slice(1)),
    count: 1,
  });
  const seen = await versions();
  await read(START - 3 * DAY, START - DAY, 'reread');
  expect(await stored()).toEqual([whole]);
  expect(await versions()).toBe(seen);
});

test('a closed order that is told under the time of its opening is stored, wherever that lies', async () => {
  const order = (ticket: number, us: number) => ({
    ticket,
    order: ticket,
    position: ticket,
    symbol: 'EURUSD',
    type: 'Buy',
    entry: 'Out',
    volume: 0.1,
    price: 1.2,
    profit: 5,
    commission: 0,
    swap: 0,
    magic: 0,
    comment: '',
    time: broker(us),
  });
  await answerWith('/OrderHistory', [order(1, opened), order(2, START - 2 * DAY)]);
  await rig.deals(START - 3 * DAY, START - DAY);
  expect(await rig.rows('deals', 'deal_id, cast(ts as long) us', 'deal_id')).toEqual([
    { deal_id: '1', us: String(opened) },
    { deal_id: '2', us: String(START - 2 * DAY) },
  ]);
  expect(await rig.covered('deals')).toEqual([{ fromUs: START - 3 * DAY, toUs: START - DAY }]);
});
