// QuestDB takes statements in the address of a GET only, and not more than 32 KB of it: nothing that is asked grows beyond, however many
// symbols a feed has or ids an answer, and what would is refused with its name instead of being repeated for ever.
import { createLog, systemClock } from '@fxtape/ops';
import { tables } from '@fxtape/market';
import { encodeRows, HistoryReader, migrate, QuestDbHttp, Reader, requireSettled } from '@fxtape/questdb';
import { type QuestDbServer, startQuestDb } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const clock = systemClock();
let server: QuestDbServer;
let http: QuestDbHttp;
beforeAll(async () => {
  server = await startQuestDb();
  http = new QuestDbHttp({ conf: server.conf });
  await migrate({ client: http, log: createLog({ service: 'test', level: 'silent' }) });
});
afterAll(async () => {
  http?.close();
  await server?.close();
});

test('the newest tick of each of 2,000 symbols', async () => {
  const ts = Date.UTC(2026, 5, 1) * 1000;
  const ticks = Array.from({ length: 2000 }, (_, i) => ({
    ts: ts + i * 1000,
    feed: 'wide',
    symbol: `SYMBOL-${i}`,
    ts_recv: ts + i,
    bid: i,
    ask: i + 1,
    utc_offset_s: 7200,
    source: 'live',
  }));
  expect(await http.write('ticks', encodeRows(tables.ticks, ticks).body)).toEqual({ kind: 'stored' });
  await requireSettled(http, clock, ['ticks'], { waitMs: 20_000 });
  const latest = await new Reader({ http, clock }).latestTicks('wide');
  expect([latest.size, latest.get('SYMBOL-1999')?.bid]).toEqual([2000, 1999]);
});

test('2,000 deals by ids of nineteen digits', async () => {
  const ids = Array.from({ length: 2000 }, (_, i) => 9_000_000_000_000_000_000n + BigInt(i));
  expect(await new HistoryReader({ http, clock }).dealsById('an-account-with-a-long-name', ids)).toEqual([]);
});

test('a statement that is too long is a terminal error, not a lost connection', async () => {
  await expect(http.exec(`SELECT 1 -- ${'x'.repeat(40_000)}`)).rejects.toMatchObject({
    code: 'QDB_SQL_TOO_LONG',
    kind: 'terminal',
  });
  // What is allowed is really taken.
  expect((await http.exec(`SELECT 1 ${' '.repeat(10_300)}`)).dataset).toEqual([[1]]);
});
