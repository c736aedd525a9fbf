// The body of an HTTP answer as a stream that can end in one way only: whole. In: the answer. Out: its bytes, read from the server no
// faster than they are taken. An answer that is cut off, or that falls silent while somebody waits for it, is an error of the stream.
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { ClientConf } from './client-conf.ts';
import { connectionFault, fellSilent } from './http-faults.ts';

export interface AnswerStreamOptions {
  readonly place: Pick<ClientConf, 'host' | 'port'>;
  readonly idleMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Destroying it closes the connection. */
export class AnswerStream extends Readable {
  readonly #response: IncomingMessage;
  readonly #o: AnswerStreamOptions;
  readonly #onAbort = (): void => void this.destroy(this.#o.signal?.reason as Error);
  #timer: NodeJS.Timeout | undefined;

  constructor(response: IncomingMessage, options: AnswerStreamOptions) {
    super();
    this.#response = response;
    this.#o = options;
    response.pause();
    response.on('data', (bytes: Buffer) => {
      if (this.push(bytes)) return this.#await();
      response.pause();
      clearTimeout(this.#timer);
    });
    response.on('end', () => {
      clearTimeout(this.#timer);
      if (response.complete) this.push(null);
      else this.#cutOff(new Error('the answer was cut off'));
    });
    response.on('error', (error) => this.#cutOff(error));
    response.on('close', () => {
      if (!response.complete) this.#cutOff(new Error('the answer was cut off'));
    });
    options.signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (options.signal?.aborted) this.#onAbort();
  }

  override _read(): void {
    this.#await();
    this.#response.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#o.signal?.removeEventListener('abort', this.#onAbort);
    this.#response.destroy();
    done(error);
  }

  /** A reader that takes its time is no silence of the server. */
  #await(): void {
    const { idleMs, place } = this.#o;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.destroy(fellSilent(place, idleMs)), idleMs);
  }

  #cutOff(cause: Error): void {
    this.destroy(connectionFault(this.#o.place, cause));
  }
}
