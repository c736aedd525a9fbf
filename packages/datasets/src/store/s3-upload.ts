// Uploads a finished local file. In: the file, and where it goes. Out: nothing, once the bucket has the same bytes. Large files go in
// parts, at most two of them in memory. The object appears when the last request is done, or not at all.
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { FxtapeError } from '@fxtape/ops';
import type { S3Calls } from './s3-calls.ts';
import { isAbsent, nameOf } from './s3-errors.ts';

export interface S3Place {
  readonly client: S3Client;
  readonly calls: S3Calls;
  readonly target: { readonly Bucket: string; readonly Key: string };
  /** For messages. */
  readonly path: string;
  readonly partBytes: number;
}

const MOST_PARTS = 9_000;
const AT_ONCE = 2;

export const sha256 = (...chunks: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest();
};

/** @throws DATASET_UPLOAD_DIFFERS */
export async function upload(place: S3Place, local: string, signal?: AbortSignal): Promise<void> {
  const file = await open(local, 'r');
  try {
    const { size } = await file.stat();
    const sent =
      size <= place.partBytes
        ? await inOne(place, file, size, signal)
        : await inParts(place, file, size, signal);
    await verify(place, { ...sent, size }, signal);
  } finally {
    await file.close();
  }
}

interface Sent {
  /** Of the whole file, hexadecimal. */
  readonly sha256: string;
  /** SHA-256 as the bucket states it: of the file, or of the digests of its parts, with `-` and their number. */
  readonly stated: string;
}

async function inOne(
  { calls, client, path, target }: S3Place,
  file: FileHandle,
  size: number,
  signal?: AbortSignal,
): Promise<Sent> {
  const bytes = await readPart(file, 0, size);
  const digest = sha256(bytes);
  const stated = digest.toString('base64');
  const put = new PutObjectCommand({ ...target, Body: bytes, ChecksumSHA256: stated });
  await calls.call(`store ${path}`, (abortSignal) => client.send(put, { abortSignal }), { signal });
  return { sha256: digest.toString('hex'), stated };
}

async function inParts(place: S3Place, file: FileHandle, size: number, signal?: AbortSignal): Promise<Sent> {
  const { calls, client, path, target } = place;
  const create = new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'SHA256' });
  const { UploadId } = await calls.call(
    `store ${path}`,
    (abortSignal) => client.send(create, { abortSignal }),
    { signal },
  );
  if (UploadId === undefined) throw differs(path, 'it returned no upload id');
  const failing = new AbortController();
  const either = signal === undefined ? failing.signal : AbortSignal.any([signal, failing.signal]);
  const partBytes = Math.max(place.partBytes, Math.ceil(size / MOST_PARTS));
  const whole = createHash('sha256');
  const parts: { PartNumber: number; ETag: string | undefined; ChecksumSHA256: string }[] = [];
  const digests: Buffer[] = [];
  const running = new Set<Promise<void>>();
  try {
    for (let at = 0, PartNumber = 1; at < size; at += partBytes, PartNumber += 1) {
      const bytes = await readPart(file, at, Math.min(partBytes, size - at));
      whole.update(bytes);
      const digest = sha256(bytes);
      digests.push(digest);
      const ChecksumSHA256 = digest.toString('base64');
      const command = new UploadPartCommand({ ...target, UploadId, PartNumber, Body: bytes, ChecksumSHA256 });
      const part = calls
        .call(`store ${path}`, (abortSignal) => client.send(command, { abortSignal }), { signal: either })
        .then(({ ETag }) => void parts.push({ PartNumber, ETag, ChecksumSHA256 }))
        .finally(() => running.delete(part));
      running.add(part);
      if (running.size >= AT_ONCE) await Promise.race(running);
    }
    await Promise.all(running);
    parts.sort((a, b) => a.PartNumber - b.PartNumber);
    const complete = new CompleteMultipartUploadCommand({
      ...target,
      UploadId,
      MultipartUpload: { Parts: parts },
    });
    let unclear = false;
    await calls
      .call(`store ${path}`, (abortSignal) => client.send(complete, { abortSignal }), {
        signal,
        answers: (error) => nameOf(error) === 'NoSuchUpload' && unclear,
        onUnclear: () => (unclear = true),
      })
      .catch((error: unknown) => {
        // An earlier attempt, whose answer was lost, has completed it. What the bucket has is compared next.
        if (nameOf(error) !== 'NoSuchUpload') throw error;
      });
  } catch (error) {
    failing.abort(error);
    await Promise.allSettled(running);
    const abort = new AbortMultipartUploadCommand({ ...target, UploadId });
    // Tried once: the first error is the one to report. Parts that stay are not an object.
    await client.send(abort, { abortSignal: AbortSignal.timeout(5_000) }).catch(() => undefined);
    throw error;
  }
  return { sha256: whole.digest('hex'), stated: `${sha256(...digests).toString('base64')}-${parts.length}` };
}

async function readPart(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  for (let done = 0; done < length; ) {
    const { bytesRead } = await file.read(bytes, done, length - done, at + done);
    if (bytesRead === 0) throw new Error('the file became shorter while it was uploaded');
    done += bytesRead;
  }
  return bytes;
}

/** Compares size and checksum as the bucket states them. If it states no checksum, the object is read back. */
async function verify(place: S3Place, sent: Sent & { size: number }, signal?: AbortSignal): Promise<void> {
  const { calls, client, path, target } = place;
  const head = new HeadObjectCommand({ ...target, ChecksumMode: 'ENABLED' });
  const found = await calls
    .call(`check ${path}`, (abortSignal) => client.send(head, { abortSignal }), { signal, answers: isAbsent })
    .catch((error: unknown) => {
      throw isAbsent(error) ? differs(path, 'it is not there') : error;
    });
  if (found.ContentLength !== sent.size)
    throw differs(path, `it has ${found.ContentLength} of ${sent.size} bytes`);
  if (found.ChecksumSHA256 === sent.stated) return;
  if (found.ChecksumSHA256 !== undefined) throw differs(path, 'its SHA-256 is different');
  const get = new GetObjectCommand(target);
  const read = await calls.call(
    `check ${path}`,
    async (abortSignal) => {
      const { Body } = await client.send(get, { abortSignal });
      const hash = createHash('sha256');
      for await (const chunk of Body as AsyncIterable<Uint8Array>) {
        abortSignal.throwIfAborted();
        hash.update(chunk);
      }
      return hash.digest('hex');
    },
    { signal },
  );
  if (read !== sent.sha256) throw differs(path, 'its content is different');
}

const differs = (path: string, why: string): FxtapeError =>
  new FxtapeError({
    code: 'DATASET_UPLOAD_DIFFERS',
    message: `the bucket does not have ${path} as it was sent: ${why}`,
    context: { path },
  });
