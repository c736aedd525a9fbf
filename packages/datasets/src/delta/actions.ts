// The actions of a Delta log that fxtape writes and reads (protocol: https://github.com/delta-io/delta/blob/master/PROTOCOL.md).

export interface AddFile {
  /** The path in storage: folder names are `%XX`-encoded once. The log encodes the path once more. */
  readonly path: string;
  /** By partition column, not encoded. */
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
  /** Keys of fxtape, such as `fxtape.kind`. */
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
  /** Unique to this attempt. After a lost answer the commit is read back: the same id means that it is ours. */
  readonly txnId: string;
  readonly engineInfo: string;
  /** Members of fxtape, kept as they are. */
  readonly fxtape: Readonly<Record<string, unknown>>;
}

export interface Commit {
  readonly version: number;
  readonly info: CommitInfo;
  /** Set in version 0, and when it changes; else null. */
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
