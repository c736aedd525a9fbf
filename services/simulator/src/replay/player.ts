// Plays a recording to the client. In: recorded items in order, and the speed. Out: their frames on the client's socket, at the
// recorded intervals divided by the speed, or as fast as the client takes them. The socket ends where the recorded one did. Memory holds
// one batch, and what the socket has not taken.
//
// While there is no client, time stands still, so that nothing is missed, unless the replay was told not to wait.

import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises';
import type { Topic } from '@fxtape/fxsocket';
import { Lateness } from './lateness.ts';
import type { RecordedAccount } from './recorded-account.ts';
import type { RecordedSocket } from './recorded-socket.ts';
import type { RecordedFrame, RecordedItem } from './recording.ts';
import { FrameSight } from './sight.ts';

const ENDED = 'the recording has ended';
const CLOSE_MS = 5000;
/** Longest wait of one timer; a longer one is waited for in parts. */
const LONGEST_WAIT_MS = 3_600_000;

export interface PlayerOptions {
  readonly account: RecordedAccount;
  readonly items: AsyncIterable<readonly RecordedItem[]>;
  readonly symbols: number;
  readonly indexOf: (symbol: string) => number;
  readonly fromUs: number;
  /** Recorded seconds per second; `max`: as fast as the client takes them. */
  readonly speed: number | 'max';
  /** False: frames that are due while there is no client are passed over. */
  readonly waitsForClient: boolean;
  readonly monoMs: () => number;
  readonly onDamage: (damage: string) => void;
}

export interface ReplaySummary {
  /** Everything was played; false: the replay was stopped before. */
  readonly complete: boolean;
  readonly frames: number;
  readonly ticks: number;
  /** Frames that no client got: it had not subscribed to their topics, or there was none. */
  readonly unsent: number;
  readonly connections: number;
  /** Parts of the recording that could not be read. */
  readonly damaged: number;
  /** From the first frame to the last that the client took. */
  readonly seconds: number;
  readonly framesPerSecond: number | null;
  /** Null with speed `max`. */
  readonly latenessMs: { readonly p50: number | null; readonly p99: number | null } | null;
}

export class Player {
  readonly #o: PlayerOptions;
  readonly #sight: FrameSight;
  readonly #stop = new AbortController();
  readonly #lateness = new Lateness();
  /** What due times count from: the item of `us` was played at `monoMs`. */
  #anchor: { readonly us: number; readonly monoMs: number } | null = null;
  #client: RecordedSocket | null = null;
  #firstMs: number | null = null;
  #frames = 0;
  #ticks = 0;
  #unsent = 0;
  #connections = 0;
  #damaged = 0;
  /** Receive time of the newest item that was played, µs UTC. */
  nowUs: number;
  /** The newest frame of each symbol's ticks, and of each topic of the account. */
  readonly lastTick: (string | undefined)[];
  readonly lastOf = new Map<Topic, string>();

  constructor(options: PlayerOptions) {
    this.#o = options;
    this.#sight = new FrameSight(options.indexOf);
    this.nowUs = options.fromUs;
    this.lastTick = Array.from({ length: options.symbols }, () => undefined);
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Resolves when everything was sent and taken, or after `stop`. Throws what the recording throws. */
  async run(): Promise<ReplaySummary> {
    const { account, items } = this.#o;
    const { signal } = this.#stop;
    for await (const batch of items) {
      for (const item of batch) {
        if (signal.aborted) return this.#summary(false);
        if ('damage' in item) {
          this.#damaged++;
          this.#o.onDamage(item.damage);
        } else if ('cut' in item) {
          if (account.ready === null && this.#o.waitsForClient) continue;
          await this.#untilDue(item.tsRecv);
          // What was written before it is sent first: `ws` destroys a socket whose client does not take it in time.
          await account.ready?.writer.room('all');
          account.cut(item.cut.code);
        } else {
          if (!this.#isDue(item.tsRecv)) await this.#untilDue(item.tsRecv);
          if (signal.aborted) return this.#summary(false);
          this.#play(item);
        }
      }
      // Between two batches, requests of clients and signals are handled.
      await nextTurn();
    }
    await account.ready?.writer.room('all');
    const summary = this.#summary(!signal.aborted);
    await this.#end();
    return summary;
  }

  async #end(): Promise<void> {
    const { connection } = this.#o.account;
    if (connection === null) return;
    connection.close(1000, ENDED);
    await Promise.race([connection.ended(), wait(CLOSE_MS, undefined, { ref: false })]);
  }

  #dueMs(us: number): number {
    const { speed } = this.#o;
    if (speed === 'max' || this.#anchor === null) return Number.NEGATIVE_INFINITY;
    return this.#anchor.monoMs + (us - this.#anchor.us) / 1000 / speed;
  }

  #isDue(us: number): boolean {
    const { account, monoMs, speed, waitsForClient } = this.#o;
    const { ready } = account;
    if (this.#anchor === null || ready !== this.#client) return false;
    if (ready === null ? waitsForClient : ready.writer.full) return false;
    return speed === 'max' || this.#dueMs(us) <= monoMs();
  }

  /** Waits for a client, for room on its socket, and for the time. */
  async #untilDue(us: number): Promise<void> {
    const { account, monoMs, waitsForClient } = this.#o;
    const { signal } = this.#stop;
    for (;;) {
      this.#client?.writer.flush();
      if (waitsForClient && account.ready === null) await account.untilReady(signal);
      if (signal.aborted) return;
      const nowMs = monoMs();
      const { ready } = account;
      if (ready !== this.#client) {
        this.#client = ready;
        if (ready !== null) this.#connections++;
        // Time without a client does not count.
        if (waitsForClient && this.#dueMs(us) < nowMs) this.#anchor = { us, monoMs: nowMs };
      }
      this.#anchor ??= { us, monoMs: nowMs };
      if (ready?.writer.full === true) await ready.writer.room('some');
      else if (this.#dueMs(us) > nowMs) await this.#pause(this.#dueMs(us) - nowMs);
      else return;
    }
  }

  /** Ends early when the replay is stopped. */
  #pause(ms: number): Promise<void> {
    const { signal } = this.#stop;
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, Math.min(ms, LONGEST_WAIT_MS));
      signal.addEventListener('abort', end);
    });
  }

  #play({ frame, frameKind, tsRecv }: RecordedFrame): void {
    this.nowUs = tsRecv;
    const sight = frameKind === 'base64' ? null : this.#sight.look(frame);
    if (sight === null && frameKind !== 'base64') return;
    if (sight?.topic === 'prices') {
      if (sight.symbol >= 0) this.lastTick[sight.symbol] = frame;
    } else if (sight !== null && sight.topic !== null && sight.symbol < 0)
      this.lastOf.set(sight.topic, frame);
    const client = this.#client;
    if (client === null || (sight !== null && !client.wants(sight))) {
      this.#unsent++;
      return;
    }
    if (sight === null) client.writer.binary(frame);
    else client.writer.text(frame);
    this.#frames++;
    if (sight?.topic === 'prices') this.#ticks++;
    if (this.#o.speed !== 'max') this.#lateness.add(this.#o.monoMs() - this.#dueMs(tsRecv));
    this.#firstMs ??= this.#o.monoMs();
  }

  #summary(complete: boolean): ReplaySummary {
    const seconds = this.#firstMs === null ? 0 : (this.#o.monoMs() - this.#firstMs) / 1000;
    const of = this.#lateness;
    return {
      complete,
      frames: this.#frames,
      ticks: this.#ticks,
      unsent: this.#unsent,
      connections: this.#connections,
      damaged: this.#damaged,
      seconds,
      framesPerSecond: seconds === 0 ? null : this.#frames / seconds,
      latenessMs: this.#o.speed === 'max' ? null : { p50: of.percentileMs(0.5), p99: of.percentileMs(0.99) },
    };
  }
}
