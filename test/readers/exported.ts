// A real dataset for the tests of readers: ticks in a QuestDB, some of them healed between two versions. In: nothing. Out: the database, and
// how to add what was missing.
import { createLog, systemClock } from '@fxtape/ops';
import { encodeRows, migrate, QuestDbHttp, requireSettled } from '@fxtape/questdb';
import { type RowInput, type TableName, tableDef } from '@fxtape/market/tables';
import { type QuestDbServer, startQuestDb } from '@fxtape/testkit';
import { expect } from 'vitest';

const MINUTE_US = 60_000_000;
const DAY_US = 1440 * MINUTE_US;
/** As brokers name them; EURUSD is what people ask for first. */
export const EXPORTED_SYMBOLS = ['EURUSD', 'EUR/USD', '#AAPL', 'US 500', '123456', 'é', 'XAU+'];
export const GAP_ID = 'readers-gap';

export class ExportedTicks {
  readonly server: QuestDbServer;
  readonly http: QuestDbHttp;
  /** Midnight UTC three days ago. */
  readonly fromUs: number;
  readonly #clock = systemClock();

  private constructor(server: QuestDbServer) {
    this.server = server;
    this.http = new QuestDbHttp({ conf: server.conf });
    this.fromUs = Math.floor(Date.now() / 86_400_000 - 3) * DAY_US;
  }

  /** Ticks of two and a half days, every 20 s, without an hour of the second day, which is an open gap. */
  static async start(): Promise<ExportedTicks> {
    const made = new ExportedTicks(await startQuestDb());
    await migrate({ client: made.http, log: createLog({ service: 'test', level: 'silent' }) });
    const account = { account_id: 'x', server: 'Demo', feed: 'icm' };
    await made.write('accounts', [{ ts: made.fromUs, account: 'demo', ...account }]);
    const gap = made.gap;
    for (const symbol of EXPORTED_SYMBOLS)
      await made.write(
        'ticks',
        made.ticks(symbol).filter(({ ts }) => ts < gap.fromUs || ts >= gap.toUs),
      );
    await made.#gapEvent('opened', 'open', null, 0);
    return made;
  }

  get gap(): { readonly fromUs: number; readonly toUs: number } {
    const fromUs = this.fromUs + DAY_US + 600 * MINUTE_US;
    return { fromUs, toUs: fromUs + 60 * MINUTE_US };
  }

  /** History fills the gap of EURUSD. */
  async heal(): Promise<number> {
    const { fromUs, toUs } = this.gap;
    const rows = this.ticks('EURUSD').filter(({ ts }) => ts >= fromUs && ts < toUs);
    const nowUs = Date.now() * 1000;
    await this.write(
      'ticks',
      rows.map((row, i) => ({ ...row, ts_recv: nowUs + i, source: 'history' })),
    );
    await this.#gapEvent('healed', 'healed', rows.length, 1);
    return rows.length;
  }

  /**
   * Prices are multiples of 2⁻¹⁷, so that every sum is exact in any order; two ticks of every hundredth moment. In the gap the price falls and
   * rises: a strategy notices.
   */
  ticks(symbol: string): (RowInput<'ticks'> & { readonly ts: number })[] {
    const phase = EXPORTED_SYMBOLS.indexOf(symbol);
    return Array.from({ length: 2.5 * 4320 }, (_, i) => {
      const ts = this.fromUs + Math.floor(i - (i % 100 === 1 ? 1 : 0)) * 20_000_000;
      const inGap = (ts - this.gap.fromUs) / MINUTE_US;
      const jump = inGap >= 10 && inGap < 25 ? -2500 : inGap >= 25 && inGap < 40 ? 2500 : 0;
      const steps = Math.round(900 * Math.sin((i + phase * 500) / 700) + 60 * Math.sin(i / 9)) + jump;
      const spread = 1 + ((i * 7 + phase) % 5) + (Math.floor(i / 180) % 24 === 22 ? 12 : 0);
      const bid = 1.125 + steps / 2 ** 17;
      return {
        ts,
        feed: 'icm',
        symbol,
        ts_recv: ts + 30_000 + (i % 100 === 1 ? 1 : 0),
        bid,
        ask: bid + spread / 2 ** 17,
        utc_offset_s: 10_800,
        source: 'live',
      };
    });
  }

  async write<N extends TableName>(table: N, rows: readonly RowInput<N>[]): Promise<void> {
    const { body, refused } = encodeRows(tableDef(table), rows as readonly RowInput<TableName>[]);
    expect(refused).toEqual([]);
    expect(await this.http.write(table, body)).toEqual({ kind: 'stored' });
    await requireSettled(this.http, this.#clock, [table], { waitMs: 30_000 });
  }

  async #gapEvent(event: 'opened' | 'healed', state: 'open' | 'healed', rows: number | null, n: number) {
    const { fromUs, toUs } = this.gap;
    await this.write('gap_events', [
      {
        ts: toUs + n,
        gap_id: GAP_ID,
        writer: 'test',
        event,
        account: 'demo',
        feed: 'icm',
        symbol: 'EURUSD',
        stream: 'ticks',
        ts_from: fromUs,
        ts_to: toUs,
        cause: 'disconnect',
        state,
        rows_healed: rows,
      },
    ]);
  }

  async close(): Promise<void> {
    this.http.close();
    await this.server.close();
  }
}
