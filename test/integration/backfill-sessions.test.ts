// When symbols trade: told by the broker, corrected by its minute bars, kept as decisions, and used as evidence.
import type { Cell } from '@fxtape/questdb';
import { afterEach, expect, it } from 'vitest';
import { BackfillRig, DAY } from './backfill-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

/** A Sunday, when the market is shut, between two holidays. */
const NOW = Date.UTC(2025, 11, 28, 12) * 1000;
/** 2025-12-06, a Saturday, begins on a clock that is two hours ahead; three of each day of the week follow. */
const FROM = Date.UTC(2025, 11, 5, 22) * 1000;
const BROKEN = [['01:00', '24:00']];
const ORDINARY = [['00:00', '24:00']];

let rig: BackfillRig;
afterEach(async () => {
  await rig?.close();
});

const start = async (): Promise<void> => {
  rig = await BackfillRig.start({
    conf: ownQuestDb().conf,
    scenario: {
      seed: 3,
      holidays: true,
      history: { days: 30 },
      source: {
        kind: 'market',
        ticksPerSecond: 0.3,
        symbols: ['EURUSD', 'XAUUSD'],
        startUtc: new Date(NOW / 1000).toISOString(),
      },
    },
  });
};

const specs = (symbol: string) => rig.run('symbol_specs', { account: rig.name, feed: rig.feed, symbol });

const decisions = (symbol: string, kind: string): Promise<Record<string, Cell>[]> =>
  rig.rows(
    'trading_sessions',
    'cast(ts as long) ts, broker_date, windows, condition, rule_id, evidence',
    'ts, ts_decided',
    `symbol = '${symbol}' AND kind = '${kind}'`,
  );

it('a week that is told, the holidays that bars show, and a day that is no undercount', async () => {
  await start();
  await specs('EURUSD');
  const told = await decisions('EURUSD', 'week');
  expect(told).toMatchObject([{ condition: 'stated', rule_id: 'America/New_York+7h' }]);
  expect(JSON.parse(String(told[0]?.['windows']))).toMatchObject({ FRIDAY: ORDINARY, SATURDAY: [] });
  await rig.bars({ fromUs: FROM, toUs: FROM + 22 * DAY });
  await specs('EURUSD');
  expect((await decisions('EURUSD', 'week')).map(({ condition, ts }) => [condition, ts])).toEqual([
    ['confirmed', String(FROM)],
    ['stated', told[0]?.['ts']],
  ]);
  expect(
    (await decisions('EURUSD', 'day')).map((row) => [row['broker_date'], row['condition'], row['windows']]),
  ).toEqual([
    ['2025-12-24', 'early_close', '[["00:00","20:00"]]'],
    ['2025-12-25', 'shut', '[]'],
  ]);
  // The same evidence once more decides nothing new.
  const before = await rig.transactions('trading_sessions');
  await specs('EURUSD');
  expect(await rig.transactions('trading_sessions')).toEqual(before);
  // A holiday lacks nothing; and an early close lacks nothing, once what the broker counted is there.
  const eve = FROM + 18 * DAY;
  const bars = await rig.rows(
    'bars',
    'cast(ts as long) us, close, tick_volume n',
    'ts',
    `ts >= ${eve} AND ts < ${eve + DAY}`,
  );
  const ticks = bars.flatMap(({ close, n, us }) =>
    Array.from({ length: Number(n) }, (_, i) => ({
      ts: Number(us) + i,
      feed: rig.feed,
      symbol: 'EURUSD',
      ts_recv: Number(us) + i,
      bid: Number(close),
      ask: Number(close) + 0.0001,
      utc_offset_s: 7200,
      source: 'live',
    })),
  );
  expect(ticks.length).toBeGreaterThan(1000);
  await rig.parts.writer.write({ ticks }, { signal: AbortSignal.timeout(30_000) });
  for (const [fromUs, reason] of [
    [eve, 'early close at 20:00 of the broker’s clock'],
    [eve + DAY, 'holiday: the market was shut all day'],
  ] as const) {
    const key = { account: rig.name, feed: rig.feed, symbol: 'EURUSD' };
    const done = await rig.run('daily_quality', { ...key, fromUs, toUs: fromUs + DAY });
    expect(done).toMatchObject({ note: { condition: 'available', undercounts: 0 } });
    expect(await rig.rows('daily_quality', 'condition, reason', 'ts', `ts = ${fromUs}`)).toEqual([
      { condition: 'available', reason },
    ]);
  }
  expect(await rig.count('gap_events')).toBe(0);
});

it('a bridge that tells nothing: weekends and the daily break are seen in the bars', async () => {
  await start();
  const info = { symbol: 'XAUUSD', digits: 2, point: 0.01 };
  await rig.control.fault('rest', {
    path: '/SymbolInfo',
    status: 200,
    body: JSON.stringify(info),
    ms: 90_000,
  });
  await specs('XAUUSD');
  expect(await decisions('XAUUSD', 'week')).toEqual([]);
  await rig.bars({ symbol: 'XAUUSD', fromUs: FROM, toUs: FROM + 22 * DAY });
  await specs('XAUUSD');
  const [week] = await decisions('XAUUSD', 'week');
  expect(week?.['condition']).toBe('observed');
  // One of the three Thursdays was a holiday: too few to say anything, and unknown is not shut.
  expect(JSON.parse(String(week?.['windows']))).toEqual({
    SUNDAY: [],
    MONDAY: BROKEN,
    TUESDAY: BROKEN,
    WEDNESDAY: BROKEN,
    FRIDAY: BROKEN,
    SATURDAY: [],
  });
});
