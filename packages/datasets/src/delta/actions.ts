// The actions of a Delta log that fxtape writes and reads (protocol: https://github.com/delta-io/delta/blob/master/PROTOCOL.md).

export interface AddFile {
  /** As it stands in storage: folder names are `%XX`-encoded once. The log encodes it once more. */
  readonly path: string;
  /** Raw values. */
  readonly partitionValues: Readonly<Record<string, string>>;
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly rows: number;
  /** Exact smallest and largest value of the time column, microseconds UTC. Null without rows. */
  readonly firstUs: number | null;
  readonly lastUs: number | null;
}

export interface TableMeta {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly columns: readonly DeltaColumn[];
  readonly partitionColumns: readonly string[];
  /** Own keys, such as `fxtape.kind`. */
  readonly configuration: Readonly<Record<string, string>>;
  readonly createdMs: number;
}

export interface DeltaColumn {
  readonly name: string;
  readonly type: 'timestamp' | 'double' | 'long' | 'integer' | 'string' | 'boolean';
  readonly comment: string;
}

/** What a commit says about itself. */
export interface CommitInfo {
  readonly atMs: number;
  readonly operation: string;
  /** Identity of this attempt: read back after an unclear answer, it tells whether the commit there is ours. */
  readonly txnId: string;
  readonly engineInfo: string;
  /** Own members, kept as they are. */
  readonly fxtape: Readonly<Record<string, unknown>>;
}

export interface Commit {
  readonly version: number;
  readonly info: CommitInfo;
  /** Of version 0, or when it changes. */
  readonly meta: TableMeta | null;
  readonly add: readonly AddFile[];
  /** Files of the version before that this one no longer has. */
  readonly remove: readonly AddFile[];
}

export interface Snapshot {
  readonly version: number;
  readonly info: CommitInfo;
  readonly meta: TableMeta;
  /** By path. */
  readonly files: ReadonlyMap<string, AddFile>;
}
