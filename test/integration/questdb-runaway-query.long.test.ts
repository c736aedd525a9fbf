// Queries that never end, over the door that people use: they are ended, and meanwhile rows are written, seen, and no table is suspended.
import { pgRows, QuestDbHttp, walTables } from '@fxtape/questdb';
import { type QuestDbServer, startQuestDb, until } from '@fxtape/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** One more than there are workers for them: the last one waits for its turn. */
const RUNAWAYS = 5;
let server: QuestDbServer;
let http: QuestDbHttp;

beforeAll(async () => {
  server = await startQuestDb({ QDB_QUERY_TIMEOUT: '15s' });
  http = new QuestDbHttp({ conf: server.conf });
});
afterAll(async () => {
  http?.close();
  await server?.close();
});

const drain = async (sql: string): Promise<string> => {
  try {
    for await (const item of pgRows(server.pg, sql)) void item;
    return 'ended by itself';
  } catch (error) {
    return (error as Error).message;
  }
};

test('they are ended by the time-out, and writers do not feel them', async () => {
  await http.exec('CREATE TABLE t (ts TIMESTAMP, n LONG) TIMESTAMP(ts) PARTITION BY DAY WAL');
  const forever =
    'SELECT count() FROM long_sequence(100000000) a CROSS JOIN long_sequence(100000000) b WHERE a.x > b.x + 1e12';
  const ends = Array.from({ length: RUNAWAYS }, () => drain(forever));
  let ended = 0;
  for (const end of ends) void end.then(() => (ended += 1));
  await until(
    async () => {
      const { dataset } = await http.exec("SELECT count() FROM query_activity() WHERE query LIKE '%1e12%'");
      // All but the last, and this question.
      return Number(dataset[0]?.[0]) >= RUNAWAYS;
    },
    { what: 'the queries to run', deadlineMs: 10_000 },
  );
  let written = 0;
  while (ended === 0) {
    const answer = await http.write(
      't',
      Buffer.from(`t n=${++written}i ${1_767_571_200_000_000 + written}\n`),
      {
        deadlineMs: 10_000,
      },
    );
    expect(answer).toMatchObject({ kind: 'stored' });
    await until(async () => Number((await http.exec('SELECT count() FROM t')).dataset[0]?.[0]) === written, {
      what: 'the row to be seen',
      deadlineMs: 10_000,
      everyMs: 20,
    });
  }
  expect(written).toBeGreaterThan(20);
  for (const end of await Promise.all(ends)) expect(end).toMatch(/timeout, query aborted|timeout expired/);
  expect((await walTables(http, ['t'])).get('t')).toMatchObject({ suspended: false });
});
