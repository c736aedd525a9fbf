import { createLog, Metrics } from '@fxtape/ops';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { badLine, MisbehavingServer, type Verdict } from '../../testing/misbehaving-server.ts';
import { QuestDbHttp } from '../wire/quest-db-http.ts';
import { quickClock } from '../../testing/quick-clock.ts';
import { TableWriter, type TableWriterOptions } from './table-writer.ts';
import { type RowInput, tables } from '@fxtape/market/tables';
import type { WriterState } from './writer-state.ts';

const T = 1_795_431_234_000_000;
const log = createLog({ service: 'test', level: 'silent' });

let server: MisbehavingServer;
let http: QuestDbHttp;
let states: WriterState[];

beforeEach(async () => {
  server = new MisbehavingServer();
  server.query = realTable;
  await server.start();
  http = new QuestDbHttp({ conf: server.conf });
  states = [];
});
afterEach(async () => {
  http.close();
  await server.stop();
});

function writer(options: Partial<TableWriterOptions> = {}): TableWriter {
  return new TableWriter({
    http,
    log,
    clock: quickClock(),
    random: () => 0.5,
    onState: (state) => states.push(state),
    commitEveryMs: 0,
    ...options,
  });
}

function rows(from: number, count: number, usApart = 1): RowInput<'rejected'>[] {
  return Array.from({ length: count }, (_, i) => ({
    ts: T + (from + i) * usApart,
    account: 'a',
    ts_recv: T + from + i,
    kind: 'test',
    raw: String(from + i),
  }));
}

/** The numbers of the rows in lines. */
function numbers(lines: readonly string[]): number[] {
  return lines.map((line) => Number(/raw="(\d+)"/.exec(line)?.[1]));
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

/** /exec as the real table would answer it. */
function realTable(sql: string) {
  const def = tables.rejected;
  if (sql.includes('table_columns')) {
    return {
      columns: ['column', 'type', 'upsertKey'],
      dataset: def.columns.map((c) => [c.name, c.type.toUpperCase(), def.keys.includes(c.name as 'ts')]),
    };
  }
  return {
    columns: ['designatedTimestamp', 'partitionBy', 'walEnabled', 'dedup'],
    dataset: [['ts', def.partition, true, true]],
  };
}

const page = { status: 503, type: 'text/html', body: '<html><body>Service Unavailable</body></html>' };
const whole = { code: 'invalid', message: 'commit error for table: rejected', errorId: 'x-2' };

test.each<[string, Verdict, string]>([
  ['resets in the middle of the request', 'reset', 'QDB_RESET'],
  ['resets after it took everything in', 'store-and-reset', 'QDB_RESET'],
  ['sends half an answer', 'half-answer', 'QDB_RESET'],
  ['does not answer in time', 'hang', 'QDB_TIMEOUT'],
  ['answers too late', { status: 204, afterMs: 600 }, 'QDB_TIMEOUT'],
  ['fails with 500', { status: 500, body: JSON.stringify(whole) }, 'QDB_HTTP_STATUS'],
  ['sends a page with 503', page, 'QDB_HTTP_STATUS'],
  ['refuses the whole table', { status: 400, body: JSON.stringify(whole) }, 'QDB_REFUSED'],
  ['refuses the whole request without words', { status: 400, type: 'text/plain' }, 'QDB_REFUSED'],
  ['is read-only', { status: 421, body: JSON.stringify(whole) }, 'QDB_READ_ONLY'],
  ['wants a password', { status: 401, type: 'text/plain', body: 'Unauthorized' }, 'QDB_UNAUTHORIZED'],
  ['greets with a page and 200', { status: 200, type: 'text/html', body: '<html>' }, 'QDB_BAD_ANSWER'],
  ['redirects', { status: 301, type: 'text/html' }, 'QDB_REFUSED'],
  ['finds even one row too large', { status: 413 }, 'QDB_TOO_LARGE'],
])('a server that %s for a while: nothing is lost and order is kept', async (_name, verdict, code) => {
  server.judge = (lines, nth) => (nth < 3 ? verdict : 'store');
  const target = writer();
  const submits = [target.submit('rejected', rows(0, 1))];
  await vi.waitFor(() => expect(server.arrived.length).toBeGreaterThan(0), { interval: 1 });
  submits.push(target.submit('rejected', rows(1, 1)));
  expect(await Promise.all(submits)).toEqual([
    { rows: 1, condemned: [] },
    { rows: 1, condemned: [] },
  ]);
  const seen = numbers(server.stored);
  expect([...new Set(seen)]).toEqual([0, 1]);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(states.map((state) => state.code)).toEqual([code, null]);
  expect(target.state().find((s) => s.table === 'rejected')).toMatchObject({
    pendingRows: 0,
    inFlightRows: 0,
  });
});

test('a server that is away: submits wait, in order, and go through when it comes back', async () => {
  await server.stop();
  const target = writer();
  const submits = upTo(20).map((i) => target.submit('rejected', rows(i * 10, 10)));
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ phase: 'retrying', code: 'QDB_UNREACHABLE' }));
  expect(target.state().find((state) => state.table === 'rejected')).toMatchObject({ pendingRows: 200 });
  await server.start();
  const answers = await Promise.all(submits);
  expect(answers.map((answer) => answer.rows)).toEqual(Array(20).fill(10));
  expect(numbers(server.stored)).toEqual(upTo(200));
});

test('a connection that is cut while many megabytes are on their way', async () => {
  server.judge = (_lines, nth) => (nth < 3 ? 'reset' : 'store');
  const large = rows(0, 20).map((row) => ({ ...row, reason: 'x'.repeat(1024 * 1024) }));
  expect(await writer({ maxBytes: 64 * 1024 * 1024 }).submit('rejected', large)).toEqual({
    rows: 20,
    condemned: [],
  });
  expect(numbers(server.stored)).toEqual(upTo(20));
  expect(states.map((state) => state.code)).toEqual(['QDB_RESET', null]);
});

test('slow answers are waited for, and there is one request at a time', async () => {
  server.judge = () => ({ status: 204, afterMs: 20 });
  const target = writer({ maxRows: 10 });
  await Promise.all(upTo(10).map((i) => target.submit('rejected', rows(i * 10, 10))));
  expect(server.mostOpen).toBe(1);
  expect(numbers(server.stored)).toEqual(upTo(100));
});

test('submits that wait together travel together', async () => {
  server.judge = (_lines, nth) => (nth === 0 ? { status: 204, afterMs: 50 } : 'store');
  const target = writer();
  const submits = [target.submit('rejected', rows(0, 10))];
  await vi.waitFor(() => expect(server.arrived).toHaveLength(1), { interval: 1 });
  for (let i = 1; i < 30; i++) submits.push(target.submit('rejected', rows(i * 10, 10)));
  await Promise.all(submits);
  expect(server.arrived.map((request) => request.lines.length)).toEqual([10, 290]);
});

test('requests are not started faster than asked, unless enough rows wait', async () => {
  const target = writer({ commitEveryMs: 60_000, commitRows: 50 });
  await target.submit('rejected', rows(0, 1));
  const few = target.submit('rejected', rows(1, 10));
  await new Promise((resolve) => setImmediate(resolve));
  expect(server.arrived).toHaveLength(1);
  await Promise.all([few, target.submit('rejected', rows(11, 40))]);
  expect(server.arrived.map((request) => request.lines.length)).toEqual([1, 50]);
});

test('a large submit is cut between two milliseconds', async () => {
  const target = writer({ maxRows: 10 });
  await target.submit('rejected', rows(0, 50, 150));
  for (const { lines } of server.arrived.slice(0, -1)) expect(lines.length).toBeGreaterThan(4);
  const last = server.arrived.map(({ lines }) =>
    Math.floor(Number(/ (\d+)t$/.exec(lines.at(-1) ?? '')?.[1]) / 1000),
  );
  const first = server.arrived.map(({ lines }) =>
    Math.floor(Number(/ (\d+)t$/.exec(lines[0] ?? '')?.[1]) / 1000),
  );
  for (let i = 1; i < first.length; i++) expect(first[i]).toBeGreaterThan(last[i - 1] ?? 0);
  expect(numbers(server.stored)).toEqual(upTo(50));
});

test('a request is closed at the given size', async () => {
  const target = writer({ maxBytes: 500 });
  await target.submit('rejected', rows(0, 100));
  expect(server.arrived.length).toBeGreaterThan(10);
  expect(numbers(server.stored)).toEqual(upTo(100));
});

test('a request that is too large is sent in smaller ones', async () => {
  server.judge = (lines) => (lines.length > 7 ? { status: 413, body: '{}' } : 'store');
  const target = writer();
  expect(await target.submit('rejected', rows(0, 100))).toEqual({ rows: 100, condemned: [] });
  expect(numbers(server.stored)).toEqual(upTo(100));
});

test('a line refused twice is set aside, its neighbours are stored in order', async () => {
  const bad = new Set([0, 17, 18, 99]);
  server.judge = (lines) => {
    const at = numbers(lines).findIndex((n) => bad.has(n));
    return at < 0 ? 'store' : badLine(at + 1);
  };
  const metrics = new Metrics();
  const target = writer({ metrics });
  const [first, second] = await Promise.all([
    target.submit('rejected', rows(0, 50)),
    target.submit('rejected', rows(50, 50)),
  ]);
  expect(first?.rows).toBe(47);
  expect(first?.condemned.map((row) => [row.index, row.by])).toEqual([
    [0, 'server'],
    [17, 'server'],
    [18, 'server'],
  ]);
  expect(first?.condemned[1]?.row).toEqual(rows(17, 1)[0]);
  expect(first?.condemned[1]?.line).toContain('raw="17"');
  expect(first?.condemned[1]?.reason).toContain('cast error');
  expect(second?.condemned.map((row) => row.index)).toEqual([49]);
  expect(numbers(server.stored)).toEqual(upTo(100).filter((n) => !bad.has(n)));
  expect(await metrics.text()).toContain(
    'fxtape_questdb_rows_condemned_total{table="rejected",by="server"} 4',
  );
  expect(await metrics.text()).toContain('fxtape_questdb_rows_answered_total{table="rejected"} 96');
});

test('a line that is refused among others and taken alone is stored', async () => {
  server.judge = (lines) =>
    lines.length > 1 && numbers(lines).includes(5) ? badLine(numbers(lines).indexOf(5) + 1) : 'store';
  expect(await writer().submit('rejected', rows(0, 10))).toEqual({ rows: 10, condemned: [] });
  expect(numbers(server.stored)).toEqual(upTo(10));
});

test('a line number that does not exist leads to the line all the same', async () => {
  server.judge = (lines) => (numbers(lines).includes(5) ? badLine(lines.length + 5) : 'store');
  const answer = await writer().submit('rejected', rows(0, 10));
  expect(answer.condemned.map((row) => row.index)).toEqual([5]);
  expect(numbers(server.stored)).toEqual(upTo(10).filter((n) => n !== 5));
});

test.each([
  [
    'is missing',
    (sql: string) => (sql.includes('table_columns') ? realTable(sql) : { columns: [], dataset: [] }),
  ],
  [
    'lacks a column',
    (sql: string) => {
      const answer = realTable(sql);
      return { ...answer, dataset: answer.dataset.filter((row) => row[0] !== 'reason') };
    },
  ],
  [
    'has a column of another type',
    (sql: string) => {
      const answer = realTable(sql);
      return {
        ...answer,
        dataset: answer.dataset.map((row) => (row[0] === 'raw' ? ['raw', 'LONG', false] : row)),
      };
    },
  ],
])('no line is condemned while the table %s: it waits until the table is right', async (_name, query) => {
  server.query = query;
  server.judge = () => (server.query === query ? badLine(1) : 'store');
  const target = writer();
  const submit = target.submit('rejected', rows(0, 10));
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ phase: 'refused', code: 'SCHEMA_MISMATCH' }));
  expect(states.at(-1)?.message).toMatch(/rejected/);
  server.query = realTable;
  expect(await submit).toEqual({ rows: 10, condemned: [] });
});

test('no line is condemned while the table cannot be queried', async () => {
  server.query = () => ({ error: 'table busy' });
  server.judge = () => badLine(1);
  const submit = writer().submit('rejected', rows(0, 3));
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ phase: 'retrying', code: 'QDB_SQL' }));
  server.judge = () => 'store';
  expect(await submit).toEqual({ rows: 3, condemned: [] });
});

test('a row that no line can hold is set aside, the others are stored', async () => {
  const mixed = rows(0, 5).map((row, i) => (i === 2 ? { ...row, ts_recv: 5 } : row));
  const answer = await writer().submit('rejected', mixed);
  expect(answer.rows).toBe(4);
  expect(answer.condemned).toMatchObject([{ index: 2, by: 'encoder', line: null, row: mixed[2] }]);
  expect(numbers(server.stored)).toEqual([0, 1, 3, 4]);
});

test('nothing to store is answered at once', async () => {
  expect(await writer().submit('rejected', [])).toEqual({ rows: 0, condemned: [] });
  expect(server.arrived).toEqual([]);
});

test('an abort gives up one submit and keeps the others', async () => {
  server.judge = () => 'hang';
  const target = writer();
  const abort = new AbortController();
  const given = target.submit('rejected', rows(0, 5), { signal: abort.signal });
  const kept = target.submit('rejected', rows(5, 5));
  await vi.waitFor(() => expect(server.arrived.length).toBeGreaterThan(0), { interval: 1 });
  const queued = target.submit('rejected', rows(10, 5), { signal: abort.signal });
  abort.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  await expect(queued).rejects.toThrow('enough');
  server.judge = () => 'store';
  expect(await kept).toEqual({ rows: 5, condemned: [] });
  expect(numbers(server.stored)).not.toContain(10);
  await expect(target.submit('rejected', rows(0, 1), { signal: abort.signal })).rejects.toThrow('enough');
});

test('rows that were given up travel in no later request, also with those of others', async () => {
  server.judge = (_lines, nth) => (nth === 0 ? { status: 204, afterMs: 50 } : page);
  const target = writer();
  const abort = new AbortController();
  const first = target.submit('rejected', rows(0, 5));
  await vi.waitFor(() => expect(server.arrived).toHaveLength(1), { interval: 1 });
  const given = target.submit('rejected', rows(5, 5), { signal: abort.signal });
  const last = target.submit('rejected', rows(10, 5));
  await first;
  await vi.waitFor(() => expect(server.arrived.length).toBeGreaterThan(2), { interval: 1 });
  abort.abort(new Error('enough'));
  await expect(given).rejects.toThrow('enough');
  const before = server.arrived.length;
  server.judge = () => 'store';
  expect(await last).toEqual({ rows: 5, condemned: [] });
  const later = server.arrived.slice(before + 1).flatMap((request) => numbers(request.lines));
  expect(later).not.toContain(5);
  expect(new Set(numbers(server.stored))).toEqual(new Set([0, 1, 2, 3, 4, 10, 11, 12, 13, 14]));
});

test('an abort ends the waiting for a server that is away', async () => {
  await server.stop();
  const target = writer();
  const abort = new AbortController();
  const submit = target.submit('rejected', rows(0, 5), { signal: abort.signal });
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ phase: 'retrying' }));
  abort.abort(new Error('enough'));
  await expect(submit).rejects.toThrow('enough');
  expect(target.state().find((state) => state.table === 'rejected')).toMatchObject({ pendingRows: 0 });
});

test('closing gives every pending submit back', async () => {
  server.judge = () => 'hang';
  const target = writer();
  const submits = [target.submit('rejected', rows(0, 5)), target.submit('rejected', rows(5, 5))];
  const room = writer({ maxPendingRows: 0 });
  const waiting = room.room('rejected');
  await vi.waitFor(() => expect(server.arrived).toHaveLength(1));
  target.close();
  room.close();
  for (const submit of submits) await expect(submit).rejects.toMatchObject({ code: 'WRITER_CLOSED' });
  await expect(waiting).rejects.toMatchObject({ code: 'WRITER_CLOSED' });
  await expect(target.submit('rejected', rows(0, 1))).rejects.toMatchObject({ code: 'WRITER_CLOSED' });
});

test('a caller that asks for room holds a bounded number of rows, however long the server is away', async () => {
  await server.stop();
  const target = writer({ maxPendingRows: 100 });
  let made = 0;
  const produce = async () => {
    const submits: Promise<unknown>[] = [];
    while (made < 1000) {
      await target.room('rejected');
      submits.push(target.submit('rejected', rows(made, 10)));
      made += 10;
    }
    await Promise.all(submits);
  };
  const done = produce();
  await vi.waitFor(() => expect(states.at(-1)).toMatchObject({ phase: 'retrying' }));
  expect(made).toBe(100);
  await server.start();
  await done;
  expect(numbers(server.stored)).toEqual(upTo(1000));
});

test('tables do not wait for each other', async () => {
  server.judge = (lines) => (lines[0]?.startsWith('rejected') ? 'hang' : 'store');
  const target = writer();
  const stuck = target.submit('rejected', rows(0, 1));
  expect(await target.submit('account_events', [{ ts: T, account: 'a' }])).toEqual({
    rows: 1,
    condemned: [],
  });
  target.close();
  await expect(stuck).rejects.toMatchObject({ code: 'WRITER_CLOSED' });
});

test('a random server: each row is stored, in order, or condemned', async () => {
  const seed = Date.now() % 100_000;
  console.log(`seed ${seed}`);
  let state = seed;
  const random = () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
  const bad = (n: number) => n % 41 === 7;
  server.judge = (lines) => {
    const dice = random();
    if (dice < 0.1) return 'reset';
    if (dice < 0.2) return 'store-and-reset';
    if (dice < 0.3) return page;
    if (dice < 0.35) return 'half-answer';
    if (lines.length > 25) return { status: 413 };
    const at = numbers(lines).findIndex(bad);
    return at < 0 ? 'store' : badLine(at + 1);
  };
  const target = writer({ maxRows: 40, random });
  const answers = await Promise.all(upTo(20).map((i) => target.submit('rejected', rows(i * 13, 13))));
  const condemned = answers.flatMap((answer, i) => answer.condemned.map((row) => i * 13 + row.index));
  expect(condemned).toEqual(upTo(260).filter(bad));
  // A line taken in by a request whose answer was lost arrives again; the first arrivals are in order.
  const firsts = [...new Set(numbers(server.stored))];
  expect(firsts.filter((n) => !bad(n))).toEqual(upTo(260).filter((n) => !bad(n)));
});
