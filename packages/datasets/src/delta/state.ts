// The state of the table at one version: the fold of the log up to it. In: the state before, and the actions of a commit or a checkpoint.
// Out: the state after.
import type { AddFile, CommitInfo, TableMeta } from './actions.ts';
import { fromWireAdd, fromWireInfo, fromWireMeta, mustRead, storagePath, timeColumnOf } from './translate.ts';
import { damaged, type WireAction, type WireProtocol, type WireRemove, type WireTxn } from './wire.ts';

export interface LogState {
  readonly version: number;
  readonly info: CommitInfo;
  readonly protocol: WireProtocol;
  readonly meta: TableMeta;
  /** By path in storage. */
  readonly files: ReadonlyMap<string, AddFile>;
  /** Files that the log has removed, by path in storage. Other tools keep them for a while. */
  readonly removed: ReadonlyMap<string, WireRemove>;
  /** Marks of other tools: copied into checkpoints; they do not affect the rows. */
  readonly txns: ReadonlyMap<string, WireTxn>;
}

/** @throws DATASET_LOG_UNSUPPORTED, DATASET_LOG_DAMAGED */
export function fold(
  before: LogState | null,
  version: number,
  actions: readonly WireAction[],
  path: string,
): LogState {
  const protocol = actions.findLast((each) => each.protocol)?.protocol ?? before?.protocol;
  if (protocol === undefined)
    throw damaged(`neither ${path} nor an earlier commit names a protocol`, { path });
  // First of all: in a newer protocol the other actions may mean something else.
  mustRead(protocol);
  const wireMeta = actions.findLast((each) => each.metaData)?.metaData;
  const meta = wireMeta === undefined ? before?.meta : fromWireMeta(wireMeta, path);
  if (meta === undefined) throw damaged(`neither ${path} nor an earlier commit names a schema`, { path });
  const files = new Map(before?.files);
  const removed = new Map(before?.removed);
  const txns = new Map(before?.txns);
  for (const { remove } of actions) {
    if (!remove) continue;
    const gone = storagePath(remove.path);
    files.delete(gone);
    removed.set(gone, remove);
  }
  const timeColumn = timeColumnOf(meta);
  for (const { add, txn } of actions) {
    if (txn) txns.set(txn.appId, txn);
    if (!add) continue;
    const file = fromWireAdd(add, timeColumn);
    files.set(file.path, file);
    removed.delete(file.path);
  }
  const info = fromWireInfo(actions.find((each) => each.commitInfo)?.commitInfo);
  return { version, info, protocol, meta, files, removed, txns };
}
