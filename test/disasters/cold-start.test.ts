// Eight brokers, each with a clock of its own, and a recorder that was told of none: live stream and history begin at the same moment. Every
// tick has the right time from the first one on, whatever is known of the rule by then, and the rule is named as soon as history tells.
import { CRYPTO, until } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { EIGHT_BROKERS as BROKERS, idOf } from './eight-brokers.ts';
import { begin } from './lane.ts';

/** Five minutes of live stream. */
const LIVE_MS = 300_000;

test('cold-start: eight clocks, live and history at once', async () => {
  const symbols = ['EURUSD', 'XAUUSD', ...CRYPTO];
  const recording = await begin({
    redis: true,
    clock: '"auto"',
    backfill: { bars: { H1: '730d' }, ticks: false, deals: false },
    accounts: BROKERS.map(([name], n) => ({ id: idOf(n), name, symbols })),
    scenario: {
      accounts: BROKERS.map(([nickname, clockRule], n) => ({
        id: idOf(n),
        nickname,
        login: 1000 + n,
        server: `${nickname}-server`,
        clockRule,
      })),
      source: { kind: 'market', ticksPerSecond: 200, symbols },
      holidays: true,
      history: { days: 820 },
    },
  });
  const begunMs = Date.now();
  const collector = await recording.collector();
  await recording.scheduler();
  await recording.backfill();
  await recording.live(collector);
  const decided = async () => {
    const rows = await recording.sql(
      'SELECT server, last(rule_id), last(confidence) FROM (SELECT * FROM clock_rules ORDER BY ts_decided) GROUP BY server ORDER BY server',
    );
    return (
      rows.length === BROKERS.length && rows.every(([, , confidence]) => confidence === 'inferred') && rows
    );
  };
  const rows = await until(decided, {
    what: 'every clock to be inferred',
    deadlineMs: 400_000,
    everyMs: 1000,
    retryErrors: true,
  });
  const named = new Map(rows.map(([server, rule]) => [String(server), String(rule)]));
  for (const [name, rule] of BROKERS) {
    const found = named.get(`${name}-server`);
    // Between the two switches of a summer both rules say the same: nothing tells the day on which a broker moved.
    if (name === 'moved')
      expect(found).toMatch(/^Europe\/Athens until 2025-0[4-9]\S+ then America\/New_York\+7h$/);
    else expect(found, name).toBe(rule);
  }
  process.stdout.write(
    `cold-start: eight rules inferred after ${((Date.now() - begunMs) / 1000).toFixed(0)} s\n`,
  );
  await delay(Math.max(0, LIVE_MS - (Date.now() - begunMs)));
  // Every broker's feed shows the same market: each tick of it, at its true time, and nothing else.
  const window = { fromMs: begunMs + LIVE_MS / 3, toMs: begunMs + LIVE_MS - 10_000 };
  const within = (utcMs: number): boolean => utcMs >= window.fromMs && utcMs < window.toMs;
  const ledger = (await recording.gateway.ledger()).filter(({ utcMs }) => within(utcMs));
  const truth = new Set(ledger.map(({ symbol, utcMs, bid, ask }) => `${symbol} ${utcMs} ${bid} ${ask}`));
  expect(truth.size).toBeGreaterThan(10_000);
  for (const [name] of BROKERS) {
    const stored = await recording.sql(
      `SELECT symbol, cast(ts as long) / 1000, bid, ask FROM ticks WHERE feed = '${name}' AND source = 'live' AND ts >= '${new Date(window.fromMs).toISOString()}' AND ts < '${new Date(window.toMs).toISOString()}'`,
    );
    const keys = new Set(stored.map((row) => row.join(' ')));
    const gaps = await recording.sql(
      `SELECT symbol, cast(ts_from as long) / 1000, cast(ts_to as long) / 1000 FROM gaps WHERE stream = 'ticks' AND feed = '${name}'`,
    );
    const inGap = (key: string): boolean => {
      const [symbol, ms] = key.split(' ');
      return gaps.some(
        ([of, from, to]) =>
          (of === null || of === symbol) &&
          Number(ms) >= Number(from) &&
          Number(ms) < Number(to ?? Number.POSITIVE_INFINITY),
      );
    };
    process.stdout.write(`  ${name}: ${stored.length} rows, ${keys.size} of ${truth.size} moments\n`);
    expect([...keys].filter((key) => !truth.has(key)).slice(0, 5)).toEqual([]);
    expect([...truth].filter((key) => !keys.has(key) && !inGap(key)).slice(0, 5)).toEqual([]);
    expect(keys.size).toBeGreaterThan(truth.size / 2);
  }
}, 1_200_000);
