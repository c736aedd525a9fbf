// Removes old backups. In: how many to keep. Out: what was removed. Files that a kept backup shares stay; so do files that are younger than a
// day and that no document names: a backup may be under way.
import type { Store, StoredFile } from '@fxtape/datasets';
import { documentPath, filesOf, listBackups, readDocument } from './document.ts';

const UNDER_WAY_MS = 86_400_000;

/** Errors: BACKUP_DAMAGED, BACKUP_NEWER, those of the store. Nothing is removed unless every kept document can be read. */
export async function pruneBackups(
  store: Store,
  { keep, nowMs, signal }: { readonly keep: number; readonly nowMs: number; readonly signal?: AbortSignal },
): Promise<{ readonly backups: number; readonly files: number; readonly bytes: number }> {
  // The files first: what a backup stores meanwhile is not in the list.
  const listed: StoredFile[] = [];
  for (const folder of ['tables/', 'tape/'])
    for await (const file of store.list(folder, signal)) listed.push(file);
  const ids = await listBackups(store, signal);
  const needed = new Set<string>();
  for (const id of ids.slice(-keep))
    for (const { path } of filesOf(await readDocument(store, id, signal))) needed.add(path);
  const old = ids.slice(0, -keep);
  // A backup exists as long as its document does: the documents go first.
  for (const id of old) await store.remove(documentPath(id), signal);
  let files = 0;
  let bytes = 0;
  for (const file of listed) {
    if (needed.has(file.path) || nowMs - file.modifiedMs < UNDER_WAY_MS) continue;
    await store.remove(file.path, signal);
    files += 1;
    bytes += file.bytes;
  }
  return { backups: old.length, files, bytes };
}
