// Queries the state of table logs for many callers at once: one query at a time, each for everybody who has asked since the last one
// began. An answer is therefore never older than the call.
import type { CallOptions, QuestDbHttp } from './quest-db-http.ts';
import { type WalTable, walTables } from './wal-tables.ts';

interface Query {
  readonly names: Set<string>;
  readonly answer: Promise<Map<string, WalTable>>;
  readonly begin: () => void;
}

const shared = new WeakMap<object, SharedWalQuery>();

/** The one that all users of a connection share. */
export function sharedWalQuery(http: Pick<QuestDbHttp, 'exec'>): SharedWalQuery {
  let query = shared.get(http);
  if (query === undefined) shared.set(http, (query = new SharedWalQuery(http)));
  return query;
}

export class SharedWalQuery {
  readonly #http: Pick<QuestDbHttp, 'exec'>;
  #running = false;
  #next: Query | null = null;

  constructor(http: Pick<QuestDbHttp, 'exec'>) {
    this.#http = http;
  }

  /**
   * The named tables that exist, and maybe others. Errors: as `exec`. An abort rejects at once with the signal's reason; the query goes on
   * for the other callers.
   */
  async tables(names: readonly string[], { signal }: CallOptions = {}): Promise<Map<string, WalTable>> {
    signal?.throwIfAborted();
    this.#next ??= this.#prepare();
    const query = this.#next;
    for (const name of names) query.names.add(name);
    if (!this.#running) query.begin();
    if (signal === undefined) return query.answer;
    const { promise, reject } = Promise.withResolvers<never>();
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    try {
      return await Promise.race([query.answer, promise]);
    } finally {
      signal.removeEventListener('abort', aborted);
    }
  }

  #prepare(): Query {
    const names = new Set<string>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const answer = begun.then(async () => {
      this.#running = true;
      this.#next = null;
      try {
        return await walTables(this.#http, [...names]);
      } finally {
        this.#running = false;
        // Somebody may have asked while the query ran.
        (this.#next as Query | null)?.begin();
      }
    });
    // Its callers may have been aborted by then.
    answer.catch(() => {});
    return { names, answer, begin };
  }
}
