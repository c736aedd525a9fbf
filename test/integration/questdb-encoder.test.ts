// The own encoder against the official client on a real server: the same rows give equal tables. Where the two must differ, the
// difference is said here: −0 is stored as 0, U+0000 as ␀, and integers beyond 2^53 the official client does not take at all.
import { createLog, systemClock } from '@fxtape/ops';
import type { Row, TableDef } from '@fxtape/market';
import {
  AppliedWatch,
  asObjects,
  createTableSql,
  EARLIEST_TS_US,
  encodeRows,
  LATEST_TS_US,
  QuestDbHttp,
} from '@fxtape/questdb';
import { Sender } from '@questdb/nodejs-client';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownQuestDb } from '../own-servers.ts';

const def: TableDef = {
  name: 'encoder_ours',
  designated: 'ts',
  columns: [
    { name: 'ts', type: 'timestamp' },
    { name: 'tag', type: 'symbol' },
    { name: 'other', type: 'symbol' },
    { name: 'text', type: 'varchar' },
    { name: 'real', type: 'double' },
    { name: 'big', type: 'long' },
    { name: 'small', type: 'int' },
    { name: 'flag', type: 'boolean' },
    { name: 'ts_other', type: 'timestamp' },
  ],
  keys: ['ts', 'tag', 'other'],
  required: ['ts', 'tag'],
  partition: 'YEAR',
};
const theirs: TableDef = { ...def, name: 'encoder_theirs' };
const clock = systemClock();
let http: QuestDbHttp;

beforeAll(async () => {
  http = new QuestDbHttp({ conf: ownQuestDb().conf });
  for (const table of [def, theirs]) await http.exec(createTableSql(table));
});
afterAll(async () => {
  for (const table of [def, theirs]) await http?.exec(`DROP TABLE ${table.name}`);
  http?.close();
});

/** Rows with keys of their own, spread over some years. */
function sample(seed: number, count: number): Row[] {
  // A table has a partition per year: stay within a few of them.
  const time = fc.integer({ min: Date.UTC(2019, 0) * 1000, max: Date.UTC(2027, 0) * 1000 });
  const text = fc
    .oneof(fc.string({ unit: 'binary', maxLength: 60 }), fc.stringMatching(/^[ ,="\\\n\ra]{0,12}$/))
    .map((value) => value.replaceAll('\0', '0').toWellFormed());
  const row = fc.record(
    {
      ts: time,
      tag: text,
      other: fc.option(text),
      text: fc.option(text),
      real: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0)),
      big: fc.option(fc.maxSafeInteger()),
      small: fc.option(fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 })),
      flag: fc.option(fc.boolean()),
      ts_other: fc.option(fc.integer({ min: EARLIEST_TS_US, max: LATEST_TS_US - 1 })),
    },
    { noNullPrototype: true },
  );
  return fc.sample(row, { numRuns: count, seed }).map((one, i) => ({ ...one, tag: `${i} ${one.tag}` }));
}

const given = (value: unknown) => value !== null && value !== undefined;

async function writeTheirs(rows: readonly Row[]): Promise<void> {
  const sender = await Sender.fromConfig(
    `${ownQuestDb().conf};protocol_version=2;auto_flush=off`.replace(';;', ';'),
  );
  for (const row of rows) {
    sender.table(theirs.name);
    for (const { name, type } of def.columns) {
      if (type === 'symbol' && given(row[name])) sender.symbol(name, row[name]);
    }
    for (const { name, type } of def.columns) {
      const value = row[name];
      if (!given(value) || name === 'ts') continue;
      if (type === 'varchar') sender.stringColumn(name, value as string);
      else if (type === 'double') sender.floatColumn(name, value as number);
      else if (type === 'long' || type === 'int') sender.intColumn(name, value as number);
      else if (type === 'boolean') sender.booleanColumn(name, value as boolean);
      else if (type === 'timestamp') sender.timestampColumn(name, value as number, 'us');
    }
    await sender.at(row['ts'] as number, 'us');
  }
  await sender.flush();
  await sender.close();
}

async function writeOurs(rows: readonly Row[]): Promise<void> {
  const { body, refused } = encodeRows(def, rows);
  expect(refused).toEqual([]);
  expect(await http.write(def.name, body)).toEqual({ kind: 'stored' });
}

async function stored(table: TableDef): Promise<Row[]> {
  const watch = new AppliedWatch({ http, clock });
  await watch.waitApplied(await watch.tokens([table.name]));
  const columns = def.columns.map(({ name, type }) =>
    type === 'timestamp' ? `cast(${name} as long) ${name}` : name,
  );
  return asObjects(
    await http.exec(`SELECT ${columns.join(', ')} FROM ${table.name} ORDER BY ts, tag, other`),
  );
}

test('the same rows give equal tables', async () => {
  const seed = Date.now() % 1_000_000;
  createLog({ service: 'test' }).info({ seed }, 'sample');
  const rows = sample(seed, 600);
  await Promise.all([writeOurs(rows), writeTheirs(rows)]);
  const ours = await stored(def);
  expect(ours).toHaveLength(rows.length);
  expect(ours).toEqual(await stored(theirs));
  // And both are what was meant.
  const meant = rows.map((row) => ({
    ts: String(row['ts']),
    tag: row['tag'],
    other: row['other'] ?? null,
    text: row['text'] ?? null,
    real: row['real'] ?? null,
    big: given(row['big']) ? String(row['big'] as number | bigint) : null,
    small: row['small'] ?? null,
    flag: row['flag'] ?? false,
    ts_other: given(row['ts_other']) ? String(row['ts_other'] as number) : null,
  }));
  const byTag = (a: Row, b: Row) => (String(a['tag']) < String(b['tag']) ? -1 : 1);
  expect(ours.toSorted(byTag)).toEqual(meant.toSorted(byTag));
  // Sending everything once more changes nothing.
  await writeOurs(rows.toReversed());
  expect(await stored(def)).toEqual(ours);
});

test('what only the own encoder takes arrives as well', async () => {
  const T = Date.UTC(2031, 0) * 1000;
  await writeOurs([
    { ts: T, tag: 'bigint', other: null, big: 2n ** 63n - 1n },
    { ts: T, tag: 'negative', other: null, big: -(2n ** 63n) + 1n },
    { ts: T, tag: 'zero', other: null, real: -0 },
    { ts: T, tag: 'nul\0in', other: null, text: 'a\0b' },
    { ts: T, tag: 'half \ud83d', other: '', text: '' },
    { ts: T, tag: 'long', other: null, text: 'é'.repeat(600_000) },
  ]);
  await writeOurs([{ ts: T, tag: 'zero', other: null, real: 0 }]);
  const rows = (await stored(def)).filter((row) => row['ts'] === String(T));
  const by = new Map(rows.map((row) => [row['tag'], row]));
  expect(rows).toHaveLength(6);
  expect(by.get('bigint')).toMatchObject({ big: String(2n ** 63n - 1n) });
  expect(by.get('negative')).toMatchObject({ big: String(-(2n ** 63n) + 1n) });
  expect(by.get('zero')).toMatchObject({ real: 0 });
  expect(by.get('nul␀in')).toMatchObject({ text: 'a␀b' });
  expect(by.get('half \ufffd')).toMatchObject({ other: '', text: '' });
  expect(by.get('long')?.['text']).toBe('é'.repeat(600_000));
});
