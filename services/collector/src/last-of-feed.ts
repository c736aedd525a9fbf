// The last tick of each symbol of a feed on the tapes of other accounts that recorded it here: after a rename, or when another account
// takes over the feed, those tapes may have lines that are not yet in the database. In: the folder of all tapes. Out: ticks.
import type { ConfiguredStream, KnownTick, LastTicks, StreamKey } from '@fxtape/market';
import type { Log } from '@fxtape/ops';
import { listTapes } from '@fxtape/tape';
import { join } from 'node:path';
import { remembering } from './tape-memory.ts';

/** @throws TAPE_IO: the folder cannot be read, so it is unknown whose tapes are in it. */
export const lastOfFeed = async (
  tapes: string,
  of: { readonly feed: string; readonly but: string },
  log: Pick<Log, 'warn'>,
): Promise<Map<string, KnownTick>> => {
  const newest = new Map<string, KnownTick>();
  for (const name of await listTapes(tapes)) {
    if (name === of.but) continue;
    try {
      const memory = await remembering(name, join(tapes, name));
      addNewer(newest, memory.lastOf(of.feed));
    } catch (error) {
      log.warn({ err: error, tape: name }, 'the tape of another account cannot be read');
    }
  }
  return newest;
};

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
