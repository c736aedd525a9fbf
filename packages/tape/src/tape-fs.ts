// The calls by which the writer touches the disk, as an argument, so that a test can stand in for a full or failing one.
import {
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { passing } from '@fxtape/ops';

export interface TapeFs {
  mkdir(path: string): void;
  /** Opens for appending. `fresh`: the file must not exist. */
  open(path: string, fresh: boolean): number;
  write(fd: number, bytes: Uint8Array): number;
  truncate(fd: number, bytes: number): void;
  sync(fd: number): Promise<void>;
  /** Makes a new name in a folder durable. */
  syncFolder(path: string): void;
  close(fd: number): void;
  remove(path: string): void;
  rename(from: string, to: string): void;
  size(path: string): number;
  /** The first `bytes` of a file; fewer when it is shorter. */
  readStart(path: string, bytes: number): Promise<Uint8Array>;
}

const fdatasyncAsync = promisify(fdatasync);

export const nodeFs: TapeFs = {
  mkdir: (path) => {
    passing('tape: mkdir');
    mkdirSync(path, { recursive: true });
  },
  open: (path, fresh) => {
    passing(fresh ? 'tape: create' : 'tape: open');
    return openSync(path, fresh ? 'ax' : 'a');
  },
  write: (fd, bytes) => {
    passing('tape: write');
    return writeSync(fd, bytes);
  },
  truncate: (fd, bytes) => {
    passing('tape: truncate');
    ftruncateSync(fd, bytes);
  },
  sync: async (fd) => {
    passing('tape: sync');
    await fdatasyncAsync(fd);
  },
  syncFolder: (path) => {
    passing('tape: sync folder');
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
  close: (fd) => closeSync(fd),
  remove: (path) => rmSync(path, { force: true }),
  rename: (from, to) => {
    passing('tape: rename');
    renameSync(from, to);
  },
  size: (path) => statSync(path).size,
  readStart: async (path, bytes) => {
    const file = await open(path, 'r');
    try {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(bytes), 0, bytes, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  },
};
