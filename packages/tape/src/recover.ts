// Brings the end of a tape into a state in which it can be written on, under the lock. In: the folder. Out: where the tape ends, the
// last line that stands there, and whether the newest segment can take more. Only an unfinished last line is cut, and kept aside.
import { appendFileSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { passing } from '@fxtape/ops';
import type { Damage } from './damage.ts';
import { decodeLine } from './decode.ts';
import { ioError } from './errors.ts';
import type { Position } from './position.ts';
import { readSegments } from './read.ts';
import { listSegments, plainPath, type Segment } from './segment.ts';

export interface Recovered {
  /** End of the tape; null when it is empty. */
  readonly last: Position | null;
  readonly lastTsRecv: number | null;
  readonly lastConn: number | null;
  readonly damage: readonly Damage[];
  readonly empty: boolean;
  /** The newest segment, when the next line may be appended to it. */
  readonly appendTo: { readonly segment: number; readonly path: string } | null;
}

const TAIL_BYTES = 4 * 1024 * 1024;
const NEWLINE = 10;
const NOTHING: Recovered = {
  last: null,
  lastTsRecv: null,
  lastConn: null,
  damage: [],
  empty: true,
  appendTo: null,
};

/** Throws TAPE_IO, TAPE_FORMAT. */
export async function recoverTape(dir: string): Promise<Recovered> {
  removePartial(dir);
  for (;;) {
    const newest = (await listSegments(dir)).at(-1);
    if (newest === undefined) return NOTHING;
    if (!newest.compressed) await cutTorn(newest);
    const recovered = await inspect(newest);
    if (recovered.lastTsRecv !== null || newest.compressed) return recovered;
    // No line stands in it at all. What bytes it has are evidence, not tape: renamed, which needs no space.
    if ((await stat(newest.path)).size > 0) renameSync(newest.path, `${newest.path}.0.torn`);
    else rmSync(newest.path);
  }
}

async function inspect(segment: Segment): Promise<Recovered> {
  const fileBytes = segment.compressed ? 0 : (await stat(segment.path)).size;
  const start = segment.compressed ? 0 : await lineStartBefore(segment.path, fileBytes);
  for (const offset of start === 0 ? [0] : [start, 0]) {
    const found = await lastOf(segment, offset);
    if (found.lastTsRecv === null && offset > 0) continue;
    const length = segment.compressed ? (found.last?.offset ?? 0) : fileBytes;
    const endsWell = found.last?.offset === length;
    const appendTo =
      segment.compressed || !endsWell ? null : { segment: segment.segment, path: segment.path };
    return { ...found, last: { segment: segment.segment, offset: length }, empty: false, appendTo };
  }
  return { ...NOTHING, empty: false };
}

async function lastOf(segment: Segment, offset: number) {
  const damage: Damage[] = [];
  let lastTsRecv: number | null = null;
  let lastConn: number | null = null;
  let last: Position | null = null;
  for await (const batch of readSegments([segment], { segment: segment.segment, offset }, null, {})) {
    for (const item of batch.items) {
      if ('kind' in item) damage.push(item);
      else {
        lastTsRecv = item.tsRecv;
        lastConn = item.conn;
      }
    }
    if (!('kind' in (batch.items.at(-1) ?? {}))) last = batch.end;
  }
  return { damage, lastTsRecv, lastConn, last };
}

/** Start of a line in the last part of a plain file. */
async function lineStartBefore(path: string, fileBytes: number): Promise<number> {
  if (fileBytes <= TAIL_BYTES) return 0;
  const file = await open(path, 'r');
  try {
    const from = fileBytes - TAIL_BYTES;
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TAIL_BYTES), 0, TAIL_BYTES, from);
    const newline = buffer.subarray(0, bytesRead).indexOf(NEWLINE);
    return newline < 0 ? 0 : from + newline + 1;
  } finally {
    await file.close();
  }
}

/** Cuts what stands behind the last '\n', after it was set aside; a whole line that lacks only its '\n' gets it. */
async function cutTorn({ path }: Segment): Promise<void> {
  const { size } = await stat(path);
  const from = Math.max(0, size - 2 * TAIL_BYTES);
  const file = await open(path, 'r');
  let torn: Buffer;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(size - from), 0, size - from, from);
    torn = buffer.subarray(buffer.subarray(0, bytesRead).lastIndexOf(NEWLINE) + 1, bytesRead);
  } finally {
    await file.close();
  }
  if (torn.length === 0) return;
  passing('recover: torn line found');
  if (typeof decodeLine(torn, 0, torn.length) === 'object') {
    appendFileSync(path, '\n');
    return;
  }
  const keep = size - torn.length;
  if (!setAside(`${plainPath(path)}.${keep}.torn`, torn)) return;
  passing('recover: torn line set aside');
  truncateSync(path, keep);
}

/** False on a full disk: then the bytes stay where they are, as damage, and the next append starts a segment. */
function setAside(path: string, bytes: Buffer): boolean {
  try {
    writeFileSync(path, bytes);
    return true;
  } catch (error) {
    if (ioError(error, 'set a torn line aside', path).code !== 'TAPE_FULL') throw error;
    rmSync(path, { force: true });
    return false;
  }
}

function removePartial(dir: string): void {
  for (const name of readdirSync(dir, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.partial')) rmSync(join(dir, name), { force: true });
  }
}
