// The main loop of the simulation. In: real time. Out, once per slice and in this order: ticks up to the virtual now, their delivery to each
// account, due heartbeats, and writes to the sockets. A slice is one turn of the event loop, so that no message overtakes another.

import type { Market } from './broker/market.ts';
import type { EmittedTick, TickSource } from './prices/tick-source.ts';
import type { Terminal } from './terminal/terminal.ts';

/** Ticks are made and sent in slices of this many real milliseconds. */
const SLICE_MS = 4;

export interface EngineOptions {
  readonly market: Market;
  readonly source: TickSource;
  readonly terminals: readonly Terminal[];
  readonly monoMs: () => number;
  readonly heartbeatMs: number;
  /** Makes no more ticks while a socket has this many waiting; null when queues drop instead. */
  readonly waitAbove: number | null;
  /** Most ticks made in one slice. */
  readonly maxTicks: number;
  /** Free ticks that no socket needs. */
  readonly forget: boolean;
  /** Called with an error inside a slice, which ends the simulation. */
  readonly onError: (error: unknown) => void;
}

export class Engine {
  readonly #o: EngineOptions;
  #nextBeatMonoMs: number;
  #timer: NodeJS.Timeout | null = null;
  #immediate: NodeJS.Immediate | null = null;
  #running = false;

  constructor(options: EngineOptions) {
    this.#o = options;
    this.#nextBeatMonoMs = options.monoMs() + options.heartbeatMs;
    for (const terminal of options.terminals) this.adopt(terminal);
  }

  /** Adds a terminal: when its socket has room again, the engine continues. */
  adopt(terminal: Terminal): void {
    terminal.onRoom = () => this.#soon();
  }

  start(): void {
    this.#running = true;
    this.#soon();
  }

  stop(): void {
    this.#running = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    this.#timer = null;
    this.#immediate = null;
  }

  /** Makes and sends everything due. False when more is due already. */
  slice(): boolean {
    const { market, source, terminals } = this.#o;
    const monoMs = this.#o.monoMs();
    const from = market.tape.count + 1;
    const done = this.#mayMake()
      ? source.advance(monoMs, {
          maxTicks: this.#o.maxTicks,
          subscribed: terminals.some((terminal) => terminal.wantsTicks),
        })
      : true;
    this.#deliver(from);
    if (monoMs >= this.#nextBeatMonoMs) this.#beat(monoMs);
    for (const terminal of terminals) {
      const { connection } = terminal;
      if (connection === null) continue;
      if (connection.snapshots.waiting > 0) connection.snapshots.expire(monoMs);
      connection.outbox.pump();
    }
    if (this.#o.forget) this.#forget();
    return done;
  }

  /**
   * Stops making ticks and waits until the sockets have taken everything. False when one did not by the deadline; sockets held by a fault
   * are not waited for.
   */
  async pause(deadlineMs: number): Promise<boolean> {
    this.slice();
    this.#o.source.pause(this.#o.monoMs());
    const end = this.#o.monoMs() + deadlineMs;
    while (!this.#settled()) {
      if (this.#o.monoMs() >= end) return false;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return true;
  }

  resume(): void {
    this.slice();
    this.#o.source.resume(this.#o.monoMs());
    this.#soon();
  }

  /** Makes these ticks of one symbol now and sends them. Returns the number of the first. */
  emit(symbol: number, ticks: readonly EmittedTick[]): number {
    this.slice();
    const from = this.#o.market.tape.count + 1;
    this.#o.source.emit(symbol, ticks);
    this.#deliver(from);
    for (const terminal of this.#o.terminals) terminal.connection?.outbox.pump();
    return from;
  }

  #settled(): boolean {
    return this.#o.terminals.every(({ connection }) => {
      if (connection === null || !connection.open) return true;
      connection.outbox.pump();
      return connection.outbox.held || connection.outbox.idle;
    });
  }

  #deliver(from: number): void {
    const { market, terminals } = this.#o;
    const to = market.tape.count;
    const closed = market.takeClosed();
    if (to < from) return;
    for (const terminal of terminals) terminal.deliver(from, to, closed);
  }

  #beat(monoMs: number): void {
    const { heartbeatMs, terminals } = this.#o;
    this.#nextBeatMonoMs += heartbeatMs;
    if (this.#nextBeatMonoMs <= monoMs) this.#nextBeatMonoMs = monoMs + heartbeatMs;
    for (const terminal of terminals) terminal.beat();
  }

  #mayMake(): boolean {
    const { waitAbove, terminals } = this.#o;
    if (waitAbove === null) return true;
    return terminals.every(({ connection }) => {
      if (connection === null || connection.outbox.held) return true;
      return connection.outbox.queued <= waitAbove;
    });
  }

  #forget(): void {
    const { tape } = this.#o.market;
    let needed = tape.count;
    for (const { connection } of this.#o.terminals)
      needed = Math.min(needed, connection?.outbox.oldestTick ?? needed);
    tape.freeBelow(needed);
  }

  #soon(): void {
    if (!this.#running || this.#immediate !== null) return;
    this.#immediate = setImmediate(() => this.#turn());
  }

  #turn(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#immediate = null;
    if (!this.#running) return;
    try {
      const done = this.slice();
      if (!done) this.#soon();
      else this.#timer = setTimeout(() => this.#turn(), SLICE_MS);
    } catch (error) {
      this.stop();
      this.#o.onError(error);
    }
  }
}
