// The last tick of each symbol of a feed, whoever recorded it: the next snapshot restates that tick and must not become a second row. In: the
// folder of all tapes, which may have lines that are not yet in the database, and for symbols that join a feed the database. Out: ticks.
import {
  brokerMs,
  type ConfiguredStream,
  type KnownTick,
  type LastTicks,
  type StreamKey,
} from '@fxtape/market';
import type { Log } from '@fxtape/ops';
import type { LatestTick, Reader } from '@fxtape/questdb';
import { listTapes } from '@fxtape/tape';
import { dirname, join } from 'node:path';
import { remembering, type TapeMemory } from '../tape/tape-memory.ts';

const ASK_MS = 5000;

/** What the tapes that recorded a feed before hold of it. */
export interface OfOthers {
  /** The last tick of each symbol. */
  readonly ticks: Map<string, KnownTick>;
  /** Receive time of the newest tick, microseconds; 0: they have none. */
  readonly tickedUs: number;
}

export const nobody = (): OfOthers => ({ ticks: new Map(), tickedUs: 0 });

/** @throws TAPE_IO: the folder cannot be read, so it is unknown whose tapes are in it. */
export const lastOfFeed = async (
  tapes: string,
  of: {
    readonly feed: string;
    readonly but: string;
    /** The tape that comes back to the feed: the database may lack what it has. */
    readonly own?: Pick<TapeMemory, 'lastOf'>;
  },
  log: Pick<Log, 'warn'>,
): Promise<OfOthers> => {
  const { ticks } = nobody();
  addNewer(ticks, of.own?.lastOf(of.feed) ?? []);
  let tickedUs = 0;
  for (const name of await listTapes(tapes)) {
    if (name === of.but) continue;
    try {
      const memory = await remembering(name, join(tapes, name));
      addNewer(ticks, memory.lastOf(of.feed));
      tickedUs = Math.max(tickedUs, memory.tickedUs(of.feed));
    } catch (error) {
      log.warn({ err: error, tape: name }, 'the tape of another account cannot be read');
    }
  }
  return { ticks, tickedUs };
};

/** What rows of `ticks` say, as a snapshot restates it. */
export const knownTicks = (rows: ReadonlyMap<string, LatestTick>): [string, KnownTick][] =>
  [...rows].flatMap(
    ([symbol, { ask, bid, last, ts, utc_offset_s: offsetS, volume }]): [string, KnownTick][] => {
      if (bid === null || ask === null || offsetS === null) return [];
      return [[symbol, { ms: brokerMs(Math.round(ts / 1000) + offsetS * 1000), bid, ask, last, volume }]];
    },
  );

/** Of two ticks of a symbol the newer one is what its gateway states next. */
export const addNewer = (
  newest: Map<string, KnownTick>,
  ticks: Iterable<readonly [string, KnownTick]>,
): void => {
  for (const [symbol, { ask, bid, last, ms, volume }] of ticks)
    if (ms >= (newest.get(symbol)?.ms ?? Number.NEGATIVE_INFINITY))
      newest.set(symbol, { ask, bid, last, ms, volume });
};

/** The streams of a tape that goes on, with what others have seen of them since. */
export const goingOn =
  (others: ReadonlyMap<string, KnownTick>, own: Pick<LastTicks, 'of'>) =>
  (streams: readonly StreamKey[]): ConfiguredStream[] =>
    streams.map((key) => {
      const lastTick = key.stream === 'ticks' && key.symbol !== null ? others.get(key.symbol) : undefined;
      const ownMs = own.of(key.symbol ?? '')?.ms ?? Number.NEGATIVE_INFINITY;
      return lastTick !== undefined && lastTick.ms > ownMs ? { ...key, lastTick } : key;
    });

/**
 * The streams of a feed that is recorded already, with what others have seen of them. Symbols that join it may have been recorded by another
 * account before. What cannot be asked now is left out, because waiting would cost more ticks than the one that may then stand twice.
 */
export const withLastTicks = async (
  o: {
    readonly reader: Pick<Reader, 'latestTicks'>;
    readonly dir: string;
    readonly feed: string | null;
    readonly account: string;
    /** Ticks on tapes of other accounts; null: only symbols that join need be looked up. */
    readonly others: ReadonlyMap<string, KnownTick> | null;
    readonly log: Pick<Log, 'warn'>;
    readonly signal: AbortSignal;
  },
  own: { readonly symbols: readonly string[]; readonly last: Pick<LastTicks, 'of'> },
  streams: readonly StreamKey[],
): Promise<ConfiguredStream[]> => {
  const { account, dir, feed, log, others, reader, signal } = o;
  if (others !== null) return goingOn(others, own.last)(streams);
  const recorded = new Set(own.symbols);
  if (feed === null || streams.every(({ symbol }) => symbol === null || recorded.has(symbol)))
    return [...streams];
  const known = new Map<string, KnownTick>();
  try {
    addNewer(known, (await lastOfFeed(dirname(dir), { feed, but: account }, log)).ticks);
    const until = AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]);
    addNewer(known, knownTicks(await reader.latestTicks(feed, { waitMs: ASK_MS, signal: until })));
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error, feed }, 'cannot look up the last ticks of new symbols');
  }
  return goingOn(known, own.last)(streams);
};
