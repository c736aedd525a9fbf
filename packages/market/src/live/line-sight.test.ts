import { expect, test } from 'vitest';
import type { WireMessage } from '../tables/wire.ts';
import { type ClockWord, GUARD_US, sightOf } from './line-sight.ts';
import { parseClockRule } from '../time/parse-clock-rule.ts';

const RULE = parseClockRule('America/New_York+7h');
const RECV_MS = Date.UTC(2026, 5, 23, 9);
const at = (offMs: number): string => new Date(RECV_MS + 3 * 3_600_000 + offMs).toISOString();
const wordOf = (mark: string | null, message: object): ClockWord | null =>
  sightOf({ mark, tsRecv: RECV_MS * 1000 }, message as WireMessage, RULE, RECV_MS * 1000)?.word ?? null;
const beat = (serverTime: string) => ({ type: 'terminal', data: { connected: true, serverTime } });
const tick = (time: string) => ({ type: 'tick', symbol: 'EURUSD', data: { bid: 1, ask: 2, time } });
const LIMIT = GUARD_US / 1000;

test('a heartbeat speaks when its clock runs, and then for or against the rule', () => {
  expect(wordOf('clean', beat(at(0)))).toBe('agrees');
  expect(wordOf('clean', beat(at(LIMIT - 1)))).toBe('agrees');
  expect(wordOf('clean', beat(at(-LIMIT)))).toBe('contradicts');
  expect(wordOf('late', beat(at(-LIMIT)))).toBe('doubts');
  expect(wordOf('late', beat(at(-LIMIT + 1)))).toBeNull();
  for (const mark of ['frozen', 'late', 'clean~m', 'clean~h', null])
    expect(wordOf(mark, beat(at(7_200_000)))).toBeNull();
});

test('a heartbeat that agrees says so while our own clock is in doubt, and where its receive time is made up by what the clock showed', () => {
  expect(wordOf('clean~m', beat(at(0)))).toBe('agrees');
  expect(wordOf('clean~h', beat(at(0)))).toBeNull();
  const shown = (RECV_MS - 7_200_000) * 1000;
  expect(wordOf(`clean@${shown}~h`, beat(at(-7_200_000)))).toBe('agrees');
  expect(wordOf(`clean@${shown}~h`, beat(at(0)))).toBeNull();
  expect(wordOf(`late@${shown}~h`, beat(at(-7_200_000)))).toBeNull();
});

test('a live tick is near, old or ahead; one from before 2000 has no time', () => {
  expect(wordOf('live', tick(at(-LIMIT + 1)))).toBe('near');
  expect(wordOf('live', tick(at(-LIMIT)))).toBe('old');
  expect(wordOf('live', tick(at(LIMIT)))).toBe('ahead');
  expect(wordOf('live', tick('1970-01-20T03:21:12.648Z'))).toBe('ahead');
  expect(wordOf('live~h', tick(at(LIMIT)))).toBeNull();
  // Right after a jump of our own clock it waits for one that says more.
  expect(wordOf('live~m', tick(at(LIMIT)))).toBe('leans');
});

test('a snapshot may be old; what it states may not lie ahead', () => {
  expect(wordOf('snapshot', tick(at(-30 * 86_400_000)))).toBe('leans');
  expect(wordOf('snapshot', tick(at(LIMIT)))).toBe('stray');
  expect(wordOf('snapshot', tick('1970-01-01T00:00:00Z'))).toBe('stray');
  expect(wordOf('repeat', tick(at(0)))).toBeNull();
});
