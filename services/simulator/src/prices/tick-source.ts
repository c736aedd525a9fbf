// A source of ticks: a seeded market or a file of real ones. In: the real monotonic time, repeatedly. Out: ticks in the market up to the virtual now,
// and that now, which is the broker's clock.

export interface Demand {
  /** Limit of ticks for this call. */
  readonly maxTicks: number;
  /** A client has a price subscription right now. */
  readonly subscribed: boolean;
}

export interface TickSource {
  /** Makes the due ticks. False when the limit was reached first: call again soon. */
  advance(monoMs: number, demand: Demand): boolean;
  /** Virtual UTC, whole milliseconds: no tick made later has an earlier time. */
  nowUtcMs(monoMs: number): number;
  /** A paused source makes no ticks; its clock continues. */
  pause(monoMs: number): void;
  resume(monoMs: number): void;
  /** Ticks per virtual second from now on. Only a market has a rate. */
  setRate(ticksPerSecond: number): void;
  /** Moves the virtual clock forwards, or changes its speed. Only a market's clock can be moved. */
  setClock(monoMs: number, change: { utcMs?: number; speed?: number }): void;
  /** Makes these ticks of one symbol now. Only a market can. Call `advance` first. */
  emit(symbol: number, ticks: readonly EmittedTick[]): void;
  /** An orderly end of the simulation. */
  close(monoMs: number): void;
  /** Its part of `/__fx/state`. */
  state(): Record<string, unknown>;
}

/** A tick requested over the control API: prices in points, or null for the next step of the price process. */
export type EmittedTick = { readonly bid: number; readonly ask: number } | null;
