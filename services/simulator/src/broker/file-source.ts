// Plays a file of real ticks, each row exactly once. In: real time, and whether a client has subscribed: playing begins with the first
// subscription. Out: ticks in the market, at a chosen speed or as fast as the socket takes them. The broker's clock follows the file and then runs
// on in real time. With a kept day (kept-day.ts) a later start continues where the day is by then, so that no tick is made twice.

import { FxtapeError } from '@fxtape/ops';
import type { KeptDay } from '../prices/kept-day.ts';
import type { Market } from './market.ts';
import type { MinuteBars } from '../history/minute-bars.ts';
import type { TickFile } from '../prices/tick-file.ts';
import type { Demand, TickSource } from '../prices/tick-source.ts';
import { VirtualClock } from '../prices/virtual-clock.ts';

/** How long before the first row the clock begins; it waits just before that row. */
const LEAD_MS = 60_000;

export interface FileSourceOptions {
  readonly speed: number | 'max';
  readonly monoMs: number;
  /** Stores the progress; null: every start begins at the first row. */
  readonly kept: KeptDay | null;
  /** Called when the last row was played, also at a start after the end. */
  readonly onEnd: () => void;
}

export class FileSource implements TickSource {
  readonly #market: Market;
  readonly #file: TickFile;
  readonly #speed: number | 'max';
  readonly #kept: KeptDay | null;
  readonly #onEnd: () => void;
  #ended = false;
  /** Set when playing at a speed began. */
  #clock: VirtualClock | null = null;
  #next = 0;
  #paused = false;
  /** The clock between rows, in real time from this virtual time. */
  #idleFromUtcMs: number;
  #idleFromMonoMs: number;

  constructor(market: Market, file: TickFile, options: FileSourceOptions) {
    this.#market = market;
    this.#file = file;
    this.#speed = options.speed;
    this.#kept = options.kept;
    this.#onEnd = options.onEnd;
    this.#idleFromUtcMs = (file.utcMs[0] as number) - LEAD_MS;
    this.#idleFromMonoMs = options.monoMs;
    const goesOnAt = options.kept?.nowUtcMs(file.utcMs[file.rows - 1] as number) ?? null;
    if (goesOnAt !== null) this.#goOn(goesOnAt, options.monoMs);
  }

  advance(monoMs: number, demand: Demand): boolean {
    const done = this.#advance(monoMs, demand);
    if (!this.#ended && this.#next >= this.#file.rows) {
      this.#ended = true;
      this.#onEnd();
    }
    return done;
  }

  #advance(monoMs: number, demand: Demand): boolean {
    if (this.#paused || this.#next >= this.#file.rows) return true;
    if (this.#speed === 'max') {
      if (!demand.subscribed) return true;
      this.#play(demand.maxTicks, Number.POSITIVE_INFINITY, monoMs);
      return this.#next >= this.#file.rows;
    }
    if (this.#clock === null) {
      if (!demand.subscribed) return true;
      this.#clock = new VirtualClock(this.#utcOf(0), monoMs, this.#speed);
      this.#kept?.save(this.#utcOf(0), this.#speed);
    }
    return this.#play(demand.maxTicks, this.#clock.at(monoMs), monoMs);
  }

  nowUtcMs(monoMs: number): number {
    const running = this.#clock !== null && !this.#paused && this.#next < this.#file.rows;
    const now = running
      ? (this.#clock as VirtualClock).at(monoMs)
      : this.#idleFromUtcMs + (monoMs - this.#idleFromMonoMs);
    // Never past the next row.
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
    throw this.#notHere('single ticks in addition to a file');
  }

  close(monoMs: number): void {
    if (this.#next > 0) this.#keep(monoMs);
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

  /** An earlier start played until `utcMs`: its rows go into the bars, and the last one is the quote. */
  #goOn(utcMs: number, monoMs: number): void {
    const { bid, ask, rows } = this.#file;
    const bars = this.#market.bars[0] as MinuteBars;
    while (this.#next < rows && this.#utcOf(this.#next) <= utcMs) {
      const i = this.#next++;
      const quote = { utcMs: this.#utcOf(i), bid: bid[i] as number, ask: ask[i] as number };
      bars.add(quote.utcMs, quote.bid, quote.ask - quote.bid);
      this.#market.tape.setInitial(0, { ...quote, last: 0, volume: 0 });
    }
    if (this.#speed !== 'max') this.#clock = new VirtualClock(utcMs, monoMs, this.#speed);
    this.#idle(utcMs, monoMs);
    this.#keep(monoMs);
  }

  #keep(monoMs: number): void {
    if (this.#speed !== 'max') this.#kept?.save(this.nowUtcMs(monoMs), this.#speed);
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
      message: `${what} cannot be set`,
    });
  }
}
