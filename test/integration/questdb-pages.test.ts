// Every SQL block of the pages that people read first is a query that runs, on tables that hold something.

import { readFileSync } from 'node:fs';
import { createLog, systemClock } from '@fxtape/ops';
import { tables } from '@fxtape/market';
import { AppliedWatch, migrate, pgQuery, QuestDbHttp, TableWriter } from '@fxtape/questdb';
import { type QuestDbServer, startQuestDb } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const log = createLog({ service: 'test', level: 'silent' });
const clock = systemClock();
let server: QuestDbServer;
let http: QuestDbHttp;
beforeAll(async () => {
  server = await startQuestDb();
  http = new QuestDbHttp({ conf: server.conf });
  await migrate({ client: http, log });
  const writer = new TableWriter({ http, log, clock, random: Math.random });
  const ts = Date.now() * 1000;
  const place = { account: 'demo', feed: 'demo', symbol: 'EURUSD', stream: 'ticks', timeframe: null };
  await writer.submit('ticks', [
    { ts, feed: 'demo', symbol: 'EURUSD', ts_recv: ts, bid: 1, ask: 2, utc_offset_s: 10_800, source: 'live' },
  ]);
  await writer.submit('gap_events', [
    {
      ...place,
      ts,
      gap_id: 'g',
      writer: 'collector',
      outage_id: 'o',
      event: 'opened',
      ts_from: ts,
      cause: 'disconnect',
      state: 'open',
    },
  ]);
  await writer.submit('coverage', [{ ...place, ts, range_id: 'r', ts_to: ts + 1, source: 'live', rows: 1 }]);
  // A bar and a deal of 2026-01-02, each in two versions.
  const opened = Date.UTC(2026, 0, 2, 12) * 1000;
  const bar = { ts: opened, feed: 'demo', symbol: 'EURUSD', timeframe: 'M1', open: 1, high: 2, low: 1 };
  const deal = {
    ts: opened,
    account: 'demo',
    deal_id: 1,
    symbol: 'EURUSD',
    profit: 1,
    commission: 0,
    swap: 0,
  };
  const seen = [opened + 60_000_000, opened + 3_600_000_000] as const;
  await writer.submit('bars', [{ ...bar, close: 2, ts_seen: seen[1] }]);
  await writer.submit(
    'bar_revisions',
    seen.map((ts_seen, i) => ({ ...bar, close: i + 1, ts_seen })),
  );
  await writer.submit('deals', [{ ...deal, ts_seen: seen[1] }]);
  await writer.submit(
    'deal_revisions',
    seen.map((ts_seen, i) => ({ ...deal, profit: i, ts_seen })),
  );
  const watch = new AppliedWatch({ http, clock });
  await watch.waitApplied(await watch.tokens(Object.keys(tables)));
});
afterAll(async () => {
  http?.close();
  await server?.close();
});

const statements = (page: string): string[] =>
  [...readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8').matchAll(/```sql\n([\s\S]*?)```/g)]
    .flatMap(([, block = '']) => block.split(/;[ \t]*(?:\n|$)/))
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');

test.each([
  { pages: ['README.md', 'docs/operate.md'], least: 3 },
  { pages: ['docs/data-dictionary.md'], least: 20 },
])(
  '$pages: every query runs over HTTP and the PostgreSQL wire, and finds what is there',
  async ({ least, pages }) => {
    const all = pages.flatMap(statements);
    expect(all.length).toBeGreaterThanOrEqual(least);
    for (const sql of all) {
      const answer = await http.exec(sql);
      const rows = await pgQuery(server.pg, sql);
      expect(rows.length, sql).toBe(answer.dataset.length);
      const filled =
        /FROM (ticks|gaps|outages|coverage|gap_events|schema_migrations|bars|bar_revisions|deals|deal_revisions)\b/.test(
          sql,
        );
      if (filled) expect(answer.dataset.length, sql).toBeGreaterThan(0);
    }
  },
);
