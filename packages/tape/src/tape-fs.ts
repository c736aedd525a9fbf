// The calls by which the writer touches the disk, as an argument, so that a test can stand in for a full or failing one.
import {
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';

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
}

const fdatasyncAsync = promisify(fdatasync);

export const nodeFs: TapeFs = {
  mkdir: (path) => void mkdirSync(path, { recursive: true }),
  open: (path, fresh) => openSync(path, fresh ? 'ax' : 'a'),
  write: (fd, bytes) => writeSync(fd, bytes),
  truncate: (fd, bytes) => ftruncateSync(fd, bytes),
  sync: (fd) => fdatasyncAsync(fd),
  syncFolder: (path) => {
    const fd = openSync(path, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
  close: (fd) => closeSync(fd),
  remove: (path) => rmSync(path, { force: true }),
};
