// The files of a tape. In: the folder. Out: its segments in order, each with the file to read it from, and the names that segments
// get. A segment that stands there both plain and compressed (a crash before the plain one was removed) is one segment.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, ioError } from './errors.ts';

const PLAIN = '.ndjson';
const COMPRESSED = '.ndjson.zst';
const DAY_US = 86_400_000_000;
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
  /** Size of `path` in bytes. */
  readonly fileBytes: number;
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
  const segments: Segment[] = [];
  for (const [segment, { plain, compressed }] of found) {
    // In this order: a plain file that goes away during the listing left its compressed one.
    for (const path of [plain, compressed ?? (plain === null ? null : compressedPath(plain))]) {
      const fileBytes = path === null ? null : await sizeOf(path);
      if (path === null || fileBytes === null) continue;
      const isPlain = path === plain;
      segments.push({
        segment,
        path,
        compressed: !isPlain,
        both: isPlain && compressed !== null,
        fileBytes,
      });
      break;
    }
  }
  return segments.sort((a, b) => a.segment - b.segment);
}

async function names(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return [];
    throw ioError(error, 'list the tape', folder);
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw ioError(error, 'look at the tape', path);
  }
}
