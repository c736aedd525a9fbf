// Readers of other projects open our tables: each sees the rows, types, times and sums that were written, at every version, from the
// commits and from a checkpoint. In: a table with symbols as brokers name them, written by our log. The readers are installed into
// the cache (1.3 GB with Spark).
import { cp, mkdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { type AddFile, DeltaLog, openStore, partitionFolder, type TableMeta } from '@fxtape/datasets';
import { tempDir } from '@fxtape/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compare, READERS, type Seen, seenBy, TYPES } from './seen.ts';

const SYMBOLS = ['EUR/USD', '#AAPL', 'US 500', '123456', 'é', 'XAU+'];
const PARTITIONS = ['feed', 'symbol', 'month'];

interface Part {
  readonly file: AddFile;
  readonly sums: Seen['sums'];
  readonly inRange: number;
}

const temp = tempDir('readers');
// Polars 2.1.0 cannot open a table whose path has a space.
const table = join(temp.path, 'table');
const RANGE_US = [Date.UTC(2026, 0, 20) * 1000, Date.UTC(2026, 1, 3) * 1000] as const;
/** What each version holds. */
const versions: Part[][] = [];
let duck: DuckDBConnection;

const meta: TableMeta = {
  id: '5b0b2f60-0000-4000-8000-000000000001',
  name: 'ticks',
  description: 'ticks for other readers',
  columns: [
    { name: 'ts', type: 'timestamp', comment: 'UTC' },
    { name: 'bid', type: 'double', comment: '' },
    { name: 'utc_offset_s', type: 'integer', comment: '' },
    { name: 'quality', type: 'string', comment: '' },
    ...PARTITIONS.map((name) => ({ name, type: 'string' as const, comment: '' })),
  ],
  partitionColumns: PARTITIONS,
  configuration: { 'fxtape.kind': 'ticks' },
  createdMs: Date.UTC(2026, 0, 1),
};

/** A file of `rows` rows: one symbol, one month. Prices are quarters, so that every sum is exact in any order. */
async function makePart(symbol: string, month: string, rows: number): Promise<Part> {
  const partitionValues = { feed: 'icm', symbol, month };
  const path = `${partitionFolder(PARTITIONS, partitionValues)}/part-${rows}.parquet`;
  const local = join(table, path);
  await mkdir(join(local, '..'), { recursive: true });
  const fromUs = Date.parse(`${month}-01T00:00:00Z`) * 1000 + 222_999;
  const stepUs = Math.floor((27 * 86_400_000_000) / rows);
  await duck.run(`COPY (
    SELECT make_timestamptz((${fromUs} + i * ${stepUs})::BIGINT) AS ts, 100 + (i % 64) * 0.25::DOUBLE AS bid,
      7200::INTEGER AS utc_offset_s, CASE WHEN i % 3 = 0 THEN NULL ELSE 'ok' END AS quality FROM range(${rows}) t(i)
  ) TO '${local.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`);
  const timesUs = Array.from({ length: rows }, (_, i) => fromUs + i * stepUs);
  const { size } = await stat(local);
  return {
    file: {
      path,
      partitionValues,
      bytes: size,
      modifiedMs: Date.UTC(2026, 2, 1),
      rows,
      firstUs: fromUs,
      lastUs: timesUs.at(-1) as number,
    },
    sums: { bid: timesUs.reduce((sum, _, i) => sum + 100 + (i % 64) * 0.25, 0), utc_offset_s: rows * 7200 },
    inRange: timesUs.filter((us) => us >= RANGE_US[0] && us < RANGE_US[1]).length,
  };
}

function written(version: number): Omit<Seen, 'reader' | 'types'> {
  const parts = versions[version] as Part[];
  const total = (of: (part: Part) => number): number => parts.reduce((sum, part) => sum + of(part), 0);
  return {
    version,
    rows: total(({ file }) => file.rows),
    first_us: Math.min(...parts.map(({ file }) => file.firstUs as number)),
    last_us: Math.max(...parts.map(({ file }) => file.lastUs as number)),
    sums: { bid: total(({ sums }) => sums.bid), utc_offset_s: total(({ sums }) => sums.utc_offset_s) },
    in_range: total(({ inRange }) => inRange),
    pruned: total(({ inRange }) => inRange),
    by: parts
      .map(
        ({ file }) =>
          [file.partitionValues['symbol'] ?? '', file.partitionValues['month'] ?? '', file.rows] as const,
      )
      .toSorted(compare),
  };
}

function expectAsWritten(seen: readonly Seen[], wanted: readonly number[]): void {
  expect(seen.map(({ version }) => version)).toEqual(wanted);
  for (const { reader, types, ...rest } of seen) {
    expect({ reader, ...rest, by: rest.by.toSorted(compare) }).toEqual({ reader, ...written(rest.version) });
    const [time, double, integer, text] = TYPES[reader] as NonNullable<(typeof TYPES)[string]>;
    expect({ reader, ...types }).toMatchObject({ reader, ts: time, bid: double, utc_offset_s: integer });
    for (const name of ['quality', ...PARTITIONS]) expect(types[name], `${reader}: ${name}`).toMatch(text);
  }
}

beforeAll(async () => {
  duck = await (await DuckDBInstance.create(':memory:')).connect();
  const store = await openStore(table);
  const log = new DeltaLog({
    store,
    checkpointEvery: 3,
    log: { warn: (_, message) => expect.unreachable(message) },
  });
  const january = await Promise.all(SYMBOLS.map((symbol, i) => makePart(symbol, '2026-01', 1000 + i)));
  const february = await Promise.all(SYMBOLS.map((symbol, i) => makePart(symbol, '2026-02', 500 + i)));
  const healed = await makePart('EUR/USD', '2026-01', 1200);
  const more = await makePart('#AAPL', '2026-03', 50);
  // Version 1 replaces a file and adds a month. Version 3 has a checkpoint; version 4 follows it.
  const [first, ...others] = january;
  versions.push(january, [healed, ...others, ...february]);
  versions.push([...(versions[1] as Part[]), more]);
  versions.push((versions[2] as Part[]).filter((part) => part !== february[3]));
  versions.push([...(versions[3] as Part[]), february[3] as Part]);
  const steps: [add: readonly Part[], remove: readonly (Part | undefined)[]][] = [
    [january, []],
    [[healed, ...february], [first]],
    [[more], []],
    [[], [february[3]]],
    [[february[3] as Part], []],
  ];
  for (const [version, [add, remove]] of steps.entries())
    await log.commit({
      version,
      info: {
        atMs: Date.UTC(2026, 2, 1) + version,
        operation: 'WRITE',
        txnId: `readers-${version}`,
        engineInfo: 'fxtape/test',
        fxtape: { reason: version === 0 ? 'export' : 'extended', 'row hash': 'é' },
      },
      meta: version === 0 ? meta : null,
      add: add.map(({ file }) => file),
      remove: remove.flatMap((part) => (part === undefined ? [] : [part.file])),
    });
});

afterAll(async () => {
  duck.closeSync();
  await temp.remove();
});

describe.each(READERS)('%s', (reader) => {
  test('every version, as it was written', async () => {
    const wanted = [0, 1, 2, 3, 4];
    expectAsWritten(await seenBy(reader, table, wanted, RANGE_US), wanted);
  });

  test('from the checkpoint, without the commits before it', async () => {
    const copy = join(temp.path, `${reader}-copy`);
    await cp(table, copy, { recursive: true });
    for (const version of [0, 1, 2])
      await rm(join(copy, '_delta_log', `${String(version).padStart(20, '0')}.json`));
    expectAsWritten(await seenBy(reader, copy, [3, 4], RANGE_US), [3, 4]);
  });
});
