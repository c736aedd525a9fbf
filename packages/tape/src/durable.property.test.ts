// What is called synced survives a power cut, on a disk that fails now and then. The disk below keeps beside each file what a power cut
// would leave of it: the bytes of the last sync that succeeded, under the names that a folder sync has seen. As Linux does, it drops what a
// failed sync could not write, so that the next one succeeds without it.
import { closeSync, fstatSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import {
  type Damage,
  type Entry,
  type Line,
  listSegments,
  nodeFs,
  readTape,
  type TapeFs,
  TapeWriter,
} from './index.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

interface Inode {
  durable: Buffer;
  /** Ranges that a failed sync has dropped. */
  dropped: [number, number][];
}

/** A real file system with its durable shadow. Syncs wait until `finish` is called. */
class FailingDisk {
  readonly #inodes = new Map<number, Inode>();
  readonly #names = new Map<string, Inode>();
  readonly #durableNames = new Map<string, Inode>();
  readonly #paths = new Map<number, string>();
  readonly #waiting: ((ok: boolean) => void)[] = [];
  readonly fs: TapeFs = {
    ...nodeFs,
    open: (path, fresh) => {
      const fd = nodeFs.open(path, fresh);
      const inode = (fresh ? null : this.#names.get(path)) ?? { durable: Buffer.alloc(0), dropped: [] };
      this.#inodes.set(fd, inode);
      this.#names.set(path, inode);
      this.#paths.set(fd, path);
      return fd;
    },
    sync: (fd) => {
      const inode = this.#inodes.get(fd) as Inode;
      const content = Buffer.alloc(fstatSync(fd).size);
      readFileSync(`/proc/self/fd/${fd}`).copy(content);
      return new Promise((resolve, reject) => {
        this.#waiting.push((ok) => {
          if (ok) {
            for (const [from, to] of inode.dropped) content.fill(0, from, to);
            inode.durable = content;
            return resolve();
          }
          inode.dropped.push([inode.durable.length, content.length]);
          reject(Object.assign(new Error('disk'), { code: 'EIO' }));
        });
      });
    },
    syncFolder: (path) => {
      for (const [name, inode] of this.#names)
        if (dirname(name) === path) this.#durableNames.set(name, inode);
    },
    rename: (from, to) => {
      nodeFs.rename(from, to);
      this.#names.set(to, this.#names.get(from) as Inode);
      this.#names.delete(from);
    },
    close: (fd) => closeSync(fd),
  };

  /** Ends the oldest sync that waits. */
  async finish(ok: boolean): Promise<void> {
    this.#waiting.shift()?.(ok);
    for (let i = 0; i < 20; i++) await new Promise(setImmediate);
  }

  durable(path: string): Buffer {
    return this.#durableNames.get(path)?.durable ?? Buffer.alloc(0);
  }
}

const NOON = Date.UTC(2026, 5, 23, 12) * 1000;
const entry = (i: number): Entry => ({ conn: 1, recvUs: NOON + i, mark: 'live', frame: `{"i":${i}}` });

const expectSyncedIsDurable = async (dir: string, tape: TapeWriter, disk: FailingDisk): Promise<void> => {
  const { synced } = tape.position;
  if (synced === null) return;
  for (const { path, segment } of await listSegments(dir)) {
    if (segment > synced.segment) return;
    const written = readFileSync(path);
    const goal = segment === synced.segment ? synced.offset : written.length;
    expect(disk.durable(path).subarray(0, goal).equals(written.subarray(0, goal))).toBe(true);
  }
};

const step = fc.oneof(
  { weight: 5, arbitrary: fc.constant('append' as const) },
  { weight: 2, arbitrary: fc.constant('rotate' as const) },
  { weight: 4, arbitrary: fc.constant('synced' as const) },
  { weight: 2, arbitrary: fc.constant('failed' as const) },
  { weight: 3, arbitrary: fc.constant('sync' as const) },
);

test('after any appends, rotations and failing syncs: what is called synced is durable, and nothing is lost in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const dir = mkdtempSync(join(tmpdir(), 'tape-durable-'));
      folders.push(dir);
      const disk = new FailingDisk();
      const clock = { monoMs: () => performance.now() };
      const head = (): unknown => null;
      const tape = await TapeWriter.open({
        dir,
        account: 'demo',
        head,
        clock,
        syncEveryMs: 1e9,
        fs: disk.fs,
      });
      const syncs: Promise<unknown>[] = [];
      let appended = 0;
      for (const each of steps) {
        if (each === 'append') tape.append([entry(appended++)]);
        else if (each === 'rotate') tape.rotate();
        else if (each === 'sync') syncs.push(tape.sync().catch(() => undefined));
        else await disk.finish(each === 'synced');
        await expectSyncedIsDurable(dir, tape, disk);
      }
      let done = false;
      const last = tape.sync().then(
        () => (done = true),
        () => (done = true),
      );
      while (!done) await disk.finish(true);
      await Promise.all([last, ...syncs]);
      const closing = tape.close();
      let closed = false;
      void closing.finally(() => (closed = true));
      while (!closed) await disk.finish(true);
      await closing;
      expect(tape.position.synced).toEqual(tape.position.appended);
      await expectSyncedIsDurable(dir, tape, disk);
      const items: (Line | Damage)[] = [];
      for await (const batch of readTape(dir, null)) items.push(...batch.items);
      const frames = items.map((item) => ('kind' in item ? item.kind : item.frame)).filter((f) => f !== null);
      expect(frames).toEqual(Array.from({ length: appended }, (_, i) => `{"i":${i}}`));
      rmSync(dir, { recursive: true, force: true });
    }),
    { numRuns: 150 },
  );
}, 60_000);

test('a disk that confirms nothing: the tape stops at a bound, and goes on when it does again', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tape-durable-'));
  folders.push(dir);
  const clock = { monoMs: () => performance.now() };
  let works = false;
  const fs: TapeFs = {
    ...nodeFs,
    sync: (fd) =>
      works ? nodeFs.sync(fd) : Promise.reject(Object.assign(new Error('disk'), { code: 'EIO' })),
  };
  const tape = await TapeWriter.open({ dir, account: 'demo', head: () => null, clock, syncEveryMs: 1, fs });
  const frame = `{"x":"${'x'.repeat(1_000_000)}"}`;
  const append = (): void => {
    for (let i = 0; i < 100; i++) tape.append([{ conn: 1, recvUs: NOON, mark: null, frame }]);
  };
  expect(append).toThrowError(expect.objectContaining({ code: 'TAPE_IO' }) as Error);
  works = true;
  await tape.sync();
  tape.append([entry(1)]);
  await tape.close();
  expect(tape.position.synced).toEqual(tape.position.appended);
});
