// Brokers whose clocks nobody was told of, over two years with their switches: the rule is inferred before anything of history is
// written, and every row has the time it had. All eight brokers are in the lane `disasters`.
import { afterEach, expect, test } from 'vitest';
import {
  aroundSwitches,
  type Broker,
  type BrokerClocks,
  brokerClocks,
  twoYears,
} from './broker-clocks-rig.ts';
import { ownQuestDb, ownRedis } from '../own-servers.ts';

let rig: BrokerClocks | null = null;
afterEach(async () => {
  await rig?.close();
  rig = null;
});

const SYMBOLS = ['EURUSD', 'BTCUSD'];
const start = async (brokers: readonly Broker[], symbols = SYMBOLS): Promise<BrokerClocks> => {
  rig = await brokerClocks({
    conf: ownQuestDb().conf,
    redisUrl: ownRedis().url,
    brokers: brokers.map((broker) => ({
      ...broker,
      more: { server: `${broker.name}-${Math.random().toString(36).slice(2)}`, ...broker.more },
    })),
    symbols,
  });
  return rig;
};

test('a broker that moved, beside gateways that lie about their offset', async () => {
  const moved: Broker = {
    name: 'moved',
    clockRule: 'Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h',
  };
  const lying: Broker = { name: 'lying', clockRule: 'UTC+2h', more: { statedOffsetS: 0 } };
  // No clock on earth stands so.
  const nonsense: Broker = {
    name: 'nonsense',
    clockRule: 'America/Chicago',
    more: { statedOffsetS: 12_345 },
  };
  const clocks = await start([moved, lying, nonsense]);
  await clocks.whole();
  const pieces = await clocks.decided(moved);
  expect(pieces.map(({ confidence, rule }) => [rule, confidence])).toEqual([
    ['Europe/Athens', 'inferred'],
    ['America/New_York+7h', 'inferred'],
  ]);
  expect(clocks.state(moved)).toMatchObject({ confidence: 'inferred', settles: [] });
  expect(await clocks.decided(lying)).toMatchObject([{ rule: 'UTC+2h', confidence: 'inferred' }]);
  expect(await clocks.decided(nonsense)).toMatchObject([{ rule: 'America/Chicago', confidence: 'inferred' }]);
  const stated = await clocks.sql(
    "SELECT DISTINCT kind, utc_offset_s, reason FROM clock_evidence WHERE server LIKE 'nonsense%' AND kind = 'stated'",
  );
  expect(stated).toEqual([
    { kind: 'stated', utc_offset_s: null, reason: '12345 s is not a valid clock offset' },
  ]);
  for (const broker of [moved, lying, nonsense]) {
    for (const symbol of SYMBOLS) {
      expect(await clocks.barsAreExact(broker, symbol, 'H1', twoYears)).toBeGreaterThan(12_000);
      expect(await clocks.barsAreExact(broker, symbol, 'D1', twoYears)).toBeGreaterThan(500);
    }
    expect(await clocks.dealsAreExact(broker)).toBeGreaterThan(500);
  }
  // Around each switch of its own, with the hour that occurs twice and the one that never does.
  const around = aroundSwitches([moved.clockRule]);
  expect(around).toHaveLength(4);
  await clocks.minutes(moved, 'BTCUSD', around);
  for (const range of around) expect(await clocks.barsAreExact(moved, 'BTCUSD', 'M1', range)).toBe(2880);
}, 300_000);

test('a broker of which only crypto is known is provisional, says so, and is recorded all the same', async () => {
  const crypto: Broker = { name: 'crypto', clockRule: 'America/New_York+7h' };
  const clocks = await start([crypto], ['BTCUSD']);
  await clocks.whole();
  expect(clocks.state(crypto)).toMatchObject({ rule: 'America/New_York+7h', confidence: 'provisional' });
  expect(clocks.state(crypto)?.settles.join()).toContain('2027-03-14');
  expect(await clocks.barsAreExact(crypto, 'BTCUSD', 'H1', twoYears)).toBeGreaterThan(17_000);
}, 200_000);
