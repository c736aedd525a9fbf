// Whether an answer can be trusted: a terminal that is still loading returns less than there is. In: a digest of each answer to the same request.
// Out: whether two consecutive answers are equal, or how long to wait before the next request. Kept per process; an answer to an earlier run of the
// same job counts.
import { createHash } from 'node:crypto';

interface Asked {
  digest: string;
  times: number;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 30_000;
/** How many requests are remembered; beyond this, the oldest are dropped. */
const KEPT = 10_000;

export class Agreements {
  readonly #used = new Set<string>();
  readonly #asked = new Map<string, Asked>();
  readonly #concluded = new Map<string, { conclusion: string; sinceMs: number; lastMs: number }>();

  /** True until two answers about this stream have agreed in this process. */
  isFirstUse(stream: string): boolean {
    return !this.#used.has(stream);
  }

  /**
   * How long the same conclusion about a topic has held, in milliseconds. 0 at first, after another conclusion, and if the last check is older
   * than `forgetMs`. For conclusions that are rarely checked again, and therefore need two checks well apart.
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

  /** Forgets every conclusion about a topic. */
  forget(topic: string): void {
    this.#concluded.delete(topic);
  }

  /** Null: this answer agrees with the one before. Otherwise: ask again after this many milliseconds. */
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
 * Number and content of one table's rows, without the time at which they were seen. Answers are long: numbers are hashed as bytes, other
 * values only where they change from row to row.
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
