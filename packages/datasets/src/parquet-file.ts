// A Parquet file on this machine. In: the stream of an export. Out: a local file that has the end of a Parquet file, with its size and hash.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FxtapeError } from '@fxtape/ops';
import { storageFailure } from './store/storage-failure.ts';

/** Writes a stream to a new local file, durable when it returns. Errors: DATASET_FILE_WRONG (no end of a Parquet file), those of the stream and the disk. */
export async function receiveParquet(
  local: string,
  body: NodeJS.ReadableStream,
  signal: AbortSignal | undefined,
): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const measured = new Transform({
    transform(part: Buffer, _encoding, done) {
      hash.update(part);
      bytes += part.length;
      done(null, part);
    },
  });
  try {
    await pipeline(
      body,
      measured,
      createWriteStream(local, { flush: true }),
      ...(signal ? [{ signal }] : []),
    );
    await requireParquetEnd(local, bytes);
  } catch (error) {
    await rm(local, { force: true });
    throw storageFailure(`cannot write ${local}`, error);
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function requireParquetEnd(local: string, bytes: number): Promise<void> {
  const file = await open(local);
  try {
    const end = Buffer.alloc(4);
    await file.read(end, 0, 4, Math.max(0, bytes - 4));
    if (bytes >= 12 && end.toString('latin1') === 'PAR1') return;
  } finally {
    await file.close();
  }
  throw new FxtapeError({
    code: 'DATASET_FILE_WRONG',
    message: `QuestDB's export ended after ${bytes} bytes without the footer of a Parquet file`,
    hint: 'Run the command again; if it persists, look at the log of QuestDB',
    context: { bytes },
  });
}

export async function sha256Of(local: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(local, { highWaterMark: 1024 * 1024 }))
    hash.update(part as Buffer);
  return hash.digest('hex');
}
