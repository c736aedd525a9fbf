// Guards the clock rule while lines are read. It judges the rule, never a single tick. In: line after line, each with its evidence about
// the clock. Out: whether the lines so far may become rows, wait for the next clock reading, or are in conflict with the rule.
//
//   agreeing ──leans──► leaning ──agrees, near, patience over──► agreeing
//      │  ▲                │
//      │  └── agrees, runs, patience over with nothing against ──┐
//      └──odd, contradicts, doubts─┴──► wondering ──────────────┤
//                                                               └──insists, jumped, patience over with much against──► conflict
//
// Every wait ends. A heartbeat of a running clock ends it within a second or two. Without heartbeats, live ticks that move with our clock
// end it. Otherwise patience runs out, measured by the receive times and the number of the lines that follow, never by the time of
// reading. So reading the tape again waits and ends in the same places.

import { isAfterJump, isMistimed } from './mark.ts';
import type { ClockSight } from './line-sight.ts';
import { RunningClock } from './running-clock.ts';

export type GuardPhase = 'agreeing' | 'leaning' | 'wondering' | 'conflict';

export type GuardEvent =
  /** A running clock agrees with the rule. */
  | 'agrees'
  /** A running clock contradicts the rule. */
  | 'contradicts'
  /** It contradicts twice in a row, at our pace; or doubtful heartbeats run for two seconds. */
  | 'insists'
  /** A heartbeat is later than queueing explains: the broker's clock may have been set back. */
  | 'doubts'
  /** A tick close to its receive time. */
  | 'near'
  /** Near ticks have advanced with our clock for a while. */
  | 'runs'
  /** A tick far from its receive time. */
  | 'odd'
  /** The same, of a symbol that is known to be delayed. Only the next clock reading shows whether it still is. */
  | 'late'
  /** A line whose time only the rule vouches for, such as a bar or a trade. */
  | 'leans'
  /** Our own clock was set by a minute or more. */
  | 'jumped'
  /** Patience has run out, and the lines that came meanwhile show no running clock. */
  | 'over'
  /** Patience has run out, and odd ticks have advanced with our clock. */
  | 'over_against'
  | 'other';

/** `go`: rows may be made up to and including this line. */
export interface GuardTransition {
  readonly to: GuardPhase;
  readonly does: 'go' | 'wait' | 'stop';
}

const goes: GuardTransition = { to: 'agreeing', does: 'go' };
const leans: GuardTransition = { to: 'leaning', does: 'wait' };
const wonders: GuardTransition = { to: 'wondering', does: 'wait' };
const stops: GuardTransition = { to: 'conflict', does: 'stop' };

const all = (transition: GuardTransition): Record<GuardEvent, GuardTransition> => ({
  agrees: transition,
  contradicts: transition,
  insists: transition,
  doubts: transition,
  near: transition,
  runs: transition,
  odd: transition,
  late: transition,
  leans: transition,
  jumped: transition,
  over: transition,
  over_against: transition,
  other: transition,
});

export const GUARD_TRANSITIONS: Readonly<Record<GuardPhase, Readonly<Record<GuardEvent, GuardTransition>>>> =
  {
    agreeing: {
      ...all(goes),
      contradicts: wonders,
      insists: wonders,
      doubts: wonders,
      odd: wonders,
      late: leans,
      leans,
    },
    leaning: {
      ...all(leans),
      agrees: goes,
      near: goes,
      runs: goes,
      over: goes,
      over_against: goes,
      contradicts: wonders,
      insists: wonders,
      doubts: wonders,
      odd: wonders,
    },
    wondering: {
      ...all(wonders),
      agrees: goes,
      runs: goes,
      over: goes,
      insists: stops,
      jumped: stops,
      over_against: stops,
    },
    conflict: all(stops),
  };

/** How long a line that only the rule vouches for waits for a witness. */
const LEAN_US = 3_000_000;
/**
 * How long an odd tick waits for a running clock, counted from its line or from the start of the connection. Lines right after a jump of
 * our own clock wait as long: the machine may have slept for days.
 */
const WONDER_US = 20_000_000;
/** The most lines that may wait: they are in memory. */
const MOST_LINES = 50_000;
/** Near ticks that have advanced for this long count as a clock. */
const RUN_US = 1_000_000;
/** Odd ticks count as a clock after this long, by advancing or by their number; a near tick rules that out. */
const AGAINST_US = 5_000_000;
const AGAINST_TICKS = 10;
/** Doubtful heartbeats are a conflict after this long. Must be shorter than the heartbeat judge takes to call a heartbeat clean. */
const DOUBT_US = 2_000_000;
/** How long the clock counts as agreeing after the last agreement. */
const FRESH_US = 60_000_000;
const JUMP_MS = 60_000;

/** What the guard remembers while nothing waits. */
export interface GuardState {
  /** Symbols that were found delayed while the clock agreed. */
  readonly delayed: readonly string[];
  /** Receive time of the last line that agreed. */
  readonly agreedUs: number;
}

interface GuardedLine {
  readonly tsRecv: number;
  readonly conn: number;
  readonly mark: string | null;
  readonly event: string | null;
  readonly data: unknown;
}

/** What is known about the waiting lines. */
class Wait {
  readonly near = new RunningClock();
  readonly odd = new RunningClock();
  readonly doubts = new RunningClock();
  readonly isAfterJump: boolean;
  fromUs: number;
  conn: number;
  lines = 0;
  nears = 0;
  odds = 0;
  oddFromUs = 0;
  oddToUs = 0;
  oddRunUs = 0;
  /** The last running clock that contradicted the rule. */
  against: RunningClock | null = null;

  constructor({ conn, mark, tsRecv }: GuardedLine) {
    this.fromUs = tsRecv;
    this.conn = conn;
    this.isAfterJump = isAfterJump(mark);
  }

  takeOdd({ receivedUs, time }: ClockSight, tsRecv: number): void {
    if (this.odds++ === 0) this.oddFromUs = tsRecv;
    this.oddToUs = tsRecv;
    if (time !== null) this.oddRunUs = Math.max(this.oddRunUs, this.odd.take(time.ms, receivedUs));
  }

  get isAgainst(): boolean {
    if (this.nears > 0) return false;
    const many = this.odds >= AGAINST_TICKS && this.oddToUs - this.oddFromUs >= AGAINST_US;
    return many || this.oddRunUs >= AGAINST_US;
  }
}

export class Guard {
  #phase: GuardPhase = 'agreeing';
  #wait: Wait | null = null;
  readonly #delayed: Set<string>;
  #agreedUs: number;

  constructor(state: GuardState = { delayed: [], agreedUs: Number.NEGATIVE_INFINITY }) {
    this.#delayed = new Set(state.delayed);
    this.#agreedUs = state.agreedUs;
  }

  get phase(): GuardPhase {
    return this.#phase;
  }

  get delayed(): ReadonlySet<string> {
    return this.#delayed;
  }

  save(): GuardState {
    return { delayed: [...this.#delayed], agreedUs: this.#agreedUs };
  }

  /** A near tick while nothing waits: the hot path. */
  near(tsRecv: number, symbol: string): void {
    this.#agreedUs = tsRecv;
    if (this.#delayed.size > 0) this.#delayed.delete(symbol);
  }

  /**
   * Takes a line. `go`: all lines up to it may become rows. `wait`: it joins the waiting lines. `anew`: the waiting lines may become rows,
   * and this line begins a new wait. `stop`: the waiting lines and this line are in conflict with the rule.
   */
  take(line: GuardedLine, sight: ClockSight | null): 'go' | 'wait' | 'anew' | 'stop' {
    const event = this.#event(line, sight);
    const patience = this.#patience(line);
    if (patience === null || GUARD_TRANSITIONS[this.#phase][event].does !== 'wait')
      return this.#apply(event, line, sight);
    if (this.#apply(patience, line, null) === 'stop') return 'stop';
    return this.#apply(this.#event(line, sight), line, sight) === 'wait' ? 'anew' : 'go';
  }

  /** No further line will come: the same as when patience runs out. */
  end(): 'go' | 'stop' {
    const against = this.#wait?.isAgainst === true && this.#phase === 'wondering';
    const { does, to } = GUARD_TRANSITIONS[this.#phase][against ? 'over_against' : 'over'];
    this.#enter(to);
    return does === 'stop' ? 'stop' : 'go';
  }

  /** An old tick was released because the clock agrees: its symbol is delayed. */
  foundDelayed(symbol: string): void {
    this.#delayed.add(symbol);
  }

  #apply(event: GuardEvent, line: GuardedLine, sight: ClockSight | null): 'go' | 'wait' | 'stop' {
    const { does, to } = GUARD_TRANSITIONS[this.#phase][event];
    if (event === 'agrees' || event === 'near' || event === 'runs') this.#agreedUs = line.tsRecv;
    if (event === 'near' && sight?.symbol) this.#delayed.delete(sight.symbol);
    this.#enter(to);
    if (does !== 'wait') return does;
    this.#wait ??= new Wait(line);
    this.#wait.lines++;
    if (line.conn !== this.#wait.conn) {
      this.#wait.conn = line.conn;
      this.#wait.fromUs = line.tsRecv;
    }
    if (to === 'wondering' && sight !== null) this.#remember(this.#wait, event, line, sight);
    return does;
  }

  #enter(phase: GuardPhase): void {
    // Leaning and wondering are two separate waits, each with its own patience.
    if (phase !== this.#phase) this.#wait = null;
    this.#phase = phase;
  }

  #remember(wait: Wait, event: GuardEvent, line: GuardedLine, sight: ClockSight): void {
    if (event === 'near') wait.nears++;
    // A symbol that is known to be delayed is no clock, however long it has been alone.
    if (event === 'odd' && sight.word !== 'stray' && !this.#delayed.has(sight.symbol ?? ''))
      wait.takeOdd(sight, line.tsRecv);
    // While the clock is in doubt its next word is worth waiting for.
    if (event === 'doubts') wait.fromUs = line.tsRecv;
    if (event === 'doubts' && sight.time !== null) wait.doubts.take(sight.time.ms, sight.receivedUs);
    if (event === 'contradicts' && sight.time !== null) {
      wait.against = new RunningClock();
      wait.against.take(sight.time.ms, sight.receivedUs);
    }
  }

  #event(line: GuardedLine, sight: ClockSight | null): GuardEvent {
    if (sight === null) return hasJumped(line) ? 'jumped' : 'other';
    const { receivedUs, symbol, time, word } = sight;
    switch (word) {
      case 'contradicts':
        return time !== null && (this.#wait?.against?.take(time.ms, receivedUs) ?? 0) > 0
          ? 'insists'
          : 'contradicts';
      case 'doubts':
        return time !== null && (this.#wait?.doubts.take(time.ms, receivedUs) ?? 0) >= DOUBT_US
          ? 'insists'
          : 'doubts';
      case 'near':
        return time !== null && (this.#wait?.near.take(time.ms, receivedUs) ?? 0) >= RUN_US ? 'runs' : 'near';
      case 'old':
        return symbol !== null && this.#isDelayed(symbol, line.tsRecv) ? 'late' : 'odd';
      case 'ahead':
      case 'stray':
        return 'odd';
      default:
        return word;
    }
  }

  #isDelayed(symbol: string, tsRecv: number): boolean {
    return this.#delayed.has(symbol) && tsRecv - this.#agreedUs <= FRESH_US;
  }

  #patience({ conn, mark, tsRecv }: GuardedLine): 'over' | 'over_against' | null {
    const wait = this.#wait;
    if (wait === null) return null;
    const isLeaning = this.#phase === 'leaning';
    const waitedUs = conn === wait.conn ? tsRecv - wait.fromUs : 0;
    const patienceUs = isLeaning && !wait.isAfterJump ? LEAN_US : WONDER_US;
    // Made-up receive times cannot measure a wait, and nothing is compared with them.
    const isMadeUp = isMistimed(mark) && !isAfterJump(mark);
    const isOver = waitedUs >= patienceUs || (isLeaning && isMadeUp);
    if (!isOver && wait.lines < MOST_LINES) return null;
    return !isLeaning && wait.isAgainst ? 'over_against' : 'over';
  }
}

const hasJumped = ({ data, event }: GuardedLine): boolean => {
  if (event !== 'clock_jump') return false;
  const { byMs, of } = data as { of: string; byMs: number };
  return of === 'machine' && Math.abs(byMs) >= JUMP_MS;
};
