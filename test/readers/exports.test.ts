// A dataset that was exported from a database, healed and updated: each reader sees at both versions what SQL says, and row_hash.py computes
// the same row hashes.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Dataset, type Manifest, openStore, type Selection } from '@fxtape/datasets';
import { systemClock } from '@fxtape/ops';
import { asObjects, DatasetSource } from '@fxtape/questdb';
import { machineEnv, pythonWith, tempDir } from '@fxtape/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EXPORTED_SYMBOLS, ExportedTicks } from './exported.ts';
import { compare, READERS, type Seen, seenBy, TYPES } from './seen.ts';

const run = promisify(execFile);
const temp = tempDir('exports');
const folder = join(temp.path, 'ticks');
const told: Omit<Seen, 'reader' | 'types'>[] = [];
const manifests: Manifest[] = [];
let ticks: ExportedTicks;
let range: readonly [number, number];

/** What SQL says of the table now. */
async function bySql(version: number): Promise<Omit<Seen, 'reader' | 'types'>> {
  const one = async (sql: string): Promise<Record<string, unknown>> =>
    asObjects(await ticks.http.exec(sql))[0] ?? {};
  const all = await one(
    'SELECT count() n, cast(min(ts) as long) a, cast(max(ts) as long) b, sum(bid) bid, sum(utc_offset_s) o FROM ticks',
  );
  const [fromUs, toUs] = range;
  const inside = Number(
    (await one(`SELECT count() n FROM ticks WHERE ts >= ${fromUs} AND ts < ${toUs}`))['n'],
  );
  const by = asObjects(
    await ticks.http.exec("SELECT symbol, to_str(ts, 'yyyy-MM') m, count() n FROM ticks GROUP BY symbol, m"),
  );
  return {
    version,
    rows: Number(all['n']),
    first_us: Number(all['a']),
    last_us: Number(all['b']),
    sums: { bid: Number(all['bid']), utc_offset_s: Number(all['o']) },
    in_range: inside,
    pruned: inside,
    by: by
      .map((row) => [String(row['symbol']), String(row['m']), Number(row['n'])] as const)
      .toSorted(compare),
  };
}

beforeAll(async () => {
  ticks = await ExportedTicks.start();
  range = [ticks.gap.fromUs - 600_000_000, ticks.gap.toUs + 600_000_000];
  const source = new DatasetSource({ http: ticks.http, clock: systemClock() });
  const selection: Selection = {
    kind: 'ticks',
    feeds: [],
    symbols: [],
    accounts: [],
    timeframes: [],
    fromUs: ticks.fromUs,
    toUs: Date.now() * 1000,
    asOfUs: null,
    reception: true,
    resample: null,
  };
  const dataset = new Dataset({ store: await openStore(folder), engine: 'fxtape test' });
  manifests.push(await dataset.export(selection, { source, nowUs: Date.now() * 1000 }));
  told.push(await bySql(0));
  await ticks.heal();
  const next = await dataset.update(Date.now() * 1000, { source, nowUs: Date.now() * 1000 });
  if (next !== null) manifests.push(next);
  told.push(await bySql(1));
});
afterAll(async () => {
  await ticks.close();
  await temp.remove();
});

describe.each(READERS)('%s', (reader) => {
  test('both versions of a real export, as SQL said', async () => {
    const seen = await seenBy(reader, folder, [0, 1], range);
    expect(seen.map(({ version }) => version)).toEqual([0, 1]);
    for (const { types, ...rest } of seen) {
      expect({ ...rest, by: rest.by.toSorted(compare) }).toEqual({ reader, ...told[rest.version] });
      const [time, double, integer, text] = TYPES[reader] as NonNullable<(typeof TYPES)[string]>;
      expect(types).toMatchObject({
        ts: time,
        ts_recv: time,
        bid: double,
        ask: double,
        utc_offset_s: integer,
      });
      for (const name of ['feed', 'symbol', 'month', 'source']) expect(types[name], name).toMatch(text);
    }
  });
});

test('row_hash.py computes the row hash of both versions', async () => {
  const python = await pythonWith(join(import.meta.dirname, 'requirements.txt'));
  const script = join(import.meta.dirname, 'row_hash.py');
  expect(new Set(manifests[0]?.files.map(({ series }) => series.symbol))).toEqual(new Set(EXPORTED_SYMBOLS));
  for (const { hash, version } of manifests) {
    const { stdout } = await run(python, [script, folder, String(version)], { env: { ...machineEnv() } });
    expect(stdout.trim()).toBe(hash);
  }
});
