// Deals of an account and range: fetched, compared, stored, covered. Used by `deals` jobs, by the reconciliation of streamed trades (which
// writes no coverage, because the terminal may not know the newest deals yet) and by the healing of deal gaps.
import { type DealRow, parseBrokerTime, type Range } from '@fxtape/market';
import { dealSource } from '../fetch/deal-source.ts';
import { storeDeals } from '../store/store-deals.ts';
import { accountKey, recordMissing } from './missing-trades.ts';
import { lookBack } from '../fetch/look-back.ts';
import type { SyncContext, SyncOutcome } from '../context/sync-context.ts';
import { syncRange } from './sync-range.ts';

/** The newest deals take a moment to reach the history. */
export const TRAIL_US = 60_000_000;

/** Errors: as syncBars, without those of symbols. */
export async function syncDeals(
  c: SyncContext,
  of: {
    readonly range: Range;
    readonly claims?: boolean;
    /** Also checks again where history begins. */
    readonly again?: boolean;
  },
): Promise<SyncOutcome> {
  const { account } = c;
  const claims = of.claims ?? true;
  const nowUs = await account.nowUs(c.signal);
  const toUs = claims ? Math.min(of.range.toUs, nowUs - TRAIL_US) : of.range.toUs;
  if (toUs <= of.range.fromUs) return { rows: 0, requests: 0, covered: [], outcome: 'nothing_there' };
  const range = { fromUs: of.range.fromUs, toUs };
  return syncRange<DealRow>(
    c,
    {
      source: dealSource(c, await lookBack(c, 'deals', range)),
      key: accountKey(c, 'deals'),
      kind: 'history_deal',
      claims,
      again: of.again ?? false,
      beforeClaim: (proved) => recordMissing(c, 'deals', proved),
      store: (page) => storeDeals(c, page),
      rangeOf: (raw) => momentOf(raw, 'time', c),
      provenToUs: async (page) => page.range.toUs,
      // An account may never have traded.
      noneAtAll: () => {},
    },
    range,
  );
}

/** The millisecond in which a row that cannot be stored would have stood. */
export function momentOf(raw: unknown, field: 'time' | 'closeTime', c: SyncContext): Range | null {
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
