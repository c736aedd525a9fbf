// Guards queries whose answers decide something: on a table that lags or is suspended, rows would seem to be missing. In: the tables that
// the query reads. Out: nothing, once they show everything that was in their logs at the time of the call; otherwise an error.
import { type Clock, pauseOrThrow, FxtapeError } from '@fxtape/ops';
import type { QuestDbHttp } from './quest-db-http.ts';
import { sharedWalQuery } from './shared-wal-query.ts';
import { noTable, suspended } from './wal-tables.ts';

export interface SettledOptions {
  /** How long a lag may take to pass; 0 = not at all. Default 2,000. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const POLL_MS = 20;

/** Errors: QDB_SUSPENDED (at once), QDB_NOT_APPLIED (after `waitMs`), QDB_NO_TABLE, and those of `exec`. */
export async function requireSettled(
  http: Pick<QuestDbHttp, 'exec'>,
  clock: Clock,
  names: readonly string[],
  options: SettledOptions = {},
): Promise<void> {
  const untilMs = clock.monoMs() + (options.waitMs ?? 2_000);
  const wanted = new Map<string, number>();
  for (;;) {
    const found = await sharedWalQuery(http).tables(names, { signal: options.signal });
    let behind: string | null = null;
    for (const name of names) {
      const table = found.get(name);
      if (table === undefined) throw noTable(name);
      if (table.suspended) throw suspended(table);
      const upTo = wanted.get(name) ?? table.sequencerTxn;
      wanted.set(name, upTo);
      if (table.writerTxn < upTo) behind = name;
    }
    if (behind === null) return;
    if (clock.monoMs() >= untilMs) {
      throw new FxtapeError({
        code: 'QDB_NOT_APPLIED',
        message: `QuestDB has not yet applied the log of the table ${behind}`,
        context: { table: behind },
      });
    }
    await pauseOrThrow(clock, POLL_MS, options.signal);
  }
}
