// Judges whether the connection is alive. In: bytes, heartbeats, the time. Out: verdicts. It distinguishes two silences:
//
//   no `terminal` frame for `heartbeatMs`  → `stalled`: the terminal behind the socket is in trouble;
//                                            `still_stalled` at growing intervals, `returned` at the end
//   no byte at all for `pingAfterMs`       → `ping`, and after `deadAfterMs` → `dead` (half-open)
//
// Silence is not judged while back-pressure pauses reading, nor right after this process was blocked.

import type { StreamLimits } from './limits.ts';

export type Verdict = 'ping' | 'dead' | 'stalled' | 'still_stalled';
export type BeatNews = 'none' | 'returned' | 'broker_back';

export class Pulse {
  readonly #limits: StreamLimits;
  #lastByteMs = 0;
  #lastPingMs = 0;
  /** Null until the heartbeat is confirmed on this connection: before that its absence proves nothing. */
  #lastBeatMs: number | null = null;
  #stalledSinceMs: number | null = null;
  #nextRetryMs = 0;
  #retryMs = 0;
  #brokerConnected: boolean | null = null;
  #paused = false;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  get stalled(): boolean {
    return this.#stalledSinceMs !== null;
  }

  /** How long ago the last heartbeat came, ms; null before the first. */
  silentMs(nowMs: number): number | null {
    return this.#lastBeatMs === null ? null : nowMs - this.#lastBeatMs;
  }

  opened(nowMs: number): void {
    this.#lastByteMs = nowMs;
    this.#lastPingMs = nowMs;
    this.#lastBeatMs = null;
    this.#stalledSinceMs = null;
    this.#brokerConnected = null;
    this.#paused = false;
  }

  heard(nowMs: number): void {
    this.#lastByteMs = nowMs;
  }

  /** The heartbeat is confirmed: from now on its absence counts. */
  expectBeats(nowMs: number): void {
    this.#lastBeatMs ??= nowMs;
  }

  /** A heartbeat came. `connected`: whether the terminal has its broker; null when the frame could not be read. */
  beat(nowMs: number, connected: boolean | null): BeatNews {
    const brokerBack = connected === true && this.#brokerConnected === false;
    const returned = this.#stalledSinceMs !== null;
    if (connected !== null) this.#brokerConnected = connected;
    this.#lastBeatMs = nowMs;
    this.#stalledSinceMs = null;
    return brokerBack ? 'broker_back' : returned ? 'returned' : 'none';
  }

  /** Back-pressure paused or resumed reading. */
  flow(paused: boolean, nowMs: number): void {
    this.#paused = paused;
    if (!paused) this.#forgive(nowMs);
  }

  /** This process was blocked: the socket must be read before silence is judged. */
  late(nowMs: number): void {
    this.#forgive(nowMs);
  }

  /** What the silence means now. Carry out `ping` first. */
  judge(nowMs: number): Verdict[] {
    if (this.#paused) return [];
    const { deadAfterMs, pingAfterMs, pingEveryMs, heartbeatMs, stalledRetryMaxMs } = this.#limits;
    const verdicts: Verdict[] = [];
    const silentMs = nowMs - this.#lastByteMs;
    if (silentMs >= deadAfterMs) return ['dead'];
    const sincePingMs = nowMs - this.#lastPingMs;
    if (sincePingMs >= pingEveryMs || (silentMs >= pingAfterMs && sincePingMs >= pingAfterMs)) {
      this.#lastPingMs = nowMs;
      verdicts.push('ping');
    }
    if (this.#stalledSinceMs !== null) {
      if (nowMs >= this.#nextRetryMs) {
        this.#retryMs = Math.min(this.#retryMs * 2, stalledRetryMaxMs);
        this.#nextRetryMs = nowMs + this.#retryMs;
        verdicts.push('still_stalled');
      }
    } else if (this.#lastBeatMs !== null && nowMs - this.#lastBeatMs > heartbeatMs) {
      this.#stalledSinceMs = nowMs;
      this.#retryMs = heartbeatMs * 2;
      this.#nextRetryMs = nowMs + this.#retryMs;
      verdicts.push('stalled');
    }
    return verdicts;
  }

  /** When to `judge` next, at the latest. */
  wakeAt(): number | null {
    if (this.#paused) return null;
    const { deadAfterMs, pingAfterMs, pingEveryMs, heartbeatMs } = this.#limits;
    let at = Math.min(this.#lastByteMs + deadAfterMs, this.#lastPingMs + pingEveryMs);
    at = Math.min(at, Math.max(this.#lastByteMs, this.#lastPingMs) + pingAfterMs);
    if (this.#stalledSinceMs !== null) at = Math.min(at, this.#nextRetryMs);
    else if (this.#lastBeatMs !== null) at = Math.min(at, this.#lastBeatMs + heartbeatMs + 1);
    return at;
  }

  /** Postpones the verdict by at least `lateTimerMs`. */
  #forgive(nowMs: number): void {
    const { heartbeatMs, deadAfterMs, lateTimerMs } = this.#limits;
    const fromMs = nowMs + lateTimerMs;
    this.#lastByteMs = Math.max(this.#lastByteMs, fromMs - deadAfterMs);
    this.#nextRetryMs = Math.max(this.#nextRetryMs, fromMs);
    if (this.#lastBeatMs !== null) this.#lastBeatMs = Math.max(this.#lastBeatMs, fromMs - heartbeatMs);
  }
}
