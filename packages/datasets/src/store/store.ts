// The storage of a dataset: a folder, or a bucket under a prefix. Paths are relative to it, with `/`, as they are in storage.

export interface StoredFile {
  readonly path: string;
  readonly bytes: number;
  readonly modifiedMs: number;
}

export interface Store {
  /** For messages: the folder, or `s3://bucket/prefix`. */
  readonly address: string;
  /** The content of a file; null when there is none. */
  read(path: string, signal?: AbortSignal): Promise<Buffer | null>;
  /** Stores bytes under a new name, whole and durable. False when another file has the name; that file stays. */
  putIfAbsent(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<boolean>;
  /** Stores bytes and replaces what has this name, if anything: for files that the log does not name. */
  put(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
  /** Moves a finished local file into the dataset. It appears whole and durable, or not at all. A retry is harmless. */
  putFile(path: string, local: string, signal?: AbortSignal): Promise<void>;
  /** Calls `use` with a local path of the file or of a copy of it, valid until `use` has ended. */
  withLocal<T>(path: string, use: (local: string) => Promise<T>, signal?: AbortSignal): Promise<T>;
  /** All files whose path starts with a prefix, in no particular order. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<StoredFile>;
  /** Removes a file; it is no error when there is none. */
  remove(path: string, signal?: AbortSignal): Promise<void>;
  /** A local folder for unfinished files. For a dataset in a folder it is on the same file system. */
  readonly stagingDir: string;
  close(): void;
}
