// Where the consumer of a tape resumes, with the state it had there. In: a position and a state. Out: one small file, replaced whole and
// checked by a CRC. A damaged file counts as none: reading more of the tape than needed is harmless.
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { passing } from '@fxtape/ops';
import { errnoOf, ioError } from './errors.ts';
import type { Position } from './position.ts';

export interface Cursor {
  readonly position: Position;
  /** Opaque. */
  readonly state: unknown;
}

const pathOf = (dir: string): string => join(dir, 'cursor.json');

/** Null when there is none or it is damaged. Throws TAPE_IO. */
export async function readCursor(dir: string): Promise<Cursor | null> {
  let text: string;
  try {
    text = await readFile(pathOf(dir), 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw ioError(error, 'read the cursor', pathOf(dir));
  }
  const newline = text.indexOf('\n');
  const body = text.slice(newline + 1);
  if (newline < 0 || text.slice(0, newline) !== sum(body)) return null;
  return JSON.parse(body) as Cursor;
}

/** Throws TAPE_FULL, TAPE_IO. */
export async function writeCursor(dir: string, cursor: Cursor): Promise<void> {
  const path = pathOf(dir);
  const body = JSON.stringify(cursor);
  try {
    passing('cursor: write');
    const file = await open(`${path}.partial`, 'w');
    try {
      await file.writeFile(`${sum(body)}\n${body}`);
      passing('cursor: sync');
      await file.datasync();
    } finally {
      await file.close();
    }
    passing('cursor: rename');
    await rename(`${path}.partial`, path);
    passing('cursor: sync folder');
    const folder = await open(dir, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    throw ioError(error, 'write the cursor', path);
  }
}

const sum = (body: string): string => crc32(body).toString(16).padStart(8, '0');
