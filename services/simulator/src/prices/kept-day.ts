// Stores the progress of a played day across starts and crashes. In: the position of the day at its start and at each orderly stop. Out: its position
// now. The day continues by the wall clock, at the speed at which it was played, while nothing plays it. One line written at the start is therefore
// enough to know after a SIGKILL which rows were due and must not be made again.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
import { z } from 'zod';

const mark = z.strictObject({
  /** Digest of the tick file. */
  sha256: z.string(),
  /** Position of the day … */
  utcMs: z.number(),
  /** … at this wall-clock time. */
  wallMs: z.number(),
  /** Its speed until the end of the file; after that it runs in real time. */
  speed: z.number().positive(),
});

export class KeptDay {
  readonly #path: string;
  readonly #sha256: string;
  readonly #wallMs: () => number;

  constructor(path: string, options: { sha256: string; wallMs: () => number }) {
    this.#path = path;
    this.#sha256 = options.sha256;
    this.#wallMs = options.wallMs;
  }

  /** The position of the day now; its last tick is at `lastUtcMs`. Null when it never began. Throws SIMULATOR_DAY_INVALID. */
  nowUtcMs(lastUtcMs: number): number | null {
    const kept = this.#read();
    if (kept === null) return null;
    const elapsedMs = Math.max(0, this.#wallMs() - kept.wallMs);
    const leftMs = Math.max(0, lastUtcMs - kept.utcMs) / kept.speed;
    return elapsedMs <= leftMs
      ? kept.utcMs + elapsedMs * kept.speed
      : Math.max(kept.utcMs, lastUtcMs) + elapsedMs - leftMs;
  }

  save(utcMs: number, speed: number): void {
    const text = JSON.stringify({ sha256: this.#sha256, utcMs, wallMs: this.#wallMs(), speed });
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(`${this.#path}.partial`, `${text}\n`, { flush: true });
    renameSync(`${this.#path}.partial`, this.#path);
  }

  #read(): z.output<typeof mark> | null {
    let text: string;
    try {
      text = readFileSync(this.#path, 'utf8');
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw this.#invalid((cause as Error).message, cause);
    }
    try {
      const kept = mark.parse(JSON.parse(text));
      if (kept.sha256 === this.#sha256) return kept;
    } catch (cause) {
      throw this.#invalid('it is not what the simulator wrote', cause);
    }
    throw this.#invalid('it belongs to another tick file');
  }

  #invalid(what: string, cause?: unknown): FxtapeError {
    return new FxtapeError({
      code: 'SIMULATOR_DAY_INVALID',
      message: `${this.#path} does not say how far the tick file was played: ${what}`,
      context: { path: this.#path },
      cause,
    });
  }
}
