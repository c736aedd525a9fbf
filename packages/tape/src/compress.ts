// Compresses closed segments. In: the folder, and what a writer still needs. Out: `.ndjson.zst` instead of `.ndjson` for every
// closed segment, by way of a `.partial` and one rename; the plain file goes only after its successor is complete and on the disk.
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { type FxtapeError, passing } from '@fxtape/ops';
import { ioError } from './errors.ts';
import { compressedPath, listSegments } from './segment.ts';
import { nodeFs } from './tape-fs.ts';

export interface CompressReport {
  readonly segments: number;
  /** What kept a segment as it is: TAPE_FULL, TAPE_IO. The others are compressed all the same. */
  readonly failures: readonly FxtapeError[];
}

/** `before`: a writer needs this segment and all after it as they are. Throws TAPE_IO when the folder cannot be listed. */
export async function compressClosed(
  dir: string,
  before = Number.POSITIVE_INFINITY,
): Promise<CompressReport> {
  let segments = 0;
  const failures: FxtapeError[] = [];
  for (const { compressed, path, segment } of (await listSegments(dir)).slice(0, -1)) {
    if (segment >= before) break;
    if (compressed) continue;
    try {
      await compress(path);
      segments++;
    } catch (error) {
      const failure = ioError(error, 'compress a segment', path);
      failures.push(failure);
      if (failure.code === 'TAPE_FULL') break;
    }
  }
  return { segments, failures };
}

async function compress(path: string): Promise<void> {
  const target = compressedPath(path);
  const partial = `${target}.partial`;
  try {
    const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
    passing('compress: write');
    await pipeline(createReadStream(path), createZstdCompress(checksum), createWriteStream(partial));
    const file = await open(partial, 'r+');
    try {
      passing('compress: sync');
      await file.datasync();
    } finally {
      await file.close();
    }
    passing('compress: rename');
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  nodeFs.syncFolder(dirname(target));
  passing('compress: remove');
  await rm(path);
}
