import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { buildSource } from './broker/build-source.ts';
import { Life, lifelike } from './life.ts';
import { DEMO_ACCOUNT_ID, parseScenario } from './scenario.ts';
import { Terminal } from './terminal/terminal.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const ACCOUNTS = [
  DEMO_ACCOUNT_ID,
  '11111111-2222-4333-8444-555555555555',
  '22222222-2222-4333-8444-555555555555',
];
const lived = (seed: number) => {
  const source = { kind: 'market', ticksPerSecond: 0, symbols: ['BTCUSD', 'ETHUSD', 'SOLUSD'] } as const;
  const scenario = lifelike(
    parseScenario({ life: { seed }, source, accounts: ACCOUNTS.map((id) => ({ id, server: id })) }),
  );
  const clock = { nowMs: () => 0, monoMs: () => 0 };
  const { market, startUtcMs } = buildSource(scenario, { clock, onFileEnd: () => {} });
  const [account] = scenario.accounts;
  if (account === undefined) throw new Error('no account');
  const terminal = new Terminal({
    scenario,
    account,
    market,
    startUtcMs,
    nowUtcMs: () => startUtcMs,
    monoMs: () => 0,
    wallMs: () => 0,
  });
  const life = new Life({ seed, drops: true }, scenario, [terminal]);
  life.begin(terminal);
  return { life, scenario, terminal };
};

const SEEDS = Array.from({ length: 40 }, (_, i) => i);

it('starts unsynced, and is ready within a minute, whatever the seed', () => {
  for (const seed of SEEDS) {
    const { life, terminal } = lived(seed);
    vi.advanceTimersByTime(9_000);
    expect(terminal.conditions.symbolsShort).toMatchObject({ synced: false });
    expect(terminal.conditions.unsynced).toBeGreaterThan(0);
    const early = terminal.conditions.history.length;
    vi.advanceTimersByTime(51_001);
    expect(terminal.conditions).toMatchObject({ symbolsShort: null, unsynced: 0 });
    // What is left of the history's troubles is that rows come late.
    expect([early, terminal.conditions.history.length]).toEqual([5, 1]);
    life.end();
    expect(terminal.conditions).toMatchObject({ history: [], disturb: null, lingering: null });
    expect(terminal.conditions.otherTimes.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  }
});

it('is the same for the same seed, and another for another', () => {
  const sight = (seed: number): unknown => {
    const { life, scenario, terminal } = lived(seed);
    const { otherTimes, symbolsShort } = terminal.conditions;
    life.end();
    return [symbolsShort, [...otherTimes], scenario.accounts];
  };
  for (const seed of SEEDS) expect(sight(seed)).toEqual(sight(seed));
  expect(new Set(SEEDS.map((seed) => JSON.stringify(sight(seed)))).size).toBeGreaterThan(20);
});

it('knows servers that stop their clock, offsets that no clock has, and ordinary ones', () => {
  const kinds = SEEDS.flatMap((seed) =>
    lived(seed).scenario.accounts.map(({ freezesWhileShut, statedOffsetS }) =>
      [freezesWhileShut, statedOffsetS !== null].join(),
    ),
  );
  expect(new Set(kinds)).toEqual(new Set(['true,false', 'false,true', 'false,false']));
});
