// The console reads as the user that only reads: what it answers is what the services' own user sees, and it can change nothing.
import { createLog, type FxtapeError, systemClock } from '@fxtape/ops';
import { HistoryReader, migrate, QuestDbHttp, QuestDbPg, Reader, TableWriter } from '@fxtape/questdb';
import { questDbGaps } from '@fxtape/console';
import { type QuestDbServer, startQuestDb } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const clock = systemClock();
const log = createLog({ service: 'test', level: 'silent' });
const T0 = Date.UTC(2026, 10, 23, 8) * 1000;
const MINUTE = 60_000_000;
let server: QuestDbServer;
let http: QuestDbHttp;
let reader: QuestDbPg;
beforeAll(async () => {
  server = await startQuestDb({
    QDB_PG_READONLY_USER_ENABLED: 'true',
    QDB_PG_READONLY_USER: 'reader',
    QDB_PG_READONLY_PASSWORD: 'only-reads',
  });
  http = new QuestDbHttp({ conf: server.conf });
  reader = new QuestDbPg({ url: server.pg.replace('admin:quest', 'reader:only-reads') });
  await migrate({ client: http, log });
  const writer = new TableWriter({ http, log, clock, random: Math.random });
  await writer.submit(
    'gap_events',
    Array.from({ length: 500 }, (_, i) => ({
      ts: T0 + i,
      gap_id: `g${i}`,
      writer: 'collector',
      outage_id: `o${i % 7}`,
      account: i % 2 === 0 ? 'one' : 'two',
      feed: 'demo',
      symbol: i % 5 === 0 ? null : 'EURUSD',
      stream: 'ticks',
      timeframe: null,
      event: 'opened',
      ts_from: T0 + i * MINUTE,
      ts_to: i % 3 === 0 ? null : T0 + i * MINUTE + 1,
      cause: 'disconnect',
      state: 'open',
      missing_estimate: i,
      evidence: `"é; '${i}`,
    })),
  );
  await writer.submit('clock_rules', [
    {
      server: 'Demo',
      ts: Date.UTC(1971, 0) * 1000,
      rule_id: 'America/New_York+7h',
      ts_decided: T0,
      confidence: 'inferred',
      evidence: '{"weeks":3}',
    },
  ]);
  writer.close();
});
afterAll(async () => {
  await reader?.close();
  http?.close();
  await server?.close();
});

test('it answers what HTTP answers, and never reads more than it answers', async () => {
  const read: number[] = [];
  const counted = {
    exec: async (sql: string) => {
      const answer = await reader.exec(sql);
      if (/FROM gaps|FROM outages/.test(sql)) read.push(answer.dataset.length);
      return answer;
    },
  };
  const sources = [counted, http].map((asked) => questDbGaps(http, new Reader({ http: asked, clock })));
  const filters = {
    open: undefined,
    account: undefined,
    symbol: undefined,
    stream: undefined,
    from: undefined,
    to: undefined,
  };
  const queries = [
    { limit: 10 },
    { limit: 1000 },
    { limit: 5, account: 'two', symbol: 'EURUSD', stream: 'ticks', open: 'true' },
    { limit: 5, from: '2026-11-23T09:00', to: '2026-11-23T09:30:00Z' },
    { limit: 5, stream: 'bars' },
  ] as const;
  for (const query of queries) {
    const asked = { ...filters, ...query };
    const [ours, theirs] = await Promise.all(sources.map((source) => source.gaps(asked)));
    expect(ours).toEqual(theirs);
    const [outages, same] = await Promise.all(sources.map((source) => source.outages(asked)));
    expect(outages).toEqual(same);
    expect(Math.max(...read.splice(0))).toBeLessThanOrEqual(query.limit + 1);
  }
  const newest = await (sources[0] as (typeof sources)[number]).gaps({
    ...filters,
    limit: 3,
    account: 'two',
    symbol: 'EURUSD',
  });
  expect([newest.truncated, newest.gaps.map(({ gap_id }) => gap_id)]).toEqual([
    true,
    ['g499', 'g497', 'g495'],
  ]);
  const rules = await Promise.all(
    [reader, http].map((asked) => new HistoryReader({ http: asked, clock }).clockRules('Demo')),
  );
  expect(rules[0]).toEqual(rules[1]);
  expect(rules[0]).toHaveLength(1);
});

test('it changes nothing, and says what is wrong', async () => {
  const code = (asked: Promise<unknown>) =>
    asked.then(
      () => 'answered',
      (error: FxtapeError) => error.code,
    );
  expect(await code(reader.exec('DROP TABLE gap_events'))).toBe('QDB_SQL');
  expect(await code(reader.exec("INSERT INTO gap_events (ts) VALUES ('2026-01-01')"))).toBe('QDB_SQL');
  const wrong = new QuestDbPg({ url: server.pg.replace('admin:quest', 'reader:wrong') });
  expect(await code(wrong.exec('SELECT 1'))).toBe('QDB_PG_LOGIN');
  await wrong.close();
  const nobody = new QuestDbPg({ url: 'postgresql://reader:x@127.0.0.1:1/qdb' });
  expect(await code(nobody.exec('SELECT 1'))).toBe('QDB_PG_UNREACHABLE');
  await nobody.close();
  // After the server was away, the next question finds it again.
  await server.stop();
  expect(await code(reader.exec('SELECT 1'))).toBe('QDB_PG_UNREACHABLE');
  await server.start();
  expect(await code(reader.exec('SELECT 1'))).toBe('answered');
});
