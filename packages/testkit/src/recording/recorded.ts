// Access to a recording under test, wherever its parts run: the gateway that knows what it sent, and the tables. Out: SQL, and waiting until everything
// sent has settled.
import { until } from '../until.ts';
import type { GatewayControl } from './gateway-control.ts';

const STILL_MS = 3500;
/** How long coverage may lag behind the end of the market: a recorder has stopped or is slow. */
const STILL_SHORT_MS = 30_000;

export abstract class Recorded {
  abstract readonly gateway: GatewayControl;
  /** `http://127.0.0.1:port` of QuestDB. */
  protected abstract get sqlUrl(): string;
  /** For a QuestDB with a password. */
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

  /** Waits for `count` more rows of ticks. */
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
   * Stops the market and waits until the tables no longer change. Coverage trails by seconds: on a busy machine, tables that are still before the
   * coverage of each tick stream reaches the end of the market may yet change.
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
        // Coverage is written all the time, so its table is often a moment behind.
        return lag === 0 && performance.now() - sinceMs >= (isWhole ? STILL_MS : STILL_SHORT_MS);
      },
      { what: 'the tables to stand still', deadlineMs, everyMs: 250 },
    );
  }
}
