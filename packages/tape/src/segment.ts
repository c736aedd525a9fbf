// The files of a tape. In: the folder. Out: its segments in order, each with the file to read it from, and the names that segments
// get. A segment that stands there both plain and compressed (a crash before the plain one was removed) is one segment.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, ioError } from './errors.ts';

const PLAIN = '.ndjson';
const COMPRESSED = '.ndjson.zst';
const DAY_US = 86_400_000_000;
const LOOKS_AT_ONCE = 64;
const FOLDER = /^\d{8}$/;
const FILE = /^(\d{1,16})(\.ndjson|\.ndjson\.zst)$/;

export interface Segment {
  /** First ts_recv, µs: the name. */
  readonly segment: number;
  /** The file to read: the plain one where both exist. */
  readonly path: string;
  readonly compressed: boolean;
  /** Whether the compressed file exists beside the plain one. */
  readonly both: boolean;
}

/** UTC day number of a ts_recv. */
export function dayOf(tsUs: number): number {
  return Math.floor(tsUs / DAY_US);
}

/** Folder of the segment that starts at `tsUs`. */
export function segmentFolder(dir: string, tsUs: number): string {
  return join(dir, new Date(dayOf(tsUs) * 86_400_000).toISOString().slice(0, 10).replaceAll('-', ''));
}

/** Plain file of the segment that starts at `tsUs`. Names have 16 digits, so that they sort as text. */
export function segmentPath(dir: string, tsUs: number): string {
  return join(segmentFolder(dir, tsUs), `${String(tsUs).padStart(16, '0')}${PLAIN}`);
}

export function compressedPath(plainPath: string): string {
  return plainPath.slice(0, -PLAIN.length) + COMPRESSED;
}

export function plainPath(path: string): string {
  return path.endsWith(COMPRESSED) ? path.slice(0, -COMPRESSED.length) + PLAIN : path;
}

/** Names of the tapes in a folder; none if the folder does not exist. Throws TAPE_IO. */
export async function listTapes(folder: string): Promise<string[]> {
  return names(folder, ['ENOENT']);
}

/** All segments, oldest first. A folder that does not exist is an empty tape. Throws TAPE_IO. */
export async function listSegments(dir: string): Promise<Segment[]> {
  const found = new Map<number, { plain: string | null; compressed: string | null }>();
  for (const day of await names(dir)) {
    if (!FOLDER.test(day)) continue;
    for (const name of await names(join(dir, day))) {
      const match = FILE.exec(name);
      if (match === null) continue;
      const segment = Number(match[1]);
      const files = found.get(segment) ?? { plain: null, compressed: null };
      files[match[2] === PLAIN ? 'plain' : 'compressed'] = join(dir, day, name);
      found.set(segment, files);
    }
  }
  // A month of tape is thousands of files: none is looked at, because whoever opens one finds out whether it is there.
  return [...found]
    .flatMap(([segment, { plain, compressed }]): Segment[] => {
      const path = plain ?? compressed;
      if (path === null) return [];
      return [{ segment, path, compressed: plain === null, both: plain !== null && compressed !== null }];
    })
    .sort((a, b) => a.segment - b.segment);
}

/** What the files of a tape take on the disk. Throws TAPE_IO. */
export async function tapeBytes(dir: string): Promise<{ segments: number; bytes: number }> {
  const segments = await listSegments(dir);
  let bytes = 0;
  for (let at = 0; at < segments.length; at += LOOKS_AT_ONCE) {
    const some = segments.slice(at, at + LOOKS_AT_ONCE);
    const sizes = await Promise.all(some.map(({ path }) => sizeOf(path)));
    for (const size of sizes) bytes += size;
  }
  return { segments: segments.length, bytes };
}

async function names(folder: string, empty = ['ENOENT', 'ENOTDIR']): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (empty.includes(errnoOf(error) ?? '')) return [];
    throw ioError(error, 'list the tape', folder);
  }
}

/** 0 for a file that went away meanwhile. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return 0;
    throw ioError(error, 'look at the tape', path);
  }
}
