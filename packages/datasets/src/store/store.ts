// Where the files of a dataset lie: a folder, or a bucket under a prefix. Paths are relative, with `/`, as they stand in storage.

export interface StoredFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface Store {
  /** For messages: the folder, or `s3://bucket/prefix`. */
  readonly address: string;
  /** Null when it is not there. */
  read(path: string, signal?: AbortSignal): Promise<Buffer | null>;
  /** Stores bytes under a new name, whole and durable. False when the name is taken, whoever took it; the content there stays. */
  putIfAbsent(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<boolean>;
  /** Replaces what has this name, if anything: for files that are no part of a version. */
  put(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Moves a finished local file into the dataset. It is whole and durable under its name, or not there. A retry is harmless. */
  putFile(path: string, local: string, signal?: AbortSignal): Promise<void>;
  /** Calls `use` with a local path of the file's content, valid until it returns: the file itself, or a copy. */
  withLocal<T>(path: string, use: (local: string) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** Everything below a prefix, in no order. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredFile>;
  /** Nothing happens when it is not there. */
  remove(path: string, signal?: AbortSignal): Promise<void>;
  /** A local folder for files in the making, on the dataset's own file system where it is a folder. */
  readonly stagingDir: string;
  close(): void;
}
