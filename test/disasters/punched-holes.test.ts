// Somebody takes a month out of the middle of `bars` and `deals` while everything runs. It is noticed, told in the table of gaps, and
// everything is there again, without a command.
import { CRYPTO, judgeBars, judgeDeals, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { begin, historyExact } from './lane.ts';

const DAY_MS = 86_400_000;
const DAYS = 75;
/** A Wednesday; the broker's clock is not set in the days before, so that no hour of them occurs twice. */
const START_MS = Date.UTC(2026, 7, 19, 12);
const MONTH = '2026-07';

test('punched-holes: a month of bars and deals is gone, and comes back by itself', async () => {
  const recording = await begin({
    redis: true,
    clock: '{ replayed: true }',
    backfill: { bars: { H1: `${DAYS}d` }, ticks: false, deals: `${DAYS}d` },
    scenario: {
      source: {
        kind: 'market',
        ticksPerSecond: 0,
        symbols: CRYPTO,
        startUtc: new Date(START_MS).toISOString(),
      },
      history: { days: DAYS + 20, trader: { dealsPerDay: 30, days: DAYS } },
    },
  });
  await recording.scheduler();
  await recording.backfill();
  const toMs = START_MS - 4 * 3_600_000;
  const fromMs = START_MS - (DAYS - 2) * DAY_MS;
  const judged = async () => [
    ...(await Promise.all(
      CRYPTO.map(async (symbol) => ({
        title: `${symbol} H1`,
        verdict: await judgeBars(recording, { symbol, timeframe: 'H1', fromMs, toMs }),
      })),
    )),
    { title: 'deals', verdict: await judgeDeals(recording, { account: 'demo', fromMs, toMs }) },
  ];
  const whole = async () => {
    const all = await judged();
    return all.every(({ verdict }) => verdict.missing === 0 && verdict.expected > 0) && all;
  };
  const patience = { deadlineMs: 240_000, everyMs: 1000, retryErrors: true };
  for (const { title, verdict } of await until(whole, { what: 'the history', ...patience }))
    historyExact(title, verdict);

  for (const table of ['bars', 'deals'])
    await recording.sql(`ALTER TABLE ${table} DROP PARTITION LIST '${MONTH}'`);
  expect(await whole()).toBe(false);
  const story = () =>
    recording.sql(
      "SELECT stream, symbol, timeframe, state, rows_healed, ts_from, ts_to FROM gaps WHERE cause = 'undercount' ORDER BY stream, symbol",
    );
  const healed = async () => {
    const gaps = await story();
    process.stderr.write(JSON.stringify(gaps) + '\n');
    return gaps.length >= CRYPTO.length + 1 && gaps.every(([, , , state]) => state === 'healed') && gaps;
  };
  const gaps = await until(healed, { what: 'the holes to be healed', ...patience, deadlineMs: 300_000 });
  for (const gap of gaps) {
    process.stdout.write(`  ${gap.map(String).join(' ')}\n`);
    const [stream, , , , rows] = gap;
    if (stream === 'bars') expect(rows).toBe(31 * 24);
    else expect(rows).toBeGreaterThan(500);
  }
  for (const { title, verdict } of await judged()) historyExact(`${title}, again`, verdict);
}, 700_000);
