// The recorded account behind the gateway: its one socket, and whether its client is ready. In: upgraded sockets. Out: the client that gets
// the frames.
//
//   attached ──subscribes──► settling ──nothing new for `settleMs`──► ready
//      └────────────────────────────┴── cut / client gone / newer client ──┴──► gone

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { ServedAccount } from '../gateway/gateway-source.ts';
import { RecordedSocket } from './recorded-socket.ts';
import type { RecordedFacts } from './recording.ts';

/** A replay adds no faults. */
const NO_FAULTS: ServedAccount['conditions'] = {
  disturb: null,
  rest: [],
  refuseUpgrade: null,
  restarting: null,
};

export class RecordedAccount implements ServedAccount {
  readonly account: ServedAccount['account'];
  readonly conditions = NO_FAULTS;
  readonly linkUp = true;
  readonly #facts: RecordedFacts;
  readonly #indexOf: (symbol: string) => number;
  readonly #settleMs: number;
  #socket: RecordedSocket | null = null;
  #isReady = false;
  #settling: NodeJS.Timeout | null = null;
  #wake: (() => void) | null = null;

  constructor(facts: RecordedFacts, o: { indexOf: (symbol: string) => number; settleMs: number }) {
    this.account = facts.account;
    this.#facts = facts;
    this.#indexOf = o.indexOf;
    this.#settleMs = o.settleMs;
  }

  get connection(): RecordedSocket | null {
    return this.#socket;
  }

  /** The client that gets the frames now; null: there is none, or it is still subscribing. */
  get ready(): RecordedSocket | null {
    return this.#isReady && this.#socket?.open === true ? this.#socket : null;
  }

  attach(ws: WebSocket, socket: Socket): void {
    this.#socket?.close(1000, 'replaced by a newer connection');
    this.#leave();
    const attached = new RecordedSocket({
      ws,
      socket,
      streams: this.#facts.streams,
      indexOf: this.#indexOf,
      onSubscribed: () => {
        if (this.#socket === attached) this.#settle();
      },
      onGone: () => {
        if (this.#socket === attached) this.#leave();
      },
    });
    this.#socket = attached;
  }

  /** Resolves when a client is ready, or the signal is aborted. */
  async untilReady(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    while (this.ready === null && !signal.aborted)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
  }

  /** Ends the client's socket as the recorded one ended. */
  cut(code: number | null): void {
    this.#socket?.close(code, 'the recorded connection ended here');
    this.#leave();
  }

  #settle(): void {
    if (this.#isReady) return;
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#isReady = true;
      this.#wake?.();
    }, this.#settleMs);
  }

  #leave(): void {
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#settling = null;
    this.#isReady = false;
    this.#socket = null;
  }
}
