// What the database knows of an account whose tape is new, or of a feed that another account recorded until now: where coverage ended, which
// gaps were left open, the last tick of each symbol, and the last receive time. In: the reader, which refuses while tables lag. Out: what a
// new tape starts from, so that no tick is stored twice and the time without a tape is a gap.
import {
  type ConfiguredStream,
  type KnownTick,
  type LiveCause,
  type StreamKey,
  streamId,
} from '@fxtape/market';
import type { Reader } from '@fxtape/questdb';
import { addNewer, knownTicks } from '../feed/last-of-feed.ts';

const TOGETHER_US = 3_600_000_000;

export interface Remembered {
  readonly floorUs: number | null;
  /** Symbols that the lost tape recorded to its end. */
  readonly symbols: readonly string[];
  /** The streams with what the database holds of each. */
  readonly configured: (streams: readonly StreamKey[]) => ConfiguredStream[];
}

/** Errors: QDB_SUSPENDED, QDB_NOT_APPLIED and those of the transport, all transient. */
export const recall = async (
  reader: Reader,
  {
    account,
    feed,
    others,
    tapes,
  }: {
    readonly account: string;
    readonly feed: string | null;
    /** Last ticks of the feed on tapes of other accounts, which the database may not have yet. */
    readonly others: ReadonlyMap<string, KnownTick>;
    /** Accounts whose tapes are here: they end their own gaps, so no other tape carries those on. */
    readonly tapes: ReadonlySet<string>;
  },
  signal: AbortSignal,
): Promise<Remembered> => {
  const options = { signal, waitMs: 10_000 };
  const latest = feed === null ? new Map<string, never>() : await reader.latestTicks(feed, options);
  const floorUs = await reader.maxTsRecv({ account, ...(feed === null ? {} : { feed }), ...options });
  const coverage = await reader.accountedTo({ account, feed }, options);
  const gaps = await reader.gaps({ account, feed, openOnly: true, ...options });
  // What another feed of this account's past says is not this feed's.
  const own = (row: { feed: string | null; symbol: string | null }) =>
    row.symbol === null || row.feed === feed;
  const covered = coverage.filter(own);
  const ends = new Map(covered.map((end) => [streamId(end as StreamKey), end.ts_to]));
  const open = new Map(
    gaps.filter((gap) => gap.ts_to === null && own(gap)).map((gap) => [streamId(gap as StreamKey), gap]),
  );
  const known = new Map(knownTicks(latest));
  addNewer(known, others);
  const configured = (streams: readonly StreamKey[]): ConfiguredStream[] =>
    streams.map((key) => {
      const gap = open.get(streamId(key));
      const fromUs = gap?.ts_from ?? null;
      const isTheirs = gap !== undefined && gap.account !== account && tapes.has(gap.account ?? '');
      const carried =
        gap === undefined || gap.ts_from === null || isTheirs
          ? null
          : {
              id: gap.gap_id,
              outageId: gap.outage_id ?? gap.gap_id,
              cause: gap.cause as LiveCause,
              fromUs: gap.ts_from,
            };
      const lastTick = key.stream === 'ticks' && key.symbol !== null ? known.get(key.symbol) : undefined;
      const endUs = ends.get(streamId(key)) ?? null;
      const coveredToUs = isTheirs && fromUs !== null ? Math.min(endUs ?? fromUs, fromUs) : endUs;
      return { ...key, coveredToUs, openGap: carried, lastTick };
    });
  // Symbols of one feed are covered together: what ended long before the others was taken out of the configuration, or its symbol is gone.
  const ofSymbols = covered.filter(({ symbol }) => symbol !== null);
  const lastUs = Math.max(0, ...ofSymbols.map(({ ts_to: endUs }) => endUs));
  const recent = ofSymbols.filter(({ ts_to: endUs }) => endUs > lastUs - TOGETHER_US);
  const symbols = new Set([...recent, ...open.values()].flatMap(({ symbol }) => symbol ?? []));
  return { floorUs, symbols: [...symbols], configured };
};
