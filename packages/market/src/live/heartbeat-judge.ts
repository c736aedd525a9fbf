// Decides whether a heartbeat is clean: evidence about the clock rule, and a bound of gaps. A server time that does not move with our clock is
// frozen: a terminal learns the time from ticks, and shows Friday evening until the market opens. A heartbeat that waited in a queue is late:
// it states a time long past, and everything dropped from that queue may be newer. Delay is measured
// against the best heartbeat of the last minutes on a monotonic clock, so that neither the broker's clock error nor a jump of the
// machine's wall clock counts as delay.

import type { HeartbeatMark } from './mark.ts';

const WINDOW_MS = 300_000;
/** Delay from which a heartbeat is late. With a whole-second time string its own resolution comes on top. */
export const LATE_MS = 750;
/** A clock moves with ours when its step differs by less than this from ours: what it states may be the time of the last tick. */
const PACE_MS = 5000;
/** No queue holds heartbeats back this long and then lets them through at their own pace: the server's clock was set back. */
const STEP_MS = 300_000;
const STEADY_MS = 10_000;

export interface HeartbeatSight {
  /** What it states: in UTC where the clock rule is known, so that a clock that is set by its rule is no delay. */
  readonly server: { readonly ms: number; readonly resolutionMs: number };
  /** Monotonic receive time in milliseconds. */
  readonly monoMs: number;
  /** The recorder's own buffers were filled when it arrived. */
  readonly congested: boolean;
}

export class HeartbeatJudge {
  readonly #paced: boolean;
  #bucketFrom = Number.NEGATIVE_INFINITY;
  #best = Number.POSITIVE_INFINITY;
  #bestBefore = Number.POSITIVE_INFINITY;
  /** The present server time, and when it was first stated. */
  #last: { readonly serverMs: number; readonly monoMs: number } | null = null;
  /** It came to the present time at our pace. */
  #moves = false;
  /** Since when the delay has been the same, while it is larger than that of any queue. */
  #steady: { readonly lag: number; readonly monoMs: number } | null = null;

  /** `paced` is false for gateways that replay an old day at a speed of their own: then only standing still counts. */
  constructor(paced = true) {
    this.#paced = paced;
  }

  judge(sight: HeartbeatSight): HeartbeatMark {
    const { server, monoMs } = sight;
    if (!this.#runs(server, monoMs)) return 'frozen';
    if (sight.congested) return 'late';
    if (!this.#paced) return 'clean';
    const lag = monoMs - server.ms;
    const spread = LATE_MS + (server.resolutionMs > 1 ? server.resolutionMs : 0);
    this.#learn(lag, monoMs);
    if (this.#wasSetBack(lag, spread, monoMs)) this.#bestBefore = this.#best = lag;
    return lag - Math.min(this.#best, this.#bestBefore) <= spread ? 'clean' : 'late';
  }

  /** What was stated so far means this much more: another clock rule holds. */
  moved(byMs: number): void {
    this.#best -= byMs;
    this.#bestBefore -= byMs;
    this.#steady = null;
    if (this.#last !== null) this.#last = { ...this.#last, serverMs: this.#last.serverMs + byMs };
  }

  #runs({ ms, resolutionMs }: HeartbeatSight['server'], monoMs: number): boolean {
    const last = this.#last;
    if (last !== null && ms === last.serverMs)
      return this.#moves && monoMs - last.monoMs < 2 * resolutionMs + 500;
    const step = last === null ? Number.NaN : ms - last.serverMs - (monoMs - last.monoMs);
    this.#moves = last !== null && (!this.#paced || Math.abs(step) <= PACE_MS + resolutionMs);
    this.#last = { serverMs: ms, monoMs };
    return this.#moves;
  }

  #wasSetBack(lag: number, spread: number, monoMs: number): boolean {
    if (lag - Math.min(this.#best, this.#bestBefore) < STEP_MS) this.#steady = null;
    else if (this.#steady === null || Math.abs(lag - this.#steady.lag) > spread)
      this.#steady = { lag, monoMs };
    return this.#steady !== null && monoMs - this.#steady.monoMs >= STEADY_MS;
  }

  #learn(lag: number, monoMs: number): void {
    if (monoMs - this.#bucketFrom >= WINDOW_MS) {
      this.#bestBefore = this.#best;
      this.#best = Number.POSITIVE_INFINITY;
      this.#bucketFrom = monoMs;
    }
    if (lag < this.#best) this.#best = lag;
  }
}
