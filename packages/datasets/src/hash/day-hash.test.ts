// What the row hash depends on and what it does not; files that are wrong.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withDuck } from '../duck.ts';
import { datasetKinds } from '../kinds.ts';
import { type FileHash, hashFile } from './day-hash.ts';

let dir: string;
let files = 0;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'fxtape-hash-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const COLUMNS = datasetKinds.ticks.columns;
/** Ticks of the year 2026: `i` is the number of the row. */
const ticks = (rows: number, us: string, bid = '1 + i', more = ''): string =>
  `SELECT make_timestamptz(1767225600000000 + ${us}) AS ts, (${bid})::DOUBLE AS bid, 2.0::DOUBLE AS ask,
   NULL::DOUBLE AS last, NULL::DOUBLE AS volume, 7200::INTEGER AS utc_offset_s FROM range(${rows}) t(i) ${more}`;

async function hashOf(sql: string, how = ''): Promise<FileHash> {
  files += 1;
  const file = join(dir, `${files}.parquet`);
  return withDuck(async (duck) => {
    await duck.run(`COPY (${sql}) TO '${file}' (FORMAT parquet${how})`);
    return hashFile(duck, file, COLUMNS);
  });
}

test('one hash a day, the same for every codec and size of row groups', async () => {
  const sql = ticks(50_000, 'i * 6000000');
  const plain = await hashOf(sql);
  expect([plain.rows, plain.days.map(({ rows }) => rows)]).toEqual([50_000, [14_400, 14_400, 14_400, 6800]]);
  expect(await hashOf(sql, ', COMPRESSION zstd, ROW_GROUP_SIZE 3000')).toEqual(plain);
});

test('ticks of one time are hashed in the order of their values, also thousands of them', async () => {
  for (const rows of [2, 3, 30, 40_000]) {
    const up = await hashOf(ticks(rows, '0'));
    const down = await hashOf(ticks(rows, '0', `${rows} - i`));
    expect(down).toEqual(up);
    expect(await hashOf(ticks(rows, '0', '2 + i'))).not.toEqual(up);
  }
});

test('null is NaN and -0 is 0; null is not 0', async () => {
  const hash = async (bid: string) => (await hashOf(ticks(3, 'i', bid))).days[0]?.hash;
  expect(await hash('NULL')).toBe(await hash(`'nan'::DOUBLE`));
  expect(await hash('-0.0::DOUBLE')).toBe(await hash('0'));
  expect(await hash('NULL')).not.toBe(await hash('0'));
});

test('the hash of one known day does not change with versions', async () => {
  const { days } = await hashOf(ticks(3, 'i'));
  expect(days).toEqual([
    {
      dayUs: 1_767_225_600_000_000,
      rows: 3,
      hash: 'b2cc862447a433df79f4076e6939120efac21483739939db964140c5f0ff12fb',
    },
  ]);
});

test('rows out of order, a null time: an error, not a hash', async () => {
  await expect(hashOf(ticks(5, '-i'))).rejects.toMatchObject({ code: 'DATASET_FILE_WRONG' });
  await expect(hashOf(ticks(5, 'CASE WHEN i = 0 THEN NULL ELSE i END'))).rejects.toMatchObject({
    code: 'DATASET_FILE_WRONG',
  });
});

test('an empty file has no day', async () => {
  expect(await hashOf(ticks(0, 'i'))).toEqual({ days: [], rows: 0, firstUs: null, lastUs: null });
});
