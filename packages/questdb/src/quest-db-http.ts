// QuestDB over HTTP: statements in, rows out (`/exec`), and encoded rows in, verdict out (`/write`). It repeats nothing and keeps
// nothing: what to do about a failure is the caller's decision.
import { parseClientConf } from './client-conf.ts';
import { type ExecAnswer, readExecAnswer } from './exec-answer.ts';
import { HttpCall } from './http-call.ts';
import { readWriteAnswer, type WriteAnswer } from './write-answer.ts';

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for the whole request; default from the configuration string. */
  readonly deadlineMs?: number;
}

export class QuestDbHttp {
  readonly #call: HttpCall;

  /** `conf`: as in QDB_CLIENT_CONF. Errors: QDB_CONF_INVALID. */
  constructor(options: { conf: string }) {
    this.#call = new HttpCall(parseClientConf(options.conf));
  }

  /**
   * One statement. Longs come as strings, timestamps as ISO text.
   * Errors: QDB_UNREACHABLE, QDB_RESET, QDB_TIMEOUT, QDB_HTTP_STATUS, QDB_BAD_ANSWER (transient), QDB_UNAUTHORIZED, QDB_SQL (terminal).
   */
  async exec(sql: string, options: CallOptions = {}): Promise<ExecAnswer> {
    const answer = await this.#call.send({
      method: 'GET',
      path: `/exec?quoteLargeNum=true&query=${encodeURIComponent(sql)}`,
      deadlineMs: options.deadlineMs ?? this.#call.deadlineFor(0),
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
      const answer = await this.#call.send({
        method: 'POST',
        path: '/write?precision=u',
        body,
        deadlineMs: options.deadlineMs ?? this.#call.deadlineFor(body.length),
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
    this.#call.close();
  }
}
