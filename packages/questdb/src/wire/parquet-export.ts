// One Parquet export. In: a statement. Out: the file as a stream, or QuestDB's error about the statement. QuestDB allows as many exports at
// once as it has cores, and answers 429 to one more. So a process runs at most two, and asks again while other processes use the rest.
import type { Readable } from 'node:stream';
import { FxtapeError, pauseOrThrow } from '@fxtape/ops';
import { readExecAnswer } from './exec-answer.ts';
import type { HttpCall, HttpStream } from './http-call.ts';

export const EXPORTS_AT_ONCE = 2;

/**
 * A week. QuestDB counts the time of a slow reader as time of the statement, and would cut the file off after five minutes. `IDLE_MS`
 * detects a silent server instead. One limit stays: QuestDB closes a connection over which it could send nothing for five minutes
 * (`http.net.connection.timeout`), so a reader may be slow but must not stand still for that long.
 */
const STATEMENT_TIMEOUT_MS = 7 * 86_400_000;
const IDLE_MS = 60_000;

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const MAX_ERROR_BYTES = 64 * 1024;

const FORMAT = 'fmt=parquet&compression_codec=zstd&compression_level=3&row_group_size=100000';

const timers = { setTimeout, clearTimeout: (timer: object) => clearTimeout(timer as NodeJS.Timeout) };

export interface ParquetExport {
  readonly sql: string;
  /** The statement, encoded for a URL. */
  readonly query: string;
  readonly signal?: AbortSignal | undefined;
}

/** Errors: as QuestDbHttp.exportParquet. */
export async function exportParquet(
  call: HttpCall,
  { query, signal, sql }: ParquetExport,
): Promise<Readable> {
  const leave = await places.enter(signal);
  try {
    for (let waitMs = FIRST_PAUSE_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_PAUSE_MS)) {
      const answer = await call.stream({
        path: `/exp?${FORMAT}&query=${query}`,
        headers: { 'statement-timeout': String(STATEMENT_TIMEOUT_MS) },
        idleMs: IDLE_MS,
        signal,
      });
      if (answer.status === 200 && answer.contentType.includes('parquet')) {
        answer.body.once('close', leave);
        return answer.body;
      }
      const body = await errorBody(answer);
      // Anything but a file is an error of the statement, or a page of another server.
      if (answer.status !== 429) {
        readExecAnswer({ ...answer, body, requestSent: true }, sql);
        throw new FxtapeError({
          code: 'QDB_BAD_ANSWER',
          message: `the server at the address of QuestDB answers an export with ${answer.contentType}`,
        });
      }
      await pauseOrThrow(timers, waitMs, signal);
    }
  } catch (error) {
    leave();
    throw error;
  }
}

async function errorBody({ body }: HttpStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes > MAX_ERROR_BYTES) break;
  }
  return Buffer.concat(parts);
}

/** A fixed number of places, given in the order in which they were asked for. */
class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /** Waits for a place; the result gives it back. Rejects with the signal's reason. */
  async enter(signal: AbortSignal | undefined): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn(signal);
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(turn), 1);
        reject(signal?.reason as Error);
      };
      const turn = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      this.#waiting.push(turn);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }
}

const places = new Places(EXPORTS_AT_ONCE);
