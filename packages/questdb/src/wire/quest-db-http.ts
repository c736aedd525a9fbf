// QuestDB over HTTP: statements in, rows out (`/exec`), and encoded rows in, verdict out (`/write`). It repeats nothing and keeps
// nothing: what to do about a failure is the caller's decision.
import { FxtapeError } from '@fxtape/ops';
import { parseClientConf } from './client-conf.ts';
import { type ExecAnswer, readExecAnswer } from './exec-answer.ts';
import { HttpCall } from './http-call.ts';
import { readWriteAnswer, type WriteAnswer } from './write-answer.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole request; default from the configuration string. */
  readonly deadlineMs?: number;
}

/**
 * The server allows 64 connections in all, and keeps for each one that writes the writers of every table it wrote to: some thirty open
 * files a table. Two are enough for a process that sends one request of a table at a time.
 */
const WRITING = 2;
const ASKING = 6;
/**
 * QuestDB takes statements in the address of a GET only, and cuts the connection of one whose head is longer than 32 KB: that looks like a
 * server that is lost, and would be repeated for ever. What grows with the data goes in pieces, or through `write`.
 */
const LONGEST_QUERY_BYTES = 31_000;

export class QuestDbHttp {
  readonly #asking: HttpCall;
  readonly #writing: HttpCall;

  /** `conf`: as in QDB_CLIENT_CONF. Errors: QDB_CONF_INVALID. */
  constructor(options: { conf: string }) {
    const conf = parseClientConf(options.conf);
    this.#asking = new HttpCall(conf, ASKING);
    this.#writing = new HttpCall(conf, WRITING);
  }

  /**
   * One statement. Longs come as strings, timestamps as ISO text.
   * Errors: QDB_UNREACHABLE, QDB_RESET, QDB_TIMEOUT, QDB_HTTP_STATUS, QDB_BAD_ANSWER (transient), QDB_UNAUTHORIZED, QDB_SQL,
   * QDB_SQL_TOO_LONG (terminal).
   */
  async exec(sql: string, options: CallOptions = {}): Promise<ExecAnswer> {
    const query = encodeURIComponent(sql);
    if (query.length > LONGEST_QUERY_BYTES) throw tooLong(query.length, sql);
    const answer = await this.#asking.send({
      method: 'GET',
      path: `/exec?quoteLargeNum=true&query=${query}`,
      deadlineMs: options.deadlineMs ?? this.#asking.deadlineFor(0),
      signal: options.signal,
    });
    return readExecAnswer(answer, sql);
  }

  /**
   * Lines of the line protocol (version 2), all of one table: stored together or not at all.
   * A connection that fails is an answer too (`failed`); only an abort throws.
   * `table` is for the caller's own bookkeeping: the lines name the table.
   */
  async write(table: string, body: Uint8Array, options: CallOptions = {}): Promise<WriteAnswer> {
    try {
      const answer = await this.#writing.send({
        method: 'POST',
        path: '/write?precision=u',
        body,
        deadlineMs: options.deadlineMs ?? this.#writing.deadlineFor(body.length),
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
    this.#asking.close();
    this.#writing.close();
  }
}

const tooLong = (bytes: number, sql: string): FxtapeError =>
  new FxtapeError({
    code: 'QDB_SQL_TOO_LONG',
    message: `a statement of ${bytes} bytes is longer than QuestDB accepts (${LONGEST_QUERY_BYTES})`,
    context: { bytes, sql: sql.slice(0, 500) },
  });
