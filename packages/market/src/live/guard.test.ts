import { describe, expect, test } from 'vitest';
import type { WireMessage } from '../tables/wire.ts';
import { Guard, GUARD_TRANSITIONS, type GuardEvent, type GuardPhase } from './guard.ts';
import { type ClockSight, sightOf } from './line-sight.ts';
import { parseClockRule } from '../time/parse-clock-rule.ts';

const START_MS = Date.UTC(2026, 5, 24, 12);
const RULE = parseClockRule('UTC+3h');
const HOUR = 3600;

interface Seen {
  readonly event?: string;
  readonly data?: unknown;
  readonly mark?: string;
  readonly message?: WireMessage;
}

/** Reads lines at seconds after the start; `offS`: how far what they state is from what is true. */
class Reading {
  readonly guard: Guard;
  #atS = 0;

  constructor(guard = new Guard()) {
    this.guard = guard;
  }

  at(second: number): this {
    this.#atS = second;
    return this;
  }

  take({ data = null, event, mark, message }: Seen, conn = 1) {
    const tsRecv = (START_MS + this.#atS * 1000) * 1000;
    const sight: ClockSight | null =
      message === undefined ? null : sightOf({ mark: mark ?? null, tsRecv }, message, RULE, tsRecv);
    return this.guard.take({ tsRecv, conn, mark: mark ?? null, event: event ?? null, data }, sight);
  }

  #time(offS: number): string {
    return new Date(START_MS + (this.#atS + offS + 3 * HOUR) * 1000).toISOString();
  }

  beat(offS = 0, mark = 'clean') {
    const data = { connected: true, serverTime: this.#time(offS) };
    return this.take({ mark, message: { type: 'terminal', data } as WireMessage });
  }

  tick(offS = 0, symbol = 'EURUSD', mark = 'live') {
    const data = { bid: 1, ask: 2, time: this.#time(offS) };
    return this.take({ mark, message: { type: 'tick', symbol, data } as WireMessage });
  }

  bar() {
    return this.take({
      message: { type: 'bar', symbol: 'EURUSD', timeframe: 'M1', data: {} } as WireMessage,
    });
  }

  nothing(conn = 1) {
    return this.take({ event: 'audit' }, conn);
  }

  jump(byMs: number) {
    return this.take({ event: 'clock_jump', data: { of: 'machine', byMs } });
  }
}

/** A guard in each phase, at second 100, with nothing near seen while it waits. */
const IN: Readonly<Record<GuardPhase, () => Reading>> = {
  agreeing: () => new Reading().at(100),
  leaning: () => {
    const reading = new Reading().at(100);
    reading.bar();
    return reading;
  },
  wondering: () => {
    const reading = new Reading().at(100);
    reading.tick(-HOUR);
    return reading;
  },
  conflict: () => {
    const reading = new Reading().at(98);
    reading.beat(HOUR);
    reading.at(100).beat(HOUR);
    return reading;
  },
};

/** Lets each event happen, in a phase where it can; null where it cannot. */
const HAPPENS: Readonly<Record<GuardEvent, (reading: Reading, phase: GuardPhase) => string | null>> = {
  agrees: (reading) => reading.at(101).beat(),
  contradicts: (reading) => reading.at(101).beat(HOUR),
  doubts: (reading) => reading.at(101).beat(-HOUR, 'late'),
  insists: (reading, phase) => {
    if (phase === 'agreeing' || phase === 'leaning') return null;
    reading.at(101).beat(HOUR);
    return reading.at(102).beat(HOUR);
  },
  near: (reading) => reading.at(101).tick(),
  runs: (reading, phase) => {
    if (phase !== 'wondering') return null;
    reading.at(101).tick();
    return reading.at(102.5).tick();
  },
  odd: (reading) => reading.at(101).tick(HOUR),
  late: (reading) => {
    reading.guard.foundDelayed('BHP');
    // Only while something agreed of late.
    reading.guard.near((START_MS + 100_000) * 1000, 'EURUSD');
    return reading.at(101).tick(-HOUR, 'BHP');
  },
  leans: (reading) => reading.at(101).bar(),
  jumped: (reading) => reading.at(101).jump(7_200_000),
  over: (reading, phase) => (phase === 'agreeing' ? null : reading.at(120).nothing()),
  over_against: (reading, phase) => {
    if (phase !== 'wondering') return null;
    for (let s = 101; s < 110; s++) reading.at(s).tick(-HOUR);
    return reading.at(120).nothing();
  },
  other: (reading) => reading.at(101).nothing(),
};
const WORD = { go: 'go', wait: 'wait', stop: 'stop' } as const;

describe('every pair of phase and event', () => {
  for (const phase of Object.keys(GUARD_TRANSITIONS) as GuardPhase[])
    for (const event of Object.keys(HAPPENS) as GuardEvent[])
      test(`${phase}, ${event}`, () => {
        const reading = IN[phase]();
        expect(reading.guard.phase).toBe(phase);
        const word = HAPPENS[event](reading, phase);
        if (word === null) return;
        const { does, to } = GUARD_TRANSITIONS[phase][event];
        expect([word, reading.guard.phase]).toEqual([WORD[does], to]);
      });

  test('a wait always has a way out, and what ends a conflict is not read past', () => {
    for (const phase of ['leaning', 'wondering'] as const)
      expect(GUARD_TRANSITIONS[phase].over).toEqual({ to: 'agreeing', does: 'go' });
    expect(new Set(Object.values(GUARD_TRANSITIONS.conflict).map(({ to }) => to))).toEqual(
      new Set(['conflict']),
    );
  });
});

test('one tick of another time never stops anything, whatever its time is', () => {
  for (const offS of [HOUR, -HOUR, 400 * 86_400, -20_000 * 86_400, 1500, -1500]) {
    const reading = new Reading().at(0);
    expect(reading.tick(offS, 'UK100')).toBe('wait');
    expect(reading.at(0.5).tick()).toBe('wait');
    expect(reading.at(1).beat()).toBe('go');
  }
});

test('without heartbeats, near ticks that move with ours say that the clock is right', () => {
  const reading = new Reading().at(0);
  expect(reading.tick(-1500, 'BHP')).toBe('wait');
  expect(reading.at(0.2).tick()).toBe('wait');
  expect(reading.at(1.4).tick()).toBe('go');
});

test('one heartbeat of another hour is no clock', () => {
  const reading = new Reading().at(0);
  reading.beat();
  expect(reading.at(1).beat(HOUR)).toBe('wait');
  expect(reading.at(2).beat()).toBe('go');
  // Nor are two that do not run.
  expect(reading.at(3).beat(HOUR)).toBe('wait');
  expect(reading.at(4).beat(2 * HOUR)).toBe('wait');
  expect(reading.at(5).beat()).toBe('go');
});

test('a symbol that was found delayed waits like what leans on the rule while the clock agrees, and then again for it', () => {
  const reading = new Reading().at(0);
  reading.beat();
  reading.guard.foundDelayed('BHP');
  expect(reading.at(30).tick(-1500, 'BHP')).toBe('wait');
  expect(reading.guard.phase).toBe('leaning');
  expect(reading.at(30.5).tick()).toBe('go');
  expect(reading.at(91).tick(-1500, 'BHP')).toBe('wait');
  expect(reading.guard.phase).toBe('wondering');
  expect(reading.at(92).beat()).toBe('go');
  // From the future is another matter, and a symbol that is on time again is not delayed.
  expect(reading.at(93).tick(1500, 'BHP')).toBe('wait');
  expect(reading.at(94).beat()).toBe('go');
  reading.guard.near((START_MS + 95_000) * 1000, 'BHP');
  expect(reading.guard.delayed.size).toBe(0);
});

test('ticks of a known delayed symbol are no clock, however long it is alone', () => {
  const guard = new Guard({ delayed: ['BHP'], agreedUs: 0 });
  const reading = new Reading(guard);
  const words = Array.from({ length: 60 }, (_, s) => reading.at(s).tick(-1500, 'BHP'));
  expect(words).not.toContain('stop');
  expect(words.filter((word) => word === 'anew')).toHaveLength(2);
});

test('a clock that was set back is in doubt at once, and in conflict when it runs on, before its heartbeats are clean', () => {
  const reading = new Reading().at(0);
  reading.beat();
  expect(reading.at(0.5).bar()).toBe('wait');
  expect(reading.at(2).beat(-HOUR, 'late')).toBe('wait');
  expect(reading.at(3).beat(-HOUR, 'late')).toBe('wait');
  expect(reading.at(4).beat(-HOUR, 'late')).toBe('stop');
});

test('heartbeats that lay in a queue for half an hour are waited out, and what came with them is as old as it says', () => {
  const reading = new Reading().at(0);
  reading.beat();
  for (let i = 0; i < 1800; i++)
    expect(reading.at(1800 + i / 100).beat(i - 1800 - i / 100, 'late')).toBe('wait');
  expect(reading.at(1819).tick(-1800)).toBe('wait');
  expect(reading.at(1820).beat()).toBe('go');
});

test('a queue that empties slowly is waited out as well: each heartbeat out of it promises the next', () => {
  const reading = new Reading().at(0);
  reading.beat();
  const words = Array.from({ length: 600 }, (_, i) =>
    reading.at(1800 + i / 20).beat(i - 1800 - i / 20, 'late'),
  );
  expect(new Set(words)).toEqual(new Set(['wait']));
  expect(reading.at(1831).beat()).toBe('go');
});

test('a new connection is waited for: its heartbeats have not come yet', () => {
  const reading = new Reading().at(0);
  expect(reading.tick(HOUR)).toBe('wait');
  expect(reading.at(600).nothing(2)).toBe('wait');
  expect(reading.at(602).nothing(2)).toBe('wait');
  expect(reading.at(621).nothing(2)).toBe('go');
});

test('what leans on the rule waits for its next witness, and not long', () => {
  const reading = new Reading().at(0);
  expect(reading.bar()).toBe('wait');
  expect(reading.at(0.1).tick()).toBe('go');
  expect(reading.at(1).bar()).toBe('wait');
  expect(reading.at(3.9).bar()).toBe('wait');
  expect(reading.at(4.1).bar()).toBe('anew');
  // Where our own clock stands, three seconds never pass.
  expect(reading.at(4.2).tick(0, 'EURUSD', 'live~h')).toBe('go');
});
