// One HTTP request over a kept-alive connection, with a deadline and an abort signal. In: method, path, body. Out: the whole answer, or
// an error that says how it failed; never part of an answer.
import http from 'node:http';
import https from 'node:https';
import { FxtapeError } from '@fxtape/ops';
import type { ClientConf } from './client-conf.ts';

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

const MAX_ANSWER_BYTES = 512 * 1024 * 1024;

/** At most `connections` connections to one server; a request waits for a free one, and its deadline begins when it has it. */
export class HttpCall {
  readonly #conf: ClientConf;
  readonly #agent: http.Agent | https.Agent;

  constructor(conf: ClientConf, connections: number) {
    this.#conf = conf;
    const options = { keepAlive: true, maxSockets: connections };
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
      const call = (conf.tls ? https : http).request({
        agent: this.#agent,
        host: conf.host,
        port: conf.port,
        method: request.method,
        path: request.path,
        headers: {
          ...(request.body && { 'content-length': request.body.length, 'content-type': 'text/plain' }),
          ...(conf.authorization !== null && { authorization: conf.authorization }),
        },
      });
      let settled = false;
      let timer: NodeJS.Timeout | undefined;
      call.on('socket', () => {
        if (!settled) timer = setTimeout(() => fail(timedOut(conf, request)), request.deadlineMs);
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

  /** How long a request with this body may take. */
  deadlineFor(bytes: number): number {
    return this.#conf.requestTimeoutMs + Math.ceil((bytes / this.#conf.minBytesPerSecond) * 1000);
  }

  /** Closes the idle connections. Running requests end by their own deadline or signal. */
  close(): void {
    this.#agent.destroy();
  }
}

function where(conf: ClientConf): string {
  return `${conf.host}:${conf.port}`;
}

const NOT_CONNECTED = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
]);

function connectionFault(conf: ClientConf, cause: Error): FxtapeError {
  const code = (cause as NodeJS.ErrnoException).code ?? '';
  const tls = code.startsWith('ERR_TLS') || code.includes('CERT');
  if (NOT_CONNECTED.has(code) || tls) {
    return new FxtapeError({
      code: 'QDB_UNREACHABLE',
      message: `QuestDB at ${where(conf)} cannot be reached (${code})`,
      hint: tls
        ? 'Check the certificate, or tls_ca in QDB_CLIENT_CONF'
        : 'Start `fxtape up` if it is not running; if QuestDB runs elsewhere, check QDB_CLIENT_CONF',
      context: { code },
      cause,
    });
  }
  return new FxtapeError({
    code: 'QDB_RESET',
    message: `the connection to QuestDB at ${where(conf)} was lost before the answer arrived (${code || cause.message})`,
    context: { code },
    cause,
  });
}

function timedOut(conf: ClientConf, request: HttpRequest): FxtapeError {
  return new FxtapeError({
    code: 'QDB_TIMEOUT',
    message: `QuestDB at ${where(conf)} did not answer within ${request.deadlineMs} ms`,
    context: { deadlineMs: request.deadlineMs, bytes: request.body?.length ?? 0 },
  });
}

function badAnswer(conf: ClientConf, what: string): FxtapeError {
  return new FxtapeError({
    code: 'QDB_BAD_ANSWER',
    message: `the server at ${where(conf)} does not answer like QuestDB: ${what}`,
  });
}
