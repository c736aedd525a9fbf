// What makes ticks: a seeded market or a file of real ones. In: the real monotonic time, again and again. Out: ticks recorded
// in the market up to the virtual now, and that now, which is the broker's clock.

export interface Demand {
  /** Most ticks to make in this call. */
  readonly maxTicks: number;
  /** A client has a price subscription right now. */
  readonly subscribed: boolean;
}

export interface TickSource {
  /** Makes what is due. False when the limit was reached before everything due was made: call again soon. */
  advance(monoMs: number, demand: Demand): boolean;
  /** Virtual UTC, whole milliseconds: no tick made later has an earlier time. */
  nowUtcMs(monoMs: number): number;
  /** A paused source makes nothing; its clock goes on. */
  pause(monoMs: number): void;
  resume(monoMs: number): void;
  /** Ticks per virtual second from now on. Only a market has a rate. */
  setRate(ticksPerSecond: number): void;
  /** Moves the virtual clock forwards, or changes its speed. Only a market's clock can be moved. */
  setClock(monoMs: number, change: { utcMs?: number; speed?: number }): void;
  /** Makes these ticks of one symbol now. Only a market can. Call `advance` first. */
  emit(symbol: number, ticks: readonly EmittedTick[]): void;
  /** The simulation ends in order. */
  close(monoMs: number): void;
  /** What `/__fx/state` shows of it. */
  state(): Record<string, unknown>;
}

/** A tick asked for over the control API: with prices (in points), or null to let the price process go on. */
export type EmittedTick = { readonly bid: number; readonly ask: number } | null;
