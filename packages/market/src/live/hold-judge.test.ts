import { describe, expect, test } from 'vitest';
import type { WireMessage } from '../tables/wire.ts';
import {
  HOLD_TRANSITIONS,
  type HoldEvent,
  HoldJudge,
  type HoldOutcome,
  type HoldPhase,
} from './hold-judge.ts';
import { parseClockRule } from '../time/parse-clock-rule.ts';
import { Rulings } from './ruling.ts';

const START_MS = Date.UTC(2026, 5, 24, 12);
const RULE = parseClockRule('UTC+3h');
const HOUR = 3600;
const us = (second: number): number => (START_MS + second * 1000) * 1000;

/** A hold from second 0 on. `offS`: how far what is stated is from what is true; `machineS`: how far our own clock is. */
class Held {
  readonly judge: HoldJudge;
  machineS = 0;
  #sleptS = 0;
  outcome: HoldOutcome | null = null;

  constructor(why: 'unconfirmed' | 'conflict') {
    this.judge = new HoldJudge({ why, fromUs: 0, rule: RULE, rulings: new Rulings() });
  }

  #take(second: number, o: { mark?: string; message?: object; event?: string; data?: unknown }): this {
    const line = { mark: o.mark ?? null, event: o.event ?? null, data: o.data ?? null };
    const tsRecv = us(second + this.#sleptS + this.machineS);
    this.outcome ??= this.judge.take({ ...line, tsRecv }, (o.message as WireMessage | undefined) ?? null);
    return this;
  }

  #time(second: number, offS: number): string {
    return new Date(START_MS + (second + this.#sleptS + offS + 3 * HOUR) * 1000).toISOString();
  }

  beat(second: number, offS = 0): this {
    const data = { connected: true, serverTime: this.#time(second, offS) };
    return this.#take(second, { mark: 'clean', message: { type: 'terminal', data } });
  }

  tick(second: number, offS = 0): this {
    const data = { bid: 1, ask: 2, time: this.#time(second, offS) };
    return this.#take(second, { mark: 'live', message: { type: 'tick', symbol: 'EURUSD', data } });
  }

  /** The machine slept until this second, by its monotonic clock: all other clocks went on. */
  slept(second: number, forS: number): this {
    this.#sleptS += forS;
    return this.#take(second, { event: 'clock_jump', data: { of: 'machine', byMs: forS * 1000 } });
  }

  set(second: number, machineS: number): this {
    const byMs = (machineS - this.machineS) * 1000;
    this.machineS = machineS;
    return this.#take(second, { event: 'clock_jump', data: { of: 'machine', byMs } });
  }
}

const IN: Readonly<Record<HoldPhase, () => Held>> = {
  silent: () => new Held('unconfirmed'),
  contradicted: () => new Held('conflict').beat(0, HOUR),
  agreeing: () => new Held('conflict').beat(0, HOUR).beat(1),
};
const HAPPENS: Readonly<Record<HoldEvent, (held: Held) => Held>> = {
  agrees: (held) => held.beat(10),
  contradicts: (held) => held.beat(10, 2 * HOUR),
  insists: (held) => held.beat(10, 2 * HOUR).beat(11, 2 * HOUR),
  runs: (held) => held.tick(10).tick(13),
  runs_against: (held) => held.tick(10, HOUR).tick(16, HOUR),
  other: (held) => held.tick(10),
};

describe('every pair of phase and event', () => {
  for (const phase of Object.keys(HOLD_TRANSITIONS) as HoldPhase[])
    for (const event of Object.keys(HAPPENS) as HoldEvent[])
      test(`${phase}, ${event}`, () => {
        const held = IN[phase]();
        expect(held.judge.phase).toBe(phase);
        HAPPENS[event](held);
        const to = HOLD_TRANSITIONS[phase][event];
        expect(held.outcome?.kind ?? held.judge.phase).toBe(to);
      });
});

test('a clock that agrees again for a minute sets aside what came before it did', () => {
  const held = new Held('conflict');
  for (let s = 0; s < 10; s++) held.beat(s, HOUR);
  for (let s = 10; s < 70; s++) held.beat(s);
  expect(held.outcome).toBeNull();
  held.beat(70);
  expect(held.outcome).toMatchObject({ kind: 'set_aside', toUs: us(10), to: { recvUs: us(10) } });
});

test('a minute is counted anew when it contradicts once more', () => {
  const held = new Held('conflict').beat(0, HOUR);
  for (let s = 1; s < 59; s++) held.beat(s);
  held.beat(59, HOUR);
  for (let s = 60; s < 120; s++) held.beat(s);
  expect(held.outcome).toBeNull();
  expect(held.beat(120).outcome).toMatchObject({ kind: 'set_aside', toUs: us(60) });
});

test('our own clock was wrong at the start, and is set: what came before was received that much later', () => {
  for (const wrongS of [-2 * HOUR, 2 * HOUR]) {
    const held = new Held('unconfirmed');
    held.machineS = wrongS;
    for (let s = 0; s < 20; s++) held.beat(s);
    expect(held.judge.phase).toBe('contradicted');
    held.set(20, 0);
    expect(held.outcome).toBeNull();
    held.beat(21);
    expect(held.outcome).toEqual({
      kind: 'corrected',
      receipts: [{ kind: 'receipt', fromUs: 0, toUs: us(20), byUs: -wrongS * 1e6 }],
    });
  }
});

test('it is set in two steps: each stretch is corrected by all that followed', () => {
  const held = new Held('conflict');
  held.machineS = -3 * HOUR;
  for (let s = 0; s < 5; s++) held.beat(s);
  held.set(5, -2 * HOUR);
  for (let s = 6; s < 10; s++) held.beat(s);
  expect(held.outcome).toBeNull();
  held.set(10, 0).beat(11);
  expect(held.outcome).toMatchObject({
    receipts: [
      { fromUs: 0, toUs: us(5 - 2 * HOUR), byUs: 3 * HOUR * 1e6 },
      { fromUs: us(5 - 2 * HOUR), toUs: us(10), byUs: 2 * HOUR * 1e6 },
    ],
  });
});

test('a jump of our own clock that explains nothing ends nothing', () => {
  const held = new Held('conflict').beat(0, 3 * HOUR).beat(1, 3 * HOUR);
  held.set(2, HOUR);
  expect([held.outcome, held.judge.phase]).toEqual([null, 'contradicted']);
});

test('a jump that would explain what contradicted explains nothing while it contradicts, nor what agreed before', () => {
  const asleep = new Held('conflict').beat(0, HOUR).beat(1, HOUR);
  asleep.slept(2, HOUR);
  for (let s = 3; s < 9; s++) asleep.beat(s, HOUR);
  expect([asleep.outcome, asleep.judge.phase]).toEqual([null, 'contradicted']);
  // The server was set right again before the machine slept for as long.
  const agreed = new Held('conflict').beat(0, HOUR).beat(1, HOUR).beat(2);
  agreed.slept(3, HOUR);
  for (let s = 4; s < 10; s++) agreed.beat(s);
  expect([agreed.outcome, agreed.judge.phase]).toEqual([null, 'agreeing']);
});

test('a sleep between a wrong clock and its setting is no part of the correction', () => {
  const held = new Held('conflict');
  held.machineS = -2 * HOUR;
  held.beat(0).beat(1);
  held.slept(2, 3 * HOUR);
  held.beat(3).beat(4);
  held.set(5, 0).beat(6);
  expect(held.outcome).toMatchObject({
    kind: 'corrected',
    receipts: [{ byUs: 2 * HOUR * 1e6 }, { byUs: 2 * HOUR * 1e6 }],
  });
});

test('a minute of agreement is a minute, however our own clock is set meanwhile', () => {
  const held = new Held('conflict')
    .beat(0, 5 * HOUR)
    .beat(1, 5 * HOUR)
    .beat(2);
  held.set(3, 600).beat(4);
  expect(held.outcome).toBeNull();
});

test('how a clock that contradicts stands to ours is measured while it runs', () => {
  const held = new Held('unconfirmed');
  for (let s = 0; s <= 30; s++) held.beat(s, 2 * HOUR);
  expect(held.judge.measured?.differenceS).toBeCloseTo(5 * HOUR);
  expect(held.judge.measured?.forUs).toBe(30_000_000);
  held.beat(31, HOUR);
  expect(held.judge.measured?.forUs).toBe(0);
});
