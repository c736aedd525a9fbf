// What a recording under test left behind, wherever its parts run: a gateway that knows what it sent, and the tables. Out: SQL, and the
// moment when all that was sent has come to rest.
import { until } from '../until.ts';
import type { GatewayControl } from './gateway-control.ts';

const STILL_MS = 3500;
/** Claims that end before the market does: nobody records any more, or somebody is slow. */
const STILL_SHORT_MS = 30_000;

export abstract class Recorded {
  abstract readonly gateway: GatewayControl;
  /** `http://127.0.0.1:port` of QuestDB. */
  protected abstract get sqlUrl(): string;
  /** Of a QuestDB that asks for a password. */
  protected get sqlHeaders(): Record<string, string> {
    return {};
  }

  async sql(query: string): Promise<unknown[][]> {
    const url = `${this.sqlUrl}/exec?query=${encodeURIComponent(query)}`;
    const answer = await fetch(url, { headers: this.sqlHeaders });
    const { dataset, ddl, error } = (await answer.json()) as {
      dataset?: unknown[][];
      ddl?: string;
      error?: string;
    };
    if (dataset !== undefined) return dataset;
    if (ddl !== undefined) return [];
    throw new Error(`${query}: ${error}`);
  }

  async count(table = 'ticks'): Promise<number> {
    return Number((await this.sql(`SELECT count() FROM ${table}`))[0]?.[0]);
  }

  /** Waits for so many more rows of ticks. */
  async moreTicks(count: number, deadlineMs = 60_000): Promise<void> {
    const before = await this.count().catch(() => 0);
    await until(async () => (await this.count()) >= before + count, {
      what: `${count} more ticks`,
      deadlineMs,
      everyMs: 50,
      retryErrors: true,
    });
  }

  /**
   * Stops the market and waits until the database stands still. Coverage trails by seconds and is waited for too: what stands still before
   * the claims of each stream of ticks reach the end of the market may be about to go on, on a machine that is busy.
   */
  async settle(deadlineMs = 120_000): Promise<void> {
    const { nowUtc } = await this.gateway.command('pause');
    const endUs = Date.parse(String(nowUtc)) * 1000;
    let last = '';
    let sinceMs = performance.now();
    await until(
      async () => {
        const [[ticks]] = (await this.sql('SELECT count() FROM ticks')) as [[number]];
        const [[open]] = (await this.sql('SELECT count() FROM gaps WHERE ts_to IS NULL')) as [[number]];
        const [[claims]] = (await this.sql('SELECT count(), max(ts_to) FROM coverage')) as [[number]];
        const [[lag]] = (await this.sql(
          'SELECT count() FROM wal_tables() WHERE suspended OR writerTxn < sequencerTxn',
        )) as [[number]];
        const [[least]] = (await this.sql(
          "SELECT min(us) FROM (SELECT feed, symbol, max(cast(ts_to as long)) us FROM coverage WHERE stream = 'ticks' AND source != 'history' GROUP BY feed, symbol)",
        )) as [[number | null]];
        const now = `${ticks} ${open} ${claims}`;
        if (now !== last) sinceMs = performance.now();
        last = now;
        const isWhole = least !== null && Number(least) >= endUs;
        // Claims are written all the time, so a table of them is often a moment behind.
        return lag === 0 && performance.now() - sinceMs >= (isWhole ? STILL_MS : STILL_SHORT_MS);
      },
      { what: 'the tables to stand still', deadlineMs, everyMs: 250 },
    );
  }
}
