// Compresses closed segments. In: the folder. Out: `.ndjson.zst` instead of `.ndjson` for every segment but the newest, by way of a
// `.partial` and one rename; the plain file goes only after its successor is complete and on the disk.
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { constants, createZstdCompress } from 'node:zlib';
import { ioError } from './errors.ts';
import { compressedPath, listSegments } from './segment.ts';
import { nodeFs } from './tape-fs.ts';

export interface CompressReport {
  readonly segments: number;
}

/** Throws TAPE_FULL, TAPE_IO; what was done until then stays. */
export async function compressClosed(dir: string): Promise<CompressReport> {
  let segments = 0;
  for (const { compressed, path } of (await listSegments(dir)).slice(0, -1)) {
    if (compressed) continue;
    const target = compressedPath(path);
    try {
      const checksum = { params: { [constants.ZSTD_c_checksumFlag]: 1 } };
      await pipeline(
        createReadStream(path),
        createZstdCompress(checksum),
        createWriteStream(`${target}.partial`),
      );
      const file = await open(`${target}.partial`, 'r+');
      try {
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(`${target}.partial`, target);
      nodeFs.syncFolder(dirname(target));
      await rm(path);
    } catch (error) {
      throw ioError(error, 'compress a segment', path);
    }
    segments++;
  }
  return { segments };
}
