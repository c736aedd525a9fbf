// Plays a file of real ticks, every row exactly once. In: real time, and whether a client has subscribed: playing begins
// with the first subscription. Out: ticks in the market, at a chosen speed or as fast as the socket takes them; the
// broker's clock follows the file, and after its end goes on in real time from the last tick.

import { FxtapeError } from '@fxtape/ops';
import type { Market } from './market.ts';
import type { TickFile } from './tick-file.ts';
import type { Demand, TickSource } from './tick-source.ts';
import { VirtualClock } from './virtual-clock.ts';

/** How long before the first row the clock begins; it waits just before that row. */
const LEAD_MS = 60_000;

export class FileSource implements TickSource {
  readonly #market: Market;
  readonly #file: TickFile;
  readonly #speed: number | 'max';
  /** Set when playing at a speed began. */
  #clock: VirtualClock | null = null;
  #next = 0;
  #paused = false;
  /** The clock between rows: from this virtual time on, in real time. */
  #idleFromUtcMs: number;
  #idleFromMonoMs: number;

  constructor(market: Market, file: TickFile, options: { speed: number | 'max'; monoMs: number }) {
    this.#market = market;
    this.#file = file;
    this.#speed = options.speed;
    this.#idleFromUtcMs = (file.utcMs[0] as number) - LEAD_MS;
    this.#idleFromMonoMs = options.monoMs;
  }

  advance(monoMs: number, demand: Demand): boolean {
    if (this.#paused || this.#next >= this.#file.rows) return true;
    if (this.#speed === 'max') {
      if (!demand.subscribed) return true;
      this.#play(demand.maxTicks, Number.POSITIVE_INFINITY, monoMs);
      return this.#next >= this.#file.rows;
    }
    if (this.#clock === null) {
      if (!demand.subscribed) return true;
      this.#clock = new VirtualClock(this.#file.utcMs[0] as number, monoMs, this.#speed);
    }
    return this.#play(demand.maxTicks, this.#clock.at(monoMs), monoMs);
  }

  nowUtcMs(monoMs: number): number {
    const running = this.#clock !== null && !this.#paused && this.#next < this.#file.rows;
    const now = running
      ? (this.#clock as VirtualClock).at(monoMs)
      : this.#idleFromUtcMs + (monoMs - this.#idleFromMonoMs);
    // Never past a row that is still to come.
    const bound = this.#next < this.#file.rows ? this.#utcOf(this.#next) : Number.POSITIVE_INFINITY;
    const before = this.#next === 0 ? bound - 1 : bound;
    return Math.floor(Math.min(now, before));
  }

  pause(monoMs: number): void {
    if (this.#paused) return;
    this.#idle(this.nowUtcMs(monoMs), monoMs);
    this.#paused = true;
  }

  resume(monoMs: number): void {
    if (!this.#paused) return;
    const now = this.nowUtcMs(monoMs);
    this.#paused = false;
    this.#idle(now, monoMs);
    this.#clock?.set(now, monoMs);
  }

  setRate(): never {
    throw this.#notHere('the rate of a file');
  }

  setClock(): never {
    throw this.#notHere('the clock of a file');
  }

  emit(): never {
    throw this.#notHere('single ticks besides a file');
  }

  state(): Record<string, unknown> {
    const rows = this.#file.rows;
    return {
      kind: 'file',
      paused: this.#paused,
      speed: this.#speed,
      rows,
      played: this.#next,
      ended: this.#next >= rows,
    };
  }

  /** True when every row due by `untilUtcMs` was made. */
  #play(maxTicks: number, untilUtcMs: number, monoMs: number): boolean {
    const file = this.#file;
    let made = 0;
    while (this.#next < file.rows && this.#utcOf(this.#next) <= untilUtcMs) {
      if (made === maxTicks) break;
      const i = this.#next++;
      this.#market.record(0, this.#utcOf(i), file.bid[i] as number, file.ask[i] as number, 0, 0);
      made++;
    }
    if (made > 0) this.#idle(this.#utcOf(this.#next - 1), monoMs);
    return this.#next >= file.rows || this.#utcOf(this.#next) > untilUtcMs;
  }

  #idle(utcMs: number, monoMs: number): void {
    this.#idleFromUtcMs = utcMs;
    this.#idleFromMonoMs = monoMs;
  }

  #utcOf(row: number): number {
    return this.#file.utcMs[row] as number;
  }

  #notHere(what: string): FxtapeError {
    return new FxtapeError({
      code: 'SIMULATOR_SOURCE_CANNOT',
      kind: 'terminal',
      message: `${what} cannot be set`,
      hint: 'Start the simulator with a source of kind "market" for that',
    });
  }
}
