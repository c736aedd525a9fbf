// What one backup holds. A backup exists once its document does: the document is written last, and names every file with its hash. Files are
// named after their content, so backups share the files that did not change between them.
//
//   DIR/backups/<id>.json                             the document; the id is the UTC time at which the backup began
//   DIR/tables/<table>/<from>-<hash>.parquet          rows of a stretch of time, every column
//   DIR/tape/<account>/<day>/<segment>-<hash>.ndjson  a segment of the tape, up to its last whole line; `.zst` as on the disk
import type { Store } from '@fxtape/datasets';
import { FxtapeError } from '@fxtape/ops';
import { z } from 'zod';

/** Raised when an older release could not restore a backup any more. */
export const FORMAT = 1;
const FOLDER = 'backups/';
const ID = /^backups\/(\d{8}T\d{9}Z)\.json$/;

const file = z.object({
  path: z.string(),
  bytes: z.int().nonnegative(),
  sha256: z.string(),
});
const document = z.object({
  format: z.literal(FORMAT),
  id: z.string(),
  /** ISO times, UTC. */
  began: z.string(),
  ended: z.string(),
  fxtape: z.string(),
  /** Of the tables: the newest migration that had run. */
  schema: z.int(),
  /** The recorder that the data folder belongs to; null when it never recorded. */
  recorder: z.string().nullable(),
  /** Of a demonstration: which one. */
  demo: z.string().nullable(),
  /** The text of `fxtape.yaml`; null when there was none. Keys and passwords are not in it: it names the variables that hold them. */
  config: z.string().nullable(),
  tables: z.array(
    z.object({
      name: z.string(),
      rows: z.int(),
      files: z.array(file.extend({ rows: z.int() })),
    }),
  ),
  tapes: z.array(
    z.object({
      account: z.string(),
      /** `name`: where the segment lies in the folder of the tape. */
      files: z.array(file.extend({ name: z.string().regex(/^\d{8}\/\d{16}\.ndjson(\.zst)?$/) })),
    }),
  ),
});
export type BackupDocument = z.infer<typeof document>;
export type BackupFile = z.infer<typeof file>;

/** Ids sort as their times do. */
export const idAt = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:.]/g, '');

/** The time of an id, ms. */
export const msOf = (id: string): number =>
  Date.parse(id.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z$/, '$1-$2-$3T$4:$5:$6.$7Z'));

export const documentPath = (id: string): string => `${FOLDER}${id}.json`;

/** Ids of the backups at an address, oldest first. Errors: those of the store. */
export async function listBackups(store: Store, signal?: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  for await (const { path } of store.list(FOLDER, signal)) {
    const [, id] = ID.exec(path) ?? [];
    if (id !== undefined) ids.push(id);
  }
  return ids.sort();
}

/**
 * The newest backup, or the newest that began by `atMs`. Errors: BACKUP_NOT_FOUND, BACKUP_DAMAGED, BACKUP_NEWER, those of the store.
 */
export async function newestBackup(
  store: Store,
  { atMs, signal }: { readonly atMs?: number | undefined; readonly signal?: AbortSignal } = {},
): Promise<BackupDocument> {
  const ids = await listBackups(store, signal);
  const id = ids.findLast((each) => atMs === undefined || each <= idAt(atMs));
  if (id !== undefined) return readDocument(store, id, signal);
  const [oldest] = ids;
  throw new FxtapeError({
    code: 'BACKUP_NOT_FOUND',
    message:
      oldest === undefined
        ? `there is no backup at ${store.address}`
        : `the oldest backup at ${store.address} is ${oldest}`,
    context: { address: store.address },
  });
}

export async function readDocument(store: Store, id: string, signal?: AbortSignal): Promise<BackupDocument> {
  const path = documentPath(id);
  const bytes = await store.read(path, signal);
  if (bytes === null) throw damaged(path, 'it is missing');
  let raw: unknown;
  try {
    raw = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw damaged(path, 'it is not JSON');
  }
  const { format } = z.object({ format: z.int() }).safeParse(raw).data ?? { format: FORMAT };
  if (format > FORMAT) throw newer(id, `format ${format}`);
  const parsed = document.safeParse(raw);
  if (!parsed.success) throw damaged(path, z.prettifyError(parsed.error));
  return parsed.data;
}

/** The files that a backup needs, with those that it shares with others. */
export function filesOf({ tables, tapes }: Pick<BackupDocument, 'tables' | 'tapes'>): BackupFile[] {
  return [...tables, ...tapes].flatMap(({ files }): BackupFile[] => files);
}

export function sizeOf(of: BackupDocument): {
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
} {
  const files = filesOf(of);
  return {
    rows: of.tables.reduce((sum, { rows }) => sum + rows, 0),
    files: files.length,
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

export const damaged = (path: string, why: string): FxtapeError =>
  new FxtapeError({ code: 'BACKUP_DAMAGED', message: `${path}: ${why}`, context: { path } });

export const newer = (id: string, why: string): FxtapeError =>
  new FxtapeError({
    code: 'BACKUP_NEWER',
    message: `the backup ${id} was made by a newer release (${why})`,
    context: { id },
  });
