// Looks at the logs of tables, for many at once: one query at a time, each for all that have asked since the last one began. An
// answer is therefore never older than the question.
import type { CallOptions, QuestDbHttp } from './quest-db-http.ts';
import { type WalTable, walTables } from './wal-tables.ts';

interface Look {
  readonly names: Set<string>;
  readonly answer: Promise<Map<string, WalTable>>;
  readonly begin: () => void;
}

const looks = new WeakMap<object, WalLook>();

/** The one that everybody shares who asks the same server in the same way. */
export function walLook(http: Pick<QuestDbHttp, 'exec'>): WalLook {
  let look = looks.get(http);
  if (look === undefined) looks.set(http, (look = new WalLook(http)));
  return look;
}

export class WalLook {
  readonly #http: Pick<QuestDbHttp, 'exec'>;
  #running = false;
  #next: Look | null = null;

  constructor(http: Pick<QuestDbHttp, 'exec'>) {
    this.#http = http;
  }

  /**
   * The named tables that exist, and maybe others. Errors: as `exec`; an abort rejects at once with the signal's reason and leaves
   * the query to the others.
   */
  async tables(names: readonly string[], { signal }: CallOptions = {}): Promise<Map<string, WalTable>> {
    signal?.throwIfAborted();
    this.#next ??= this.#look();
    const look = this.#next;
    for (const name of names) look.names.add(name);
    if (!this.#running) look.begin();
    if (signal === undefined) return look.answer;
    const { promise, reject } = Promise.withResolvers<never>();
    const aborted = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', aborted, { once: true });
    try {
      return await Promise.race([look.answer, promise]);
    } finally {
      signal.removeEventListener('abort', aborted);
    }
  }

  #look(): Look {
    const names = new Set<string>();
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const answer = begun.then(async () => {
      this.#running = true;
      this.#next = null;
      try {
        return await walTables(this.#http, [...names]);
      } finally {
        this.#running = false;
        // Read anew: somebody may have asked while the query ran.
        (this.#next as Look | null)?.begin();
      }
    });
    // Whoever asked may have gone by then.
    answer.catch(() => {});
    return { names, answer, begin };
  }
}
