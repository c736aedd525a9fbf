// Watches three clocks of a live stream against each other: the machine's wall clock, its monotonic clock, which nobody sets, and the server's.
// In: each frame's two receive times, and the server's time that heartbeats and live ticks state. Out: jumps, which clocks are
// unsteady at a moment, and the skew of the server's clock.
//
//   wall against monotonic     ─► the machine's clock jumped: set by hand or by NTP, or the machine slept
//   server against monotonic   ─► the server's clock jumped. What comes late only makes it look slower, so a jump forwards is one that is ahead of
//                                 everything seen before, and a jump backwards is a heartbeat that states less than the one before
//   server against wall        ─► the skew. What is stated was true when it was sent: the newest is the truest
//
// Three things are no evidence: a time that does not move, a frame that waited in a queue, and a snapshot, which the caller leaves out.

import type { Unsteady } from './mark.ts';

export interface ClockJump {
  readonly of: 'machine' | 'server';
  /** Forwards when positive. */
  readonly byMs: number;
}

/** The server's clock minus the machine's. The true value lies within `ms ± uncertaintyMs`, less the shortest way of a frame, which no clock here shows. */
export interface Skew {
  readonly ms: number;
  readonly uncertaintyMs: number;
  /** Stated times that it rests on. */
  readonly sights: number;
}

export interface Received {
  /** Wall clock, UTC microseconds. */
  readonly recvUs: number;
  readonly monoMs: number;
}

export interface ServerSight extends Received {
  /** What the server states, in UTC by the clock rule in force. */
  readonly utcMs: number;
  /** What the text of it leaves open: 1000 without milliseconds. */
  readonly resolutionMs: number;
}

/** Smaller steps of the wall clock are ignored: NTP steps it from 128 ms on. */
export const MACHINE_JUMP_MS = 200;
/** Frames come late by seconds; a clock that is ahead by more than this is another clock. */
export const SERVER_JUMP_MS = 2000;
/** How long lines are marked after a jump. */
export const UNSTEADY_MS = 5000;
/** Without a moving heartbeat for this long, two clocks may have drifted apart: what was learned is forgotten. */
const BLIND_MS = 60_000;
/** From this error on the machine's clock counts as wrong. */
const STRAY_MS = 60_000;
/** A heartbeat at most this late still shows where the server's clock is. */
const MOST_LATE_MS = 10_000;
const WINDOW_MS = 60_000;
/** How many stated times are needed before anything is concluded. */
const LEAST_SIGHTS = 3;
/** Delays of the newest sights, of which the median says how far frames spread. */
const RING = 64;

/** The largest of the values of one to two windows. */
class Newest {
  #fromMs = Number.NEGATIVE_INFINITY;
  #now = Number.NEGATIVE_INFINITY;
  #before = Number.NEGATIVE_INFINITY;
  sights = 0;

  get best(): number {
    return Math.max(this.#now, this.#before);
  }

  learn(value: number, monoMs: number): void {
    if (monoMs - this.#fromMs >= WINDOW_MS) {
      this.#before = monoMs - this.#fromMs >= 2 * WINDOW_MS ? Number.NEGATIVE_INFINITY : this.#now;
      this.#now = Number.NEGATIVE_INFINITY;
      this.#fromMs = monoMs;
    }
    this.sights++;
    if (value > this.#now) this.#now = value;
  }
}

export class ClockWatch {
  readonly #paced: boolean;
  #newestUs: number;
  #wallMinusMono: number | null = null;
  /** The skew that the machine's jumps explain, while its clock is wrong by them. */
  #strayMs: number | null = null;
  #machineUntil = Number.NEGATIVE_INFINITY;
  #serverUntil = Number.NEGATIVE_INFINITY;
  #heartbeat: { readonly utcMs: number; readonly monoMs: number } | null = null;
  /** What the text of a heartbeat leaves open. */
  #openMs = 0;
  /** Server minus monotonic. */
  #ahead = new Newest();
  /** Server minus wall. */
  #skew = new Newest();
  #resolutionMs = Number.POSITIVE_INFINITY;
  #lastSightMs = Number.NEGATIVE_INFINITY;
  #ring: number[] = [];
  #ringAt = 0;

  /**
   * `paced` is false for gateways that play an old day at a speed of their own: their clock is compared with nothing.
   * `newestUs`: the newest receive time on the tape.
   */
  constructor(o: { readonly paced: boolean; readonly newestUs: number }) {
    this.#paced = o.paced;
    this.#newestUs = o.newestUs;
  }

  /** Takes the receive times of one item; must be asked before anything else about that item. */
  machine({ monoMs, recvUs }: Received): ClockJump | null {
    const difference = recvUs / 1000 - monoMs;
    const before = this.#wallMinusMono;
    this.#wallMinusMono = difference;
    if (recvUs > this.#newestUs) this.#newestUs = recvUs;
    if (before === null || Math.abs(difference - before) < MACHINE_JUMP_MS) return null;
    const byMs = difference - before;
    const knownMs = this.#strayMs ?? (this.#skew.sights < LEAST_SIGHTS ? null : this.#skew.best);
    const expectedMs = knownMs === null ? null : knownMs - byMs;
    this.#strayMs = expectedMs !== null && Math.abs(expectedMs) >= STRAY_MS ? expectedMs : null;
    this.#machineUntil = monoMs + UNSTEADY_MS;
    // Of a machine that slept the monotonic clock may have slept as well: then the server did not jump.
    this.#forgetServer();
    return { of: 'machine', byMs: Math.round(byMs) };
  }

  /** Takes a heartbeat that no queue delayed. */
  heartbeat(sight: ServerSight): ClockJump | null {
    if (!this.#paced) return null;
    const { monoMs, utcMs } = sight;
    const last = this.#heartbeat;
    if (last !== null && utcMs === last.utcMs) return null;
    if (last === null || monoMs - last.monoMs > BLIND_MS) this.#forgetServer();
    this.#heartbeat = { utcMs, monoMs };
    this.#followStray(sight);
    this.#openMs = sight.resolutionMs > 1 ? sight.resolutionMs : 0;
    const byMs = utcMs - monoMs - this.#ahead.best;
    const known = this.#ahead.sights >= LEAST_SIGHTS;
    const jumped = known && last !== null && (utcMs + this.#openMs < last.utcMs || this.#isAhead(sight));
    if (jumped) {
      this.#forgetServer();
      this.#serverUntil = monoMs + UNSTEADY_MS;
    }
    this.#learn(sight);
    return jumped ? { of: 'server', byMs: Math.round(byMs) } : null;
  }

  /** Takes a live tick. True: its time is ahead of every heartbeat's, so it is timed by a clock that nobody has confirmed yet. */
  tick(sight: ServerSight): boolean {
    if (!this.#paced) return false;
    if (this.#ahead.sights >= LEAST_SIGHTS && this.#isAhead(sight)) return true;
    // A tick alone does not show that the clock runs.
    if (this.#heartbeat !== null && sight.monoMs - this.#heartbeat.monoMs <= BLIND_MS) this.#learn(sight);
    return false;
  }

  /** Which clocks are unsteady for an item received now; null: none. */
  unsteady({ monoMs, recvUs }: Received): Unsteady | null {
    const machine = monoMs < this.#machineUntil;
    const held = this.held(recvUs);
    const server = monoMs < this.#serverUntil;
    return machine || held || server ? { machine, held, server } : null;
  }

  /** At this wall clock, receive times are made up, because it is behind the tape: no span of them is a duration. */
  held(wallUs: number): boolean {
    return this.#newestUs - wallUs >= MACHINE_JUMP_MS * 1000;
  }

  /** Null: unknown, because no clock was seen to run of late. */
  skew(monoMs: number): Skew | null {
    if (this.#skew.sights < LEAST_SIGHTS || monoMs - this.#lastSightMs > BLIND_MS) return null;
    const sorted = this.#ring.toSorted((a, b) => a - b);
    const spreadMs = Math.max(0, this.#skew.best - (sorted[Math.floor(sorted.length / 2)] as number));
    const openMs = this.#resolutionMs - 1 + spreadMs;
    return {
      ms: Math.round(this.#skew.best + openMs / 2),
      uncertaintyMs: Math.ceil(openMs / 2),
      sights: this.#skew.sights,
    };
  }

  /** The clock rule changed: what was read by the old one is no evidence. */
  ruleChanged(): void {
    this.#heartbeat = null;
    this.#forgetServer();
  }

  /** As long as the machine's clock is wrong by exactly its jumps, lines stay marked: nothing may be judged by their receive times. */
  #followStray({ monoMs, recvUs, utcMs }: ServerSight): void {
    if (this.#strayMs === null) return;
    const unexplainedMs = utcMs - recvUs / 1000 - this.#strayMs;
    if (unexplainedMs > SERVER_JUMP_MS || unexplainedMs < -MOST_LATE_MS) this.#strayMs = null;
    else this.#machineUntil = monoMs + UNSTEADY_MS;
  }

  #isAhead({ monoMs, utcMs }: ServerSight): boolean {
    return utcMs - monoMs - this.#ahead.best > SERVER_JUMP_MS + this.#openMs;
  }

  #learn({ monoMs, recvUs, resolutionMs, utcMs }: ServerSight): void {
    const skew = utcMs - recvUs / 1000;
    this.#ahead.learn(utcMs - monoMs, monoMs);
    this.#skew.learn(skew, monoMs);
    this.#resolutionMs = Math.min(this.#resolutionMs, resolutionMs);
    this.#lastSightMs = monoMs;
    this.#ring[this.#ringAt++ % RING] = skew;
  }

  #forgetServer(): void {
    this.#ahead = new Newest();
    this.#skew = new Newest();
    this.#resolutionMs = Number.POSITIVE_INFINITY;
    this.#ring = [];
    this.#ringAt = 0;
  }
}
