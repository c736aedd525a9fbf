// How far a played day is, kept in a file over starts and crashes. In: where the day is, when it begins and at each orderly stop. Out: where it
// is now. The day goes on while nothing plays it, at the speed at which it was played and by the wall clock, so that one line written at the
// begin is enough to know after a kill -9 which rows were due and must never be made again.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { FxtapeError } from '@fxtape/ops';
import { z } from 'zod';

const mark = z.strictObject({
  /** Of the file of ticks. */
  sha256: z.string(),
  /** The day was here … */
  utcMs: z.number(),
  /** … when the wall clock showed this, … */
  wallMs: z.number(),
  /** … and went on at this speed until the end of the file, then in real time. */
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

  /** Where the day is by now, its last tick being at `lastUtcMs`; null when it was never begun. Throws SIMULATOR_DAY_INVALID. */
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
