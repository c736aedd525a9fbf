// The open gaps that reading history opened, by stream. They are read for each claim and change rarely, so one query per account is cached for some
// seconds. A gap that another process opens meanwhile is healed by its own job.
import type { Clock } from '@fxtape/ops';
import type { GapRow, Reader, StreamKeyOf } from '@fxtape/questdb';

const KEEP_MS = 10_000;
const OURS = new Set(['refused', 'rejected']);

interface Cached {
  readonly account: string;
  readonly gaps: Promise<readonly GapRow[]>;
  readonly untilMs: number;
}

export class HistoryGaps {
  readonly #reader: Pick<Reader, 'gaps'>;
  readonly #clock: Pick<Clock, 'monoMs'>;
  readonly #cached = new Map<string, Cached>();

  constructor(options: { reader: Pick<Reader, 'gaps'>; clock: Pick<Clock, 'monoMs'> }) {
    this.#reader = options.reader;
    this.#clock = options.clock;
  }

  /** Open gaps of exactly this stream. @throws as Reader.gaps. */
  async open(key: StreamKeyOf, signal: AbortSignal): Promise<readonly GapRow[]> {
    const gaps = await this.#allOpen(key);
    signal.throwIfAborted();
    return gaps.filter((gap) => isOf(gap, key));
  }

  /** A gap in any state; null if it was never opened. @throws as Reader.gaps. */
  async known(account: string, gapId: string, signal: AbortSignal): Promise<GapRow | null> {
    const found = await this.#reader.gaps({ account, signal });
    return found.find((gap) => gap.gap_id === gapId) ?? null;
  }

  /** Ids of gaps of this stream that are not healed and whose evidence names this row. @throws as Reader.gaps. */
  async setAside(key: StreamKeyOf, digest: string, signal: AbortSignal): Promise<string[]> {
    const found = await this.#reader.gaps({ account: key.account, signal });
    return found
      .filter(
        (gap) =>
          isOf(gap, key) &&
          gap.cause === 'rejected' &&
          gap.state !== 'healed' &&
          gap.evidence?.includes(digest) === true,
      )
      .map((gap) => gap.gap_id);
  }

  /** Drops the cache of an account after a row of `gap_events` was written. */
  changed(account: string): void {
    for (const [name, cached] of this.#cached) if (cached.account === account) this.#cached.delete(name);
  }

  #allOpen({ account, feed }: StreamKeyOf): Promise<readonly GapRow[]> {
    const name = `${account}|${feed ?? ''}`;
    const known = this.#cached.get(name);
    if (known !== undefined && this.#clock.monoMs() < known.untilMs) return known.gaps;
    const gaps = this.#reader
      .gaps({ account, feed, openOnly: true })
      .then((all) => all.filter((gap) => gap.ts_to !== null && OURS.has(gap.cause ?? '')));
    this.#cached.set(name, { account, gaps, untilMs: this.#clock.monoMs() + KEEP_MS });
    gaps.catch(() => this.#cached.delete(name));
    return gaps;
  }
}

const isOf = (gap: GapRow, key: StreamKeyOf): boolean =>
  gap.stream === key.stream &&
  gap.feed === key.feed &&
  gap.symbol === key.symbol &&
  gap.timeframe === key.timeframe;
