// One Parquet export. In: a statement. Out: the file as a stream, or what QuestDB says against the statement. QuestDB allows as many
// exports at once as it has cores and answers 429 to one more, so a process has at most two, and asks again for a place that others have
// taken.
import type { Readable } from 'node:stream';
import { FxtapeError, pauseOrThrow } from '@fxtape/ops';
import { readExecAnswer } from './exec-answer.ts';
import type { HttpCall, HttpStream } from './http-call.ts';

export const EXPORTS_AT_ONCE = 2;

/**
 * The time that a slow reader takes counts against the statement, and so QuestDB would cut the file off after five minutes: a week. While
 * the reader waits, silence is noticed by ourselves. One limit stays: QuestDB closes a connection over which it could send nothing for five
 * minutes (`http.net.connection.timeout`), so a reader may be slow but must not stand still for so long.
 */
const STATEMENT_TIMEOUT_MS = 7 * 86_400_000;
const IDLE_MS = 60_000;

const AGAIN_MS = 250;
const AGAIN_MOST_MS = 5_000;
const MAX_COMPLAINT_BYTES = 64 * 1024;

const FORM = 'fmt=parquet&compression_codec=zstd&compression_level=3&row_group_size=100000';

const timers = { setTimeout, clearTimeout: (timer: object) => clearTimeout(timer as NodeJS.Timeout) };

export interface ParquetExport {
  readonly sql: string;
  /** The statement as it stands in a URL. */
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
    for (let waitMs = AGAIN_MS; ; waitMs = Math.min(waitMs * 2, AGAIN_MOST_MS)) {
      const answer = await call.stream({
        path: `/exp?${FORM}&query=${query}`,
        headers: { 'statement-timeout': String(STATEMENT_TIMEOUT_MS) },
        idleMs: IDLE_MS,
        signal,
      });
      if (answer.status === 200 && answer.contentType.includes('parquet')) {
        answer.body.once('close', leave);
        return answer.body;
      }
      const body = await complaint(answer);
      // Anything else than a file: an error of the statement, or a page of another server.
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

async function complaint({ body }: HttpStream): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of body as AsyncIterable<Buffer>) {
    parts.push(part);
    bytes += part.length;
    if (bytes > MAX_COMPLAINT_BYTES) break;
  }
  return Buffer.concat(parts);
}

/** Who asks first comes first. */
class Places {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  /** A place, and how to leave it. Rejects with the signal's reason. */
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
