// QuestDB over HTTP. In: statements (`/exec`, `/exp`), or encoded rows (`/write`). Out: result rows, a Parquet file, or what the server
// says about the rows it was sent. Nothing but a refused place for an export is asked for again: what to do about a failure is the caller's
// decision.
import type { Readable } from 'node:stream';
import { FxtapeError } from '@fxtape/ops';
import { parseClientConf } from './client-conf.ts';
import { type ExecAnswer, readExecAnswer } from './exec-answer.ts';
import { HttpCall } from './http-call.ts';
import { EXPORTS_AT_ONCE, exportParquet } from './parquet-export.ts';
import { readWriteAnswer, type WriteAnswer } from './write-answer.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole request; default from the configuration string. */
  readonly deadlineMs?: number;
}

/**
 * The server allows 64 connections in all. For each connection that writes it holds open about thirty files per table. Two are enough for a
 * process that sends one request per table at a time.
 */
const WRITE_CONNECTIONS = 2;
const QUERY_CONNECTIONS = 6;
/**
 * A statement travels in the URL, and QuestDB closes the connection when the request's head exceeds 32 KB. That would look like a lost
 * server and be repeated for ever, so callers split statements that grow with the data.
 */
const MAX_QUERY_BYTES = 31_000;

export class QuestDbHttp {
  readonly #queries: HttpCall;
  readonly #writes: HttpCall;
  readonly #exports: HttpCall;

  /** `conf`: as in QDB_CLIENT_CONF. Errors: QDB_CONF_INVALID. */
  constructor(options: { conf: string }) {
    const conf = parseClientConf(options.conf);
    this.#queries = new HttpCall(conf, QUERY_CONNECTIONS);
    this.#writes = new HttpCall(conf, WRITE_CONNECTIONS);
    // Each has a connection of its own: of one that is kept QuestDB would go on counting the export.
    this.#exports = new HttpCall(conf, EXPORTS_AT_ONCE, false);
  }

  /**
   * One statement. Longs come as strings, timestamps as ISO text.
   * Errors: QDB_UNREACHABLE, QDB_RESET, QDB_TIMEOUT, QDB_HTTP_STATUS, QDB_BAD_ANSWER (transient), QDB_UNAUTHORIZED, QDB_SQL,
   * QDB_SQL_TOO_LONG (terminal).
   */
  async exec(sql: string, options: CallOptions = {}): Promise<ExecAnswer> {
    const query = encoded(sql);
    const answer = await this.#queries.send({
      method: 'GET',
      path: `/exec?quoteLargeNum=true&query=${query}`,
      deadlineMs: options.deadlineMs ?? this.#queries.deadlineFor(0),
      signal: options.signal,
    });
    return readExecAnswer(answer, sql);
  }

  /**
   * The result of one statement as a Parquet file: zstd, level 3, row groups of 100,000. It is read no faster than it is taken, and may
   * take days. This process has at most two exports at once; another one waits for its turn, and for a place at the server, until the
   * signal is aborted. Read the stream to its end or destroy it. One that fails was cut off: QDB_RESET, QDB_TIMEOUT (nothing for a minute).
   * Errors: as `exec`.
   */
  async exportParquet(sql: string, options: Pick<CallOptions, 'signal'> = {}): Promise<Readable> {
    return exportParquet(this.#exports, { sql, query: encoded(sql), ...options });
  }

  /**
   * Lines of the line protocol (version 2), all of one table: stored together or not at all.
   * A failed connection is an answer too (`failed`); only an abort throws. `table` is for messages: the lines name the table themselves.
   */
  async write(table: string, body: Uint8Array, options: CallOptions = {}): Promise<WriteAnswer> {
    try {
      const answer = await this.#writes.send({
        method: 'POST',
        path: '/write?precision=u',
        body,
        deadlineMs: options.deadlineMs ?? this.#writes.deadlineFor(body.length),
        signal: options.signal,
        maxAnswerBytes: 1024 * 1024,
      });
      return readWriteAnswer(answer);
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason;
      const { code, message } = error as { code?: string; message?: string };
      return { kind: 'failed', code: code ?? 'QDB_RESET', message: `${table}: ${message ?? String(error)}` };
    }
  }

  /** Closes idle connections. */
  close(): void {
    this.#queries.close();
    this.#writes.close();
    this.#exports.close();
  }
}

function encoded(sql: string): string {
  const query = encodeURIComponent(sql);
  if (query.length > MAX_QUERY_BYTES) throw tooLong(query.length, sql);
  return query;
}

const tooLong = (bytes: number, sql: string): FxtapeError =>
  new FxtapeError({
    code: 'QDB_SQL_TOO_LONG',
    message: `a statement of ${bytes} bytes is longer than QuestDB accepts (${MAX_QUERY_BYTES})`,
    context: { bytes, sql: sql.slice(0, 500) },
  });
