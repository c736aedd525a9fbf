// Deals or closed positions of an account and range: fetched, compared, stored, covered. In: the stream and the range. Out: how many rows
// changed, and what is covered. Used by `deals` and `positions` jobs, by the healing of their gaps, and by the reconciliation of streamed
// trades, which writes no coverage because the terminal may not know the newest trades yet.
import { type DealRow, MINUTE_US, parseBrokerTime, type PositionRow, type Range } from '@fxtape/market';
import type { TradeStream } from '@fxtape/questdb';
import type { SyncContext, SyncOutcome } from '../context/sync-context.ts';
import { dealSource, positionSource } from '../fetch/account-source.ts';
import { storeDeals } from '../store/store-deals.ts';
import { storePositions } from '../store/store-positions.ts';
import { accountKey, recordMissing } from './missing-trades.ts';
import { syncRange } from './sync-range.ts';

/** The newest trades take a moment to reach the history. */
const TRAIL_US = MINUTE_US;

/** Errors: as syncBars, without those of symbols. */
export async function syncTrades(
  c: SyncContext,
  stream: TradeStream,
  of: {
    readonly range: Range;
    readonly claims?: boolean;
    /** Also checks again where history begins. */
    readonly again?: boolean;
  },
): Promise<SyncOutcome> {
  const claims = of.claims ?? true;
  const nowUs = await c.account.nowUs(c.signal);
  const toUs = claims ? Math.min(of.range.toUs, nowUs - TRAIL_US) : of.range.toUs;
  if (toUs <= of.range.fromUs) return { rows: 0, requests: 0, covered: [], outcome: 'nothing_there' };
  const range = { fromUs: of.range.fromUs, toUs };
  const rules = {
    key: accountKey(c, stream),
    claims,
    again: of.again ?? false,
    beforeClaim: (proved: Range) => recordMissing(c, stream, proved),
    provenToUs: async (page: { readonly range: Range }) => page.range.toUs,
    // An account may never have traded.
    noneAtAll: () => {},
  };
  if (stream === 'deals')
    return syncRange<DealRow>(
      c,
      {
        ...rules,
        source: await dealSource(c, range),
        kind: 'history_deal',
        store: (page) => storeDeals(c, page),
        rangeOf: (raw) => momentOf(raw, 'time', c),
      },
      range,
    );
  const source = await positionSource(c, range);
  return syncRange<PositionRow>(
    c,
    {
      ...rules,
      source,
      kind: 'history_position',
      store: (page) => storePositions(c, source, page),
      rangeOf: (raw) => momentOf(raw, 'closeTime', c),
    },
    range,
  );
}

/** Where a row that cannot be stored would have stood: its millisecond or second, in both folds of a repeated hour. */
function momentOf(raw: unknown, field: 'time' | 'closeTime', c: SyncContext): Range | null {
  const facts = raw as Record<string, unknown> | null;
  const stored = field === 'time' ? facts?.['ts'] : facts?.['ts_close'];
  if (typeof stored === 'number') return { fromUs: stored, toUs: stored + 1000 };
  const text = facts?.[field];
  const time = typeof text === 'string' ? parseBrokerTime(text) : null;
  if (time === null) return null;
  const fromUs = c.account.rule.read(time.ms, { fold: 1 }).ms * 1000;
  const toUs = c.account.rule.read(time.ms, { fold: 2 }).ms * 1000 + time.resolutionMs * 1000;
  return { fromUs, toUs };
}
