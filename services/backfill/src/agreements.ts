// Whether an answer can be believed: right after first use a terminal is still loading, and answers less than there is. In: a digest per
// answer to the same question. Out: whether two in a row agreed, or how long to wait before asking once more. Kept per process; an
// answer of an earlier run of the same job counts as the one before.
import { createHash } from 'node:crypto';

interface Asked {
  digest: string;
  times: number;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
/** Questions that nobody came back to are forgotten beyond so many. */
const KEPT = 10_000;

export class Agreements {
  readonly #used = new Set<string>();
  readonly #asked = new Map<string, Asked>();
  readonly #concluded = new Map<string, { conclusion: string; sinceMs: number; lastMs: number }>();

  /** True until two answers about this stream agreed in this process. */
  isFirstUse(stream: string): boolean {
    return !this.#used.has(stream);
  }

  /**
   * For how long the same has been concluded about a topic, in milliseconds: 0 at first, after every other conclusion, and when the last
   * look lies longer ago than `forgetMs`. What is hardly ever made good again (a history that is not asked for any more) is concluded
   * twice, well apart.
   */
  heldFor(
    topic: string,
    conclusion: string,
    o: { readonly nowMs: number; readonly forgetMs: number },
  ): number {
    const before = this.#concluded.get(topic);
    const holds = before?.conclusion === conclusion && o.nowMs - before.lastMs <= o.forgetMs;
    const sinceMs = holds ? before.sinceMs : o.nowMs;
    this.#concluded.delete(topic);
    this.#concluded.set(topic, { conclusion, sinceMs, lastMs: o.nowMs });
    forgetOldest(this.#concluded);
    return o.nowMs - sinceMs;
  }

  /** Whatever was concluded about a topic counts no more. */
  forget(topic: string): void {
    this.#concluded.delete(topic);
  }

  /** Null: this answer agrees with the one before. Otherwise ask again after so many milliseconds. */
  answered(stream: string, question: string, digest: string): number | null {
    const name = `${stream}|${question}`;
    const before = this.#asked.get(name);
    if (before?.digest === digest) {
      this.#asked.delete(name);
      this.#used.add(stream);
      return null;
    }
    const times = (before?.times ?? 0) + 1;
    this.#asked.delete(name);
    this.#asked.set(name, { digest, times });
    forgetOldest(this.#asked);
    return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (times - 1));
  }
}

function forgetOldest(map: Map<string, unknown>): void {
  if (map.size > KEPT) map.delete(map.keys().next().value as string);
}

/**
 * Count and content of rows of one table, without the time at which they were seen. Answers are long: numbers are hashed as bytes, and of
 * other values only where they change from row to row.
 */
export function digestRows(rows: readonly object[]): string {
  const numbers: number[] = [];
  const others: string[] = [];
  const last = new Map<string, unknown>();
  for (const [index, row] of rows.entries()) {
    const values = row as Readonly<Record<string, unknown>>;
    for (const name in values) {
      if (name === 'ts_seen') continue;
      const value = values[name];
      if (typeof value === 'number') numbers.push(value);
      else if (index === 0 || value !== last.get(name)) {
        others.push(JSON.stringify([index, name, typeof value, String(value)]));
        last.set(name, value);
      }
    }
  }
  const hash = createHash('sha1').update(Float64Array.from(numbers)).update(others.join());
  return `${rows.length}:${hash.digest('base64')}`;
}
