// A dataset in a folder. In: paths of the dataset and bytes or finished files. Out: files that appear whole and durable, or not at
// all. A new name is taken by link(), which fails when the name exists: one of several writers wins, and a kill leaves no partial file.
// Everything is made in `_staging` first; what a kill leaves there belongs to no version.
import { randomUUID } from 'node:crypto';
import { type Dirent, mkdirSync } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { FxtapeError, passing } from '@fxtape/ops';
import { inside } from './inside.ts';
import { storageFailure } from './storage-failure.ts';
import type { Store, StoredFile } from './store.ts';

const STAGING = '_staging';

export class FolderStore implements Store {
  readonly address: string;
  readonly #root: string;

  constructor(folder: string) {
    this.address = folder;
    this.#root = resolve(folder);
  }

  /** Created when it is first asked for. */
  get stagingDir(): string {
    const dir = join(this.#root, STAGING);
    try {
      mkdirSync(dir, { recursive: true });
    } catch (error) {
      throw this.#failed('create', STAGING, error);
    }
    return dir;
  }

  async read(path: string, signal?: AbortSignal): Promise<Buffer | null> {
    const full = this.#full(path);
    try {
      return await readFile(full, signal === undefined ? {} : { signal });
    } catch (error) {
      signal?.throwIfAborted();
      if (isMissing(error)) return null;
      throw this.#failed('read', path, error);
    }
  }

  async putIfAbsent(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    const full = this.#full(path);
    return this.#staged(path, bytes, signal, async (staged) => {
      await this.#makeFolder(dirname(full));
      signal?.throwIfAborted();
      const won = await take(staged, full);
      // Even if another writer won: whoever builds on its file must find it after a power cut.
      await syncFolder(dirname(full));
      return won;
    });
  }

  async put(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    const full = this.#full(path);
    await this.#staged(path, bytes, signal, async (staged) => {
      await this.#makeFolder(dirname(full));
      passing('dataset: rename');
      await rename(staged, full);
      await syncFolder(dirname(full));
    });
  }

  async putFile(path: string, local: string, signal?: AbortSignal): Promise<void> {
    const full = this.#full(path);
    signal?.throwIfAborted();
    try {
      if (!(await isThere(local)) && (await isThere(full))) return await syncFolder(dirname(full)); // moved by an earlier call
      await this.#makeFolder(dirname(full));
      await syncFile(local);
      try {
        passing('dataset: rename');
        await rename(local, full);
      } catch (error) {
        if (codeOf(error) !== 'EXDEV') throw error;
        await this.#copyIn(local, full);
      }
      await syncFolder(dirname(full));
    } catch (error) {
      throw this.#failed('store', path, error);
    }
  }

  async withLocal<T>(path: string, use: (local: string) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const full = this.#full(path);
    signal?.throwIfAborted();
    if (await isThere(full).catch((error: unknown) => Promise.reject(this.#failed('read', path, error))))
      return use(full);
    throw missing(path, this.address);
  }

  /** Symbolic links to folders are not followed. */
  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoredFile> {
    const start = prefix.includes('/') ? prefix.slice(0, prefix.lastIndexOf('/')) : '';
    const folders = [start === '' ? this.#root : this.#full(start)];
    for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
      for (const entry of await this.#entries(folder)) {
        signal?.throwIfAborted();
        const full = join(folder, entry.name);
        const path = relative(this.#root, full).split(sep).join('/');
        if (entry.isDirectory()) {
          if (path.startsWith(prefix) || prefix.startsWith(`${path}/`)) folders.push(full);
          continue;
        }
        if (!path.startsWith(prefix)) continue;
        const found = await this.#stat(full, path);
        if (found !== null && found.isFile())
          yield { path, bytes: found.size, modifiedMs: Math.floor(found.mtimeMs) };
      }
    }
  }

  async remove(path: string): Promise<void> {
    const full = this.#full(path);
    try {
      passing('dataset: remove');
      await rm(full, { force: true });
    } catch (error) {
      throw this.#failed('remove', path, error);
    }
  }

  close(): void {
    // Nothing is kept open.
  }

  #full(path: string): string {
    return join(this.#root, ...inside(path).split('/'));
  }

  /** Writes bytes durably into `_staging`, and removes them when `use` has ended. */
  async #staged<T>(
    path: string,
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
    use: (staged: string) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const staged = join(this.stagingDir, `${basename(path)}.${randomUUID()}.partial`);
    try {
      await writeDurable(staged, bytes);
      const done = await use(staged);
      passing('dataset: unstage');
      await rm(staged, { force: true });
      return done;
    } catch (error) {
      await rm(staged, { force: true }).catch(() => undefined); // the first error is the one to report
      if (signal?.aborted === true) throw signal.reason;
      throw this.#failed('store', path, error);
    }
  }

  /** A rename cannot cross file systems: the file is copied into `_staging`, synced, and then renamed. */
  async #copyIn(local: string, full: string): Promise<void> {
    const staged = join(this.stagingDir, `${basename(full)}.${randomUUID()}.partial`);
    try {
      passing('dataset: copy');
      await copyFile(local, staged);
      await syncFile(staged);
      passing('dataset: rename');
      await rename(staged, full);
    } catch (error) {
      await rm(staged, { force: true }).catch(() => undefined); // the first error is the one to report
      throw error;
    }
    await syncFolder(dirname(full));
    await rm(local, { force: true });
  }

  /** A new folder is durable once its parent is synced. */
  async #makeFolder(folder: string): Promise<void> {
    const first = await mkdir(folder, { recursive: true });
    if (first === undefined) return;
    for (let each = folder; ; each = dirname(each)) {
      await syncFolder(dirname(each));
      if (each === first || each === dirname(each)) return;
    }
  }

  async #entries(folder: string): Promise<Dirent[]> {
    try {
      return await readdir(folder, { withFileTypes: true });
    } catch (error) {
      if (isMissing(error)) return [];
      throw this.#failed('list', relative(this.#root, folder), error);
    }
  }

  async #stat(full: string, path: string) {
    try {
      return await stat(full);
    } catch (error) {
      if (isMissing(error)) return null; // removed since it was listed
      throw this.#failed('list', path, error);
    }
  }

  #failed(what: string, path: string, cause: unknown): unknown {
    return storageFailure(`cannot ${what} ${path} in ${this.address}`, cause, { path });
  }
}

export const missing = (path: string, address: string): FxtapeError =>
  new FxtapeError({
    code: 'DATASET_FILE_MISSING',
    message: `${path} is not in ${address}`,
    context: { path },
  });

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;
const isMissing = (error: unknown): boolean => codeOf(error) === 'ENOENT';

/** True when the name was free. A network file system may lose the answer of a link it made: then the file has two names. */
async function take(staged: string, full: string): Promise<boolean> {
  passing('dataset: link');
  try {
    await link(staged, full);
    return true;
  } catch (error) {
    const errno = codeOf(error) ?? '';
    if (errno === 'EEXIST') return (await stat(staged)).nlink === 2;
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errno)) throw error;
    throw new FxtapeError({
      code: 'DATASET_STORE_UNSAFE',
      message: `the file system of ${dirname(full)} does not support hard links (${errno})`,
      cause: error,
    });
  }
}

async function isThere(full: string): Promise<boolean> {
  try {
    await stat(full);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function writeDurable(full: string, bytes: Uint8Array): Promise<void> {
  passing('dataset: create');
  const file = await open(full, 'wx');
  try {
    passing('dataset: write');
    await file.writeFile(bytes);
    passing('dataset: sync');
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFile(full: string): Promise<void> {
  passing('dataset: sync');
  const file = await open(full, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(full: string): Promise<void> {
  passing('dataset: sync folder');
  const folder = await open(full, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
