// Waits until written rows are visible. A 2xx answer only means that rows are in the log of their table; queries see them once the server
// has applied the log up to there. In: tables, or points in their logs. Out: a promise that resolves when queries see the rows. A suspended
// table or an unreachable server is waited out, and shows in `state`.
import { type Clock, pauseOrThrow, FxtapeError } from '@fxtape/ops';
import type { CallOptions, QuestDbHttp } from './quest-db-http.ts';
import { type SharedWalQuery, sharedWalQuery } from './shared-wal-query.ts';
import { noTable, suspended, type WalTable } from './wal-tables.ts';

/** Points in the logs of tables: table name → transaction. */
export type AppliedTokens = Readonly<Record<string, number>>;

export interface AppliedState {
  readonly phase: 'idle' | 'waiting' | 'suspended' | 'unreachable';
  /** Stable code of what stands in the way; null for an ordinary lag. */
  readonly code: string | null;
  readonly message: string | null;
  /** Since when this phase and code, wall clock, ms. */
  readonly sinceMs: number;
}

const FIRST_POLL_MS = 10;
const LONGEST_POLL_MS = 250;

export class AppliedWatch {
  readonly #query: SharedWalQuery;
  readonly #clock: Clock;
  readonly #onState: (state: AppliedState) => void;
  #state: AppliedState;
  #waiters = 0;

  constructor(options: {
    http: Pick<QuestDbHttp, 'exec'>;
    clock: Clock;
    onState?: (state: AppliedState) => void;
  }) {
    this.#query = sharedWalQuery(options.http);
    this.#clock = options.clock;
    this.#onState = options.onState ?? (() => {});
    this.#state = { phase: 'idle', code: null, message: null, sinceMs: options.clock.nowMs() };
  }

  get state(): AppliedState {
    return this.#state;
  }

  /** The end of the table's log now: at or behind everything that was answered before this call. Errors: as `exec`, QDB_NO_TABLE. */
  async token(table: string, options: CallOptions = {}): Promise<number> {
    return (await this.tokens([table], options))[table] ?? 0;
  }

  /** The same for several tables in one query. */
  async tokens(tables: readonly string[], options: CallOptions = {}): Promise<AppliedTokens> {
    const found = await this.#query.tables(tables, options);
    return Object.fromEntries(
      tables.map((name) => {
        const table = found.get(name);
        if (table === undefined) throw noTable(name);
        return [name, table.sequencerTxn];
      }),
    );
  }

  /** Resolves when every table has applied its log up to its token. Rejects only with the signal's reason. */
  async waitApplied(tokens: AppliedTokens, options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#wait(Object.keys(tokens), { ...tokens }, options);
  }

  /**
   * Resolves when everything that was answered for these tables before this call is applied. An unreachable server is waited out as well.
   * Rejects only with the signal's reason.
   */
  async waitAllApplied(tables: readonly string[], options: { signal?: AbortSignal } = {}): Promise<void> {
    await this.#wait(tables, {}, options);
  }

  /** A table without a token gets one from the first answer: the end of its log at that moment. */
  async #wait(
    names: readonly string[],
    tokens: Record<string, number>,
    options: { signal?: AbortSignal },
  ): Promise<void> {
    if (names.length === 0) return;
    this.#waiters++;
    try {
      for (let waitMs = FIRST_POLL_MS; ; waitMs = Math.min(waitMs * 1.5, LONGEST_POLL_MS)) {
        options.signal?.throwIfAborted();
        if (await this.#passed(names, tokens, options.signal)) return;
        await pauseOrThrow(this.#clock, waitMs, options.signal);
      }
    } finally {
      if (--this.#waiters === 0) this.#set('idle', null);
    }
  }

  async #passed(
    names: readonly string[],
    tokens: Record<string, number>,
    signal?: AbortSignal,
  ): Promise<boolean> {
    let found: Map<string, WalTable>;
    try {
      found = await this.#query.tables(names, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      this.#set('unreachable', error);
      return false;
    }
    for (const name of names) {
      const table = found.get(name);
      if (table !== undefined) tokens[name] ??= table.sequencerTxn;
    }
    for (const name of names) {
      const table = found.get(name);
      if (table !== undefined && table.writerTxn >= (tokens[name] ?? table.sequencerTxn)) continue;
      if (table === undefined) this.#set('unreachable', noTable(name));
      else if (table.suspended) this.#set('suspended', suspended(table));
      else this.#set('waiting', null);
      return false;
    }
    return true;
  }

  #set(phase: AppliedState['phase'], error: unknown): void {
    const code = error === null ? null : error instanceof FxtapeError ? error.code : 'QDB_BAD_ANSWER';
    if (this.#state.phase === phase && this.#state.code === code) return;
    const message = error === null ? null : (error as Error).message;
    this.#state = { phase, code, message, sinceMs: this.#clock.nowMs() };
    this.#onState(this.#state);
  }
}
