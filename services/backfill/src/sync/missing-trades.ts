// Trades known by number that history does not show: streamed deals, and positions closed by a deal. Coverage of their range would hide them, so a gap
// with cause `undercount` that names them is written first; it is healed by number. In: a stream and a range. Out: the gaps, applied. Trades named by
// an existing gap get no second one.
import { historyGapId, type Range } from '@fxtape/market';
import type { StreamKeyOf, TradeNumber, TradeStream } from '@fxtape/questdb';
import { openedGap } from '../store/gap-rows.ts';
import type { SyncContext } from '../context/sync-context.ts';

/** The most numbers in one gap. */
const AT_ONCE = 500;
const MOMENT_US = 1000;

export const accountKey = (c: SyncContext, stream: TradeStream): StreamKeyOf => ({
  account: c.account.account,
  feed: null,
  symbol: null,
  stream,
  timeframe: null,
});

/** Returns how many there are. */
export async function recordMissing(c: SyncContext, stream: TradeStream, range: Range): Promise<number> {
  const { clock, historyGaps, log, stamps, trades, writer } = c.parts;
  const key = accountKey(c, stream);
  const missing = await trades.missing(stream, key.account, range, { signal: c.signal });
  for (let from = 0; from < missing.length; from += AT_ONCE) {
    const some = missing.slice(from, from + AT_ONCE);
    const [first, last] = [some[0] as TradeNumber, some.at(-1) as TradeNumber];
    const of = { fromUs: first.atUs, toUs: last.atUs + MOMENT_US };
    const known = await historyGaps.known(key.account, historyGapId(key, of, 'undercount'), c.signal);
    const evidence = {
      reason: 'not_in_history',
      numbers: some.map(({ id }) => id),
      since_us: clock.nowUs(),
    };
    const afterUs = known?.ts_updated ?? 0;
    const gap = {
      ...openedGap(stamps, { key, range: of, cause: 'undercount', evidence, afterUs }),
      missing_estimate: some.length,
    };
    await writer.write({ gap_events: [gap] }, { signal: c.signal });
    historyGaps.changed(key.account);
    log.info(
      { stream, trades: some.length, ...of },
      'history does not show some known trades; a gap names them',
    );
  }
  return missing.length;
}
