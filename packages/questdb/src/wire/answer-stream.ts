// The body of an HTTP answer as a stream that ends only when it is complete. In: the answer. Out: its bytes, read from the server no faster
// than they are consumed. If the answer is cut off, or the server is silent while the reader waits, the stream fails.
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { ClientConf } from './client-conf.ts';
import { connectionFault, fellSilent } from './http-faults.ts';

export interface AnswerStreamOptions {
  readonly place: Pick<ClientConf, 'host' | 'port'>;
  readonly idleMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Destroying the stream closes the connection. */
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
      if (this.push(bytes)) return this.#startTimer();
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
    this.#startTimer();
    this.#response.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#o.signal?.removeEventListener('abort', this.#onAbort);
    this.#response.destroy();
    done(error);
  }

  /** Runs only while the reader waits for bytes: a slow reader does not count as silence of the server. */
  #startTimer(): void {
    const { idleMs, place } = this.#o;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.destroy(fellSilent(place, idleMs)), idleMs);
  }

  #cutOff(cause: Error): void {
    this.destroy(connectionFault(this.#o.place, cause));
  }
}
