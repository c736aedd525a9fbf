// Checkpoints: the whole state of a version in one Parquet file, so that a reader need not read every commit before it. In: a state. Out:
// the file, counted before it is published, and `_last_checkpoint`. The commits stay: a checkpoint only saves time.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { duckText, readParquet, withDuck } from '../duck.ts';
import type { Store } from '../store/store.ts';
import type { LogState } from './state.ts';
import { timeColumnOf, toWireAdd, toWireMeta } from './translate.ts';
import { checkpointPath, damaged, LAST_CHECKPOINT, type WireAction } from './wire.ts';

/** How long checkpoints name a removed file: VACUUM of other tools leaves named files alone. */
const TOMBSTONE_MS = 30 * 86_400_000;

const TEXTS = 'MAP(VARCHAR, VARCHAR)';
const COLUMNS: Readonly<Record<string, string>> = {
  txn: 'STRUCT(appId VARCHAR, "version" BIGINT, lastUpdated BIGINT)',
  add: `STRUCT(path VARCHAR, partitionValues ${TEXTS}, size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, stats VARCHAR)`,
  remove: `STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN, extendedFileMetadata BOOLEAN, partitionValues ${TEXTS}, size BIGINT)`,
  metaData: `STRUCT(id VARCHAR, "name" VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, options ${TEXTS}), schemaString VARCHAR, partitionColumns VARCHAR[], configuration ${TEXTS}, createdTime BIGINT)`,
  protocol: 'STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, writerFeatures VARCHAR[])',
};

/** Writes the checkpoint of a version. Writing it again is harmless. */
export async function writeCheckpoint(store: Store, state: LogState, signal?: AbortSignal): Promise<void> {
  const base = join(store.stagingDir, `checkpoint-${state.version}-${randomUUID()}`);
  const [json, parquet] = [`${base}.json`, `${base}.parquet`];
  try {
    const rows = await writeRows(json, actionsOf(state));
    signal?.throwIfAborted();
    const bytes = await toParquet(json, parquet, rows);
    const path = checkpointPath(state.version);
    await store.putFile(path, parquet, signal);
    const last = { version: state.version, size: rows, sizeInBytes: bytes, numOfAddFiles: state.files.size };
    await store.put(LAST_CHECKPOINT, Buffer.from(JSON.stringify(last)), signal);
  } finally {
    await rm(json, { force: true });
    await rm(parquet, { force: true });
  }
}

/** The actions of a checkpoint, even if another tool wrote it. @throws DATASET_LOG_DAMAGED */
export async function readCheckpoint(
  store: Store,
  version: number,
  signal?: AbortSignal,
): Promise<WireAction[]> {
  const path = checkpointPath(version);
  return store.withLocal(
    path,
    async (local) => {
      try {
        return await withDuck(async (duck) => {
          const sql = `SELECT CAST(to_json(t) AS VARCHAR) AS line FROM ${readParquet(local)} t`;
          return (await duck.rows<{ line: string }>(sql)).map(({ line }) => withoutNulls(line));
        });
      } catch (cause) {
        throw damaged(`the checkpoint ${path} cannot be read`, { path }, cause);
      }
    },
    signal,
  );
}

const withoutNulls = (line: string): WireAction =>
  Object.fromEntries(Object.entries(JSON.parse(line) as object).filter(([, value]) => value !== null));

function* actionsOf(state: LogState): Generator<WireAction> {
  const { minReaderVersion, minWriterVersion, writerFeatures } = state.protocol;
  yield { protocol: { minReaderVersion, minWriterVersion, writerFeatures: writerFeatures ?? null } };
  yield { metaData: toWireMeta(state.meta) };
  for (const txn of state.txns.values()) yield { txn };
  const timeColumn = timeColumnOf(state.meta);
  for (const file of state.files.values())
    yield { add: { ...toWireAdd(file, timeColumn), dataChange: false } };
  for (const remove of state.removed.values())
    if ((remove.deletionTimestamp ?? 0) > state.info.atMs - TOMBSTONE_MS)
      yield { remove: { ...remove, dataChange: false } };
}

async function writeRows(json: string, actions: Iterable<WireAction>): Promise<number> {
  const out = createWriteStream(json);
  const ended = finished(out);
  ended.catch(() => undefined); // awaited below; a failure while lines are still written must not be unhandled
  let rows = 0;
  for (const action of actions) {
    rows += 1;
    if (!out.write(`${JSON.stringify(action)}\n`)) await Promise.race([once(out, 'drain'), ended]);
  }
  out.end();
  await ended;
  return rows;
}

async function toParquet(json: string, parquet: string, rows: number): Promise<number> {
  const columns = Object.entries(COLUMNS).map(([name, type]) => `${name}: ${duckText(type)}`);
  const source = `read_json(${duckText(json)}, format = 'newline_delimited', maximum_object_size = 16777216, columns = {${columns.join(', ')}})`;
  return withDuck(async (duck) => {
    await duck.run(
      `COPY (SELECT * FROM ${source}) TO ${duckText(parquet)} (FORMAT parquet, COMPRESSION snappy)`,
    );
    const [found] = await duck.rows<{ rows: bigint; kinds: bigint }>(
      `SELECT count(*) AS rows, count(txn) + count(add) + count(remove) + count("metaData") + count(protocol) AS kinds FROM ${readParquet(parquet)}`,
    );
    if (Number(found?.rows) !== rows || Number(found?.kinds) !== rows)
      throw damaged(`the checkpoint holds ${found?.kinds} of ${rows} actions`, { rows });
    return (await stat(parquet)).size;
  });
}
