// Says what a heartbeat is worth as a bound of a gap. A heartbeat that waited in a queue states a time that is long
// past, so everything dropped from that queue may be newer than it: it is not clean. Delay is measured against the best
// heartbeat of the last minutes on a monotonic clock, so that neither the broker's clock error nor a jump of the
// machine's wall clock counts as delay.

import type { HeartbeatMark } from './mark.ts';
import type { BrokerTime } from './time.ts';

const WINDOW_MS = 300_000;
/** Delay from which a heartbeat is late. With a whole-second time string its own resolution comes on top. */
export const LATE_MS = 750;

export interface HeartbeatSight {
  readonly server: BrokerTime;
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
  #last: { serverMs: number; monoMs: number } | null = null;

  /** `paced` is false for gateways that replay an old day at a speed of their own: then only standing still counts. */
  constructor(paced = true) {
    this.#paced = paced;
  }

  judge(sight: HeartbeatSight): HeartbeatMark {
    const { server, monoMs } = sight;
    const last = this.#last;
    const moved = last === null || server.ms !== last.serverMs;
    if (moved) this.#last = { serverMs: server.ms, monoMs };
    if (!moved && monoMs - last.monoMs >= 2 * server.resolutionMs + 500) return 'frozen';
    if (sight.congested) return 'late';
    if (!this.#paced) return 'clean';
    const lag = monoMs - server.ms;
    this.#learn(lag, monoMs);
    const delay = lag - Math.min(this.#best, this.#bestBefore);
    return delay <= LATE_MS + (server.resolutionMs > 1 ? server.resolutionMs : 0) ? 'clean' : 'late';
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
