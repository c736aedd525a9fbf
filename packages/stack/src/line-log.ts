// What an engine printed. In: chunks of its output. Out: its last lines for error messages, and a file of bounded size: at the limit
// it becomes `<file>.1` and a new one begins, so that an engine that complains for months fills no disk.
import { appendFileSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const KEPT_LINES = 200;
const FILE_BYTES = 4 * 1024 * 1024;

export class LineLog {
  readonly file: string;
  readonly #lines: string[] = [];
  #rest = '';
  #bytes = 0;

  constructor(file: string) {
    this.file = file;
    mkdirSync(dirname(file), { recursive: true });
    this.#bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Takes output as it comes; lines may be cut anywhere. */
  write(text: string): void {
    this.#toFile(text);
    const lines = (this.#rest + text).split('\n');
    this.#rest = (lines.pop() ?? '').slice(-10_000);
    this.#lines.push(...lines);
    this.#lines.splice(0, Math.max(0, this.#lines.length - KEPT_LINES));
  }

  /** The last `count` lines, oldest first; an unfinished one is the last. */
  last(count: number): string[] {
    return [...this.#lines, this.#rest].filter((line) => line.trim() !== '').slice(-count);
  }

  #toFile(text: string): void {
    try {
      if (this.#bytes > FILE_BYTES) {
        rmSync(`${this.file}.1`, { force: true });
        renameSync(this.file, `${this.file}.1`);
        this.#bytes = 0;
      }
      this.#bytes += Buffer.byteLength(text);
      appendFileSync(this.file, text);
    } catch (error) {
      // A full disk must not end the recorder. The lines in memory stay.
      if (!isDiskTrouble(error)) throw error;
    }
  }
}

function isDiskTrouble(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === 'ENOSPC' || code === 'EDQUOT' || code === 'EIO' || code === 'ENOENT';
}
