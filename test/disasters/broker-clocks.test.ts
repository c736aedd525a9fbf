// Eight brokers, two years, a cold start: each rule is named from the history that REST tells and a clock that runs, or said to be
// provisional where nothing could tell; and every bar and deal has the right UTC time across all switches of New York and of the Union.
import { expect, test } from 'vitest';
import { aroundSwitches, type Broker, brokerClocks, twoYears } from '../integration/broker-clocks-rig.ts';
import { MOVED } from './eight-brokers.ts';
import { atTheEnd } from './lane.ts';
import { ownQuestDb, ownRedis } from '../own-servers.ts';

const EVERY_SWITCH = aroundSwitches(['America/New_York', 'Europe/Athens']);
const run = Math.random().toString(36).slice(2);
const onServer = (broker: Broker): Broker => ({
  ...broker,
  more: { server: `${broker.name}-${run}`, ...broker.more },
});

const BROKERS: readonly Broker[] = [
  { name: 'new-york', clockRule: 'America/New_York+7h' },
  { name: 'athens', clockRule: 'Europe/Athens', more: { freezesWhileShut: true } },
  { name: 'london', clockRule: 'Europe/London', more: { statedOffsetS: 10_800 } },
  { name: 'utc', clockRule: 'UTC' },
  { name: 'plus-two', clockRule: 'UTC+2h' },
  { name: 'plus-three', clockRule: 'UTC+3h' },
  { name: 'moved', clockRule: MOVED },
];

test('seven brokers with currencies, gold and crypto that trades on weekends', async () => {
  const symbols = ['EURUSD', 'XAUUSD', 'BTCUSD'];
  const brokers = BROKERS.map(onServer);
  const { conf } = ownQuestDb();
  const rig = await brokerClocks({ conf, redisUrl: ownRedis().url, brokers, symbols });
  atTheEnd(() => rig.close());
  await rig.whole();
  expect(EVERY_SWITCH).toHaveLength(8);
  for (const broker of brokers) {
    const rows = await rig.decided(broker);
    expect(rows.map(({ confidence, rule }) => [rule, confidence])).toEqual(
      (broker.name === 'moved' ? ['Europe/Athens', 'America/New_York+7h'] : [broker.clockRule]).map(
        (rule) => [rule, 'inferred'],
      ),
    );
    for (const symbol of symbols) {
      await rig.barsAreExact(broker, symbol, 'H1', twoYears);
      await rig.barsAreExact(broker, symbol, 'D1', twoYears);
    }
    expect(await rig.dealsAreExact(broker)).toBeGreaterThan(500);
    for (const symbol of ['EURUSD', 'BTCUSD']) {
      await rig.minutes(broker, symbol, EVERY_SWITCH);
      for (const range of EVERY_SWITCH) {
        const minutes = await rig.barsAreExact(broker, symbol, 'M1', range);
        if (symbol === 'BTCUSD') expect(minutes).toBe(2880);
      }
    }
  }
}, 1_200_000);

test('the eighth lists crypto alone, which shows no week: provisional, and right all the same', async () => {
  const crypto = onServer({ name: 'crypto', clockRule: 'America/New_York+7h' });
  const symbols = ['BTCUSD', 'ETHUSD'];
  const { conf } = ownQuestDb();
  const rig = await brokerClocks({ conf, redisUrl: ownRedis().url, brokers: [crypto], symbols });
  atTheEnd(() => rig.close());
  await rig.whole();
  expect(rig.state(crypto)).toMatchObject({ rule: 'America/New_York+7h', confidence: 'provisional' });
  expect(rig.state(crypto)?.settles.length).toBeGreaterThan(0);
  await rig.barsAreExact(crypto, 'BTCUSD', 'H1', twoYears);
  await rig.minutes(crypto, 'BTCUSD', EVERY_SWITCH);
  for (const range of EVERY_SWITCH) expect(await rig.barsAreExact(crypto, 'BTCUSD', 'M1', range)).toBe(2880);
}, 600_000);
