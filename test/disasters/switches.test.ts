// Eight brokers, two years, four seasons in which clocks are set: ticks that stream across every switch of New York and of the Union. The
// recorder is told of no rule; it infers each from history, and then the stream goes through the weeks in which the candidates differ.
import { type ClockRule, parseClockRule, utcMs } from '@fxtape/market';
import { CRYPTO, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { EIGHT_BROKERS as BROKERS, idOf, MOVED } from './eight-brokers.ts';
import { begin } from './lane.ts';

/** From a Thursday before the first switch of the season to a Monday after the last one. */
const SEASONS = [
  ['spring 2025', '2025-03-06T12:00:00.000Z', '2025-03-31T12:00:00.000Z'],
  ['autumn 2025', '2025-10-23T12:00:00.000Z', '2025-11-03T12:00:00.000Z'],
  ['spring 2026', '2026-03-05T12:00:00.000Z', '2026-03-30T12:00:00.000Z'],
  ['autumn 2026', '2026-10-22T12:00:00.000Z', '2026-11-02T12:00:00.000Z'],
] as const;
/**
 * When none or one of the weeks that tell has passed since the move. It is provisional then, and a gateway that plays an old day has no clock
 * to compare with: its rule is given by hand.
 */
const UNTOLD = new Set(['autumn 2025', 'spring 2026']);
const SYMBOLS = ['EURUSD', 'XAUUSD', ...CRYPTO];
const SPEED = 7200;

test.each(SEASONS)(
  'switches: %s',
  async (season, startUtc, endUtc) => {
    // Crypto alone shows no week, so that its rule is never inferred; nothing is sent of a replayed gateway before its rule is known.
    const given = (name: string): string | null => {
      if (name === 'weekends') return 'America/New_York+7h';
      return name === 'moved' && UNTOLD.has(season) ? MOVED : null;
    };
    const recording = await begin({
      redis: true,
      clock: '{ rule: auto, replayed: true }',
      backfill: { bars: { H1: '730d' }, ticks: false, deals: false },
      accounts: BROKERS.map(([name], n) => ({
        id: idOf(n),
        name,
        symbols: name === 'weekends' ? CRYPTO : SYMBOLS,
        ...(given(name) === null ? {} : { clock: `{ rule: "${given(name)}", replayed: true }` }),
      })),
      scenario: {
        accounts: BROKERS.map(([nickname, clockRule], n) => ({
          id: idOf(n),
          nickname,
          login: 1000 + n,
          server: `${nickname}-server`,
          clockRule,
        })),
        heartbeatMs: 100,
        source: { kind: 'market', ticksPerSecond: 0.05, symbols: SYMBOLS, startUtc },
        holidays: true,
        history: { days: 820 },
      },
    });
    const collector = await recording.collector();
    const planning = [await recording.scheduler(), await recording.backfill()];
    const decided = async () => {
      const rows = await recording.sql(
        'SELECT server, last(rule_id), last(confidence) FROM (SELECT * FROM clock_rules ORDER BY ts_decided) GROUP BY server ORDER BY server',
      );
      // A rule that is given by hand has no decision.
      const open = BROKERS.filter(
        ([name]) =>
          !rows.some(([server, , confidence]) => server === `${name}-server` && confidence === 'inferred'),
      );
      return open.every(([name]) => given(name) !== null) && rows;
    };
    const rows = await until(decided, {
      what: 'the clocks to be inferred',
      deadlineMs: 300_000,
      everyMs: 1000,
      retryErrors: true,
    });
    process.stdout.write(`switches, ${season}: ${JSON.stringify(rows)}\n`);
    await recording.live(collector);
    const inForce = async (): Promise<boolean> => {
      const state = (await (await fetch(`${collector.http}/state`)).json()) as {
        accounts: { account: string; clock: { ruleId: string | null } }[];
      };
      return state.accounts.every(({ account, clock }) => {
        const truth = parseClockRule(BROKERS.find(([name]) => name === account)?.[1] ?? 'UTC');
        const now = truth.pieceAt(utcMs(Date.parse(startUtc)));
        return clock.ruleId === truth.id || clock.ruleId === now;
      });
    };
    await until(inForce, { what: 'each rule in force', deadlineMs: 180_000, everyMs: 500 });
    await recording.gateway.command('clock', { speed: SPEED });
    const reached = async (): Promise<boolean> => {
      const [[least]] = (await recording.sql(
        'SELECT min(us) FROM (SELECT feed, cast(max(ts) as long) us FROM ticks GROUP BY feed)',
      )) as [[number]];
      return Number(least) >= Date.parse(endUtc) * 1000;
    };
    await until(reached, { what: endUtc, deadlineMs: 600_000, everyMs: 500, retryErrors: true });
    for (const service of planning) await service.stop();
    await recording.gateway.command('clock', { speed: 1 });
    await recording.settle();

    const endUs = Date.parse(endUtc) * 1000;
    const ledger = await recording.gateway.ledger();
    for (const [name, clockRule] of BROKERS) {
      const rule = parseClockRule(clockRule);
      const rowsOf = async (source: 'live' | 'snapshot') =>
        (await recording.sql(
          `SELECT symbol, cast(ts as long), bid, ask, utc_offset_s FROM ticks WHERE feed = '${name}' AND source = '${source}' AND ts < ${endUs} ORDER BY ts`,
        )) as [string, number, number, number, number][];
      const [stored, snapshots] = [await rowsOf('live'), await rowsOf('snapshot')];
      const beginUs = Number(stored[0]?.[1]);
      const gaps = (await recording.sql(
        `SELECT symbol, cast(ts_from as long), cast(ts_to as long) FROM gaps WHERE stream = 'ticks' AND feed = '${name}'`,
      )) as [string | null, number, number][];
      const inGap = (symbol: string, us: number): boolean =>
        gaps.some(([of, from, to]) => (of === null || of === symbol) && us >= from && us < to);
      const told = (...[symbol, us, bid, ask, offsetS]: [string, number, number, number, number]): string =>
        `${symbol} ${new Date(us / 1000).toISOString()} ${bid} ${ask} ${offsetS}`;
      const truth = counted(
        ledger
          .filter(({ utcMs }) => utcMs * 1000 >= beginUs && utcMs * 1000 < endUs)
          .map((tick) => told(tick.symbol, tick.utcMs * 1000, tick.bid, tick.ask, rule.offsetAt(tick.utcMs))),
      );
      const have = counted(stored.map((row) => told(...row)));
      // A symbol's last tick before its recording began is stored as a snapshot.
      const restated = new Set(snapshots.map((row) => told(...row)));
      const symbols = new Set(stored.map(([symbol]) => String(symbol)));
      const missing = [...truth].flatMap(([key, made]) => {
        const [symbol, time] = key.split(' ') as [string, string];
        const lost = symbols.has(symbol) && (have.get(key) ?? 0) < made && !restated.has(key);
        return lost && !inGap(symbol, Date.parse(time) * 1000) ? [key] : [];
      });
      const stranger = [...have].flatMap(([key, rows]) => (rows > (truth.get(key) ?? 0) ? [key] : []));
      process.stdout.write(
        `  ${name}: ${stored.length} rows, missing ${missing.length}, doubled or wrong ${stranger.length}, gaps ${gaps.length}\n`,
      );
      expect({ missing: missing.slice(0, 5), stranger: stranger.slice(0, 5) }, name).toEqual({
        missing: [],
        stranger: [],
      });
      const offsets = new Set(stored.map(([, , , , offsetS]) => offsetS));
      expect(offsets, name).toEqual(offsetsBetween(rule, Date.parse(startUtc), Date.parse(endUtc)));
      expect(stored.length, name).toBeGreaterThan(10_000);
    }
  },
  1_200_000,
);

const counted = (keys: readonly string[]): Map<string, number> => {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
};

const HOUR_MS = 3_600_000;
const offsetsBetween = (rule: ClockRule, fromMs: number, toMs: number): Set<number> =>
  new Set(
    Array.from({ length: Math.ceil((toMs - fromMs) / HOUR_MS) }, (_, n) =>
      rule.offsetAt(fromMs + n * HOUR_MS),
    ),
  );
