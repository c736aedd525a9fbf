// A dataset in a bucket under a prefix. In: paths of the dataset and bytes or finished files. Out: objects, which appear whole or not at
// all. A new name is taken with `If-None-Match: *`. When an answer is lost, the object is read back: its content says whose it is.
import { randomUUID } from 'node:crypto';
import { createWriteStream, mkdirSync } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Clock, readVariable, systemClock } from '@fxtape/ops';
import { missing } from './folder-store.ts';
import { inside } from './inside.ts';
import type { S3Address } from './s3-address.ts';
import { S3Calls } from './s3-calls.ts';
import { isAbsent, isTaken } from './s3-errors.ts';
import { sha256, upload } from './s3-upload.ts';
import { closeStaging, openStaging } from './staging-folder.ts';
import type { Store, StoredFile } from './store.ts';

export interface S3StoreOptions {
  readonly clock?: Clock;
  readonly random?: () => number;
  /** How long a failing request is retried. */
  readonly retryForMs?: number;
  /** Larger files are uploaded in parts of this size. */
  readonly partBytes?: number;
}

const RETRY_FOR_MS = 120_000;
const PART_BYTES = 8 * 1024 * 1024;
/** How long a connection may be silent. */
const SILENCE_MS = 30_000;
const CONNECT_MS = 5_000;

export class S3Store implements Store {
  readonly address: string;
  readonly #client: S3Client;
  readonly #calls: S3Calls;
  readonly #bucket: string;
  readonly #prefix: string;
  readonly #partBytes: number;
  #staging: string | null = null;

  private constructor(at: S3Address, client: S3Client, o: S3StoreOptions) {
    this.#bucket = at.bucket;
    this.#prefix = at.prefix === '' ? '' : `${at.prefix}/`;
    this.address = `s3://${at.bucket}${at.prefix === '' ? '' : `/${at.prefix}`}`;
    this.#client = client;
    this.#partBytes = o.partBytes ?? PART_BYTES;
    this.#calls = new S3Calls({
      address: this.address,
      clock: o.clock ?? systemClock(),
      random: o.random ?? Math.random,
      retryForMs: o.retryForMs ?? RETRY_FOR_MS,
    });
  }

  /** Keys, and what the address does not state, come from the SDK's usual chain: variables, profile, role. */
  static async open(at: S3Address, o: S3StoreOptions = {}): Promise<S3Store> {
    const endpoint = at.endpoint ?? readVariable('AWS_ENDPOINT_URL_S3') ?? readVariable('AWS_ENDPOINT_URL');
    const clientOf = (region: string | undefined): S3Client =>
      new S3Client({
        ...(endpoint === undefined ? {} : { endpoint }),
        ...(region === undefined ? {} : { region }),
        // Self-hosted servers rarely have a host name for each bucket.
        forcePathStyle: at.pathStyle ?? endpoint !== undefined,
        maxAttempts: 1,
        requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
      });
    const client = clientOf(at.region);
    const hasRegion = await client.config.region().then(
      () => true,
      () => false,
    );
    return new S3Store(at, hasRegion ? client : clientOf('us-east-1'), o);
  }

  get stagingDir(): string {
    this.#staging ??= openStaging(this.address, Date.now());
    mkdirSync(this.#staging, { recursive: true, mode: 0o700 });
    return this.#staging;
  }

  async read(path: string, signal?: AbortSignal): Promise<Buffer | null> {
    const get = new GetObjectCommand(this.#target(path));
    return orNull(
      this.#calls.call(
        `read ${path}`,
        async (abortSignal) => {
          const { Body, ContentLength } = await this.#client.send(get, { abortSignal });
          const bytes = await buffer(until(Body as Readable, abortSignal));
          return whole(bytes, bytes.length, ContentLength);
        },
        { signal, answers: isAbsent },
      ),
    );
  }

  async putIfAbsent(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<boolean> {
    let unclear = false;
    try {
      await this.#put(path, bytes, { IfNoneMatch: '*' }, signal, () => (unclear = true));
      return true;
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
    // If no answer was lost, another writer has the name. Otherwise the content says whose it is: it contains a unique id.
    return unclear && (await this.read(path, signal))?.equals(bytes) === true;
  }

  async put(path: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    await this.#put(path, bytes, {}, signal);
  }

  async putFile(path: string, local: string, signal?: AbortSignal): Promise<void> {
    const target = this.#target(path);
    if (!(await isThere(local))) {
      // An earlier call has uploaded, checked and removed it.
      if (await this.#has(path, signal)) return;
      throw missing(local, 'the staging folder');
    }
    const place = { client: this.#client, calls: this.#calls, target, path, partBytes: this.#partBytes };
    await upload(place, local, signal);
    await rm(local, { force: true });
  }

  async withLocal<T>(path: string, use: (local: string) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const local = join(this.stagingDir, `${randomUUID()}-${basename(path)}`);
    const get = new GetObjectCommand(this.#target(path));
    try {
      const copied = await orNull(
        this.#calls.call(
          `read ${path}`,
          async (abortSignal) => {
            const { Body, ContentLength } = await this.#client.send(get, { abortSignal });
            await pipeline(Body as Readable, createWriteStream(local), { signal: abortSignal });
            return whole(true, (await stat(local)).size, ContentLength);
          },
          { signal, answers: isAbsent },
        ),
      );
      if (copied === null) throw missing(path, this.address);
      return await use(local);
    } finally {
      await rm(local, { force: true });
    }
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoredFile> {
    let ContinuationToken: string | undefined;
    do {
      const page = new ListObjectsV2Command({
        Bucket: this.#bucket,
        Prefix: `${this.#prefix}${prefix}`,
        ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
      });
      const found = await this.#calls.call(
        `list ${prefix || 'everything'}`,
        (abortSignal) => this.#client.send(page, { abortSignal }),
        { signal },
      );
      for (const { Key, LastModified, Size } of found.Contents ?? []) {
        const path = Key?.slice(this.#prefix.length) ?? '';
        if (path === '' || path.endsWith('/')) continue;
        yield { path, bytes: Size ?? 0, modifiedMs: LastModified?.getTime() ?? 0 };
      }
      ContinuationToken = found.IsTruncated === true ? found.NextContinuationToken : undefined;
    } while (ContinuationToken !== undefined);
  }

  async remove(path: string, signal?: AbortSignal): Promise<void> {
    const command = new DeleteObjectCommand(this.#target(path));
    await orNull(
      this.#calls.call(`remove ${path}`, (abortSignal) => this.#client.send(command, { abortSignal }), {
        signal,
        answers: isAbsent,
      }),
    );
  }

  close(): void {
    this.#client.destroy();
    // Finished files stay for the next run; another process may be using the folder too.
    if (this.#staging !== null) closeStaging(this.#staging);
    this.#staging = null;
  }

  async #put(
    path: string,
    bytes: Uint8Array,
    condition: { IfNoneMatch?: '*' },
    signal?: AbortSignal,
    onUnclear: () => void = () => {},
  ): Promise<void> {
    const ChecksumSHA256 = sha256(bytes).toString('base64');
    const put = new PutObjectCommand({ ...this.#target(path), ...condition, Body: bytes, ChecksumSHA256 });
    await this.#calls.call(`store ${path}`, (abortSignal) => this.#client.send(put, { abortSignal }), {
      signal,
      answers: isTaken,
      onUnclear,
    });
  }

  async #has(path: string, signal?: AbortSignal): Promise<boolean> {
    const head = new HeadObjectCommand(this.#target(path));
    const send = (abortSignal: AbortSignal) => this.#client.send(head, { abortSignal });
    return (await orNull(this.#calls.call(`find ${path}`, send, { signal, answers: isAbsent }))) !== null;
  }

  #target(path: string): { Bucket: string; Key: string } {
    return { Bucket: this.#bucket, Key: `${this.#prefix}${inside(path)}` };
  }
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}

async function isThere(local: string): Promise<boolean> {
  try {
    await stat(local);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Destroys a body when its attempt is aborted: the SDK itself heeds the signal only until the headers have arrived. */
function until(body: Readable, signal: AbortSignal): Readable {
  const end = (): void => void body.destroy(signal.reason as Error);
  signal.addEventListener('abort', end, { once: true });
  body.once('close', () => signal.removeEventListener('abort', end));
  return body;
}

/** A body that was cut off counts as a lost connection. */
function whole<T>(value: T, bytes: number, announced: number | undefined): T {
  if (announced === undefined || announced === bytes) return value;
  throw Object.assign(new Error(`${bytes} of ${announced} bytes arrived`), { code: 'ECONNRESET' });
}
