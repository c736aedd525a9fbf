// One HTTP request with an abort signal: over a kept-alive connection with a deadline, or as a stream. In: method, path, body. Out: the
// whole answer, or an error that says how it failed; never part of an answer. Of a stream the part that had arrived, then the error.
import http from 'node:http';
import https from 'node:https';
import { AnswerStream } from './answer-stream.ts';
import type { ClientConf } from './client-conf.ts';
import { badAnswer, connectionFault, fellSilent, timedOut } from './http-faults.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: Buffer;
  /** Whether the whole request had been handed to the system when the answer was in. */
  readonly requestSent: boolean;
}

export interface HttpRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: Uint8Array;
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
  /** An answer longer than this is an error. */
  readonly maxAnswerBytes?: number;
}

export interface StreamRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Nothing for this long, while somebody waits for it, is an error. */
  readonly idleMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpStream {
  readonly status: number;
  readonly contentType: string;
  readonly body: AnswerStream;
}

const MAX_ANSWER_BYTES = 512 * 1024 * 1024;

/** At most `connections` connections to one server; a request waits for a free one, and its deadline begins when it has it. */
export class HttpCall {
  readonly #conf: ClientConf;
  readonly #agent: http.Agent | https.Agent;

  constructor(conf: ClientConf, connections: number, keepAlive = true) {
    this.#conf = conf;
    const options = { keepAlive, maxSockets: connections };
    this.#agent = conf.tls
      ? new https.Agent({
          ...options,
          rejectUnauthorized: conf.tlsVerify,
          ...(conf.tlsCa !== null && { ca: conf.tlsCa }),
        })
      : new http.Agent(options);
  }

  /**
   * Errors (transient): QDB_UNREACHABLE (no connection), QDB_TIMEOUT (deadline), QDB_RESET (connection lost before the whole answer
   * was in: whether the server acted on the request is unknown), QDB_BAD_ANSWER. An abort throws the signal's reason.
   */
  send(request: HttpRequest): Promise<HttpAnswer> {
    request.signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const conf = this.#conf;
      const call = this.#open(request.method, request.path, {
        ...(request.body && { 'content-length': request.body.length, 'content-type': 'text/plain' }),
      });
      let settled = false;
      let timer: NodeJS.Timeout | undefined;
      call.on('socket', () => {
        if (!settled)
          timer = setTimeout(
            () => fail(timedOut(conf, request.deadlineMs, request.body?.length ?? 0)),
            request.deadlineMs,
          );
      });
      const onAbort = () => fail(request.signal?.reason);
      const settle = (): boolean => {
        if (settled) return false;
        settled = true;
        clearTimeout(timer);
        request.signal?.removeEventListener('abort', onAbort);
        return true;
      };
      const fail = (error: unknown) => {
        if (!settle()) return;
        reject(error);
        call.destroy();
      };
      request.signal?.addEventListener('abort', onAbort, { once: true });
      call.on('error', (error) => fail(connectionFault(conf, error)));
      call.on('response', (response) => {
        const parts: Buffer[] = [];
        let bytes = 0;
        response.on('data', (part: Buffer) => {
          parts.push(part);
          bytes += part.length;
          if (bytes > (request.maxAnswerBytes ?? MAX_ANSWER_BYTES))
            fail(badAnswer(conf, 'the answer is too long'));
        });
        response.on('error', (error) => fail(connectionFault(conf, error)));
        response.on('end', () => {
          if (!response.complete) return fail(connectionFault(conf, new Error('the answer was cut off')));
          if (!settle()) return;
          resolve({
            status: response.statusCode ?? 0,
            contentType: response.headers['content-type'] ?? '',
            body: Buffer.concat(parts),
            requestSent: call.writableFinished,
          });
        });
      });
      call.end(request.body);
    });
  }

  /**
   * The answer while it arrives, as soon as its head is in. Errors (transient), first of the promise, then of the stream: QDB_UNREACHABLE,
   * QDB_RESET (the answer was cut off), QDB_TIMEOUT (nothing for `idleMs`). An abort ends both with the signal's reason.
   */
  stream({ headers, idleMs, path, signal }: StreamRequest): Promise<HttpStream> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const conf = this.#conf;
      const call = this.#open('GET', path, headers);
      let timer: NodeJS.Timeout | undefined;
      let settled = false;
      const settle = (): void => {
        settled = true;
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      };
      // Once the head is in, the stream reports what happens to it.
      const fail = (error: unknown): void => {
        if (settled) return;
        settle();
        reject(error);
        call.destroy();
      };
      const onAbort = (): void => fail(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      call.on('socket', () => {
        if (!settled) timer = setTimeout(() => fail(fellSilent(conf, idleMs)), idleMs);
      });
      call.on('error', (error) => fail(connectionFault(conf, error)));
      call.on('response', (response) => {
        if (settled) return;
        settle();
        const contentType = response.headers['content-type'] ?? '';
        const body = new AnswerStream(response, { place: conf, idleMs, signal });
        resolve({ status: response.statusCode ?? 0, contentType, body });
      });
      call.end();
    });
  }

  #open(method: HttpRequest['method'], path: string, headers: http.OutgoingHttpHeaders): http.ClientRequest {
    const { authorization, host, port, tls } = this.#conf;
    const own = authorization === null ? headers : { ...headers, authorization };
    return (tls ? https : http).request({ agent: this.#agent, host, port, method, path, headers: own });
  }

  /** How long a request with this body may take. */
  deadlineFor(bytes: number): number {
    return this.#conf.requestTimeoutMs + Math.ceil((bytes / this.#conf.minBytesPerSecond) * 1000);
  }

  /** Closes the idle connections. Running requests end by their own deadline or signal. */
  close(): void {
    this.#agent.destroy();
  }
}
