// Closed round trips of an account and range: fetched, compared, stored, covered.
import type { PositionRow, Range } from '@fxtape/market';
import { lookBack } from '../fetch/look-back.ts';
import { accountKey, recordMissing } from './missing-trades.ts';
import { positionSource } from '../fetch/position-source.ts';
import { storePositions } from '../store/store-positions.ts';
import { momentOf, TRAIL_US } from './sync-deals.ts';
import type { SyncContext, SyncOutcome } from '../context/sync-context.ts';
import { syncRange } from './sync-range.ts';

/** Errors: as syncDeals. */
export async function syncPositions(
  c: SyncContext,
  of: { readonly range: Range; readonly claims?: boolean; readonly again?: boolean },
): Promise<SyncOutcome> {
  const claims = of.claims ?? true;
  const nowUs = await c.account.nowUs(c.signal);
  const toUs = claims ? Math.min(of.range.toUs, nowUs - TRAIL_US) : of.range.toUs;
  if (toUs <= of.range.fromUs) return { rows: 0, requests: 0, covered: [], outcome: 'nothing_there' };
  const range = { fromUs: of.range.fromUs, toUs };
  const source = positionSource(c, await lookBack(c, 'positions', range));
  return syncRange<PositionRow>(
    c,
    {
      source,
      key: accountKey(c, 'positions'),
      kind: 'history_position',
      claims,
      again: of.again ?? false,
      beforeClaim: (proved) => recordMissing(c, 'positions', proved),
      store: (page) => storePositions(c, source, page),
      rangeOf: (raw) => momentOf(raw, 'closeTime', c),
      provenToUs: async (page) => page.range.toUs,
      // An account may never have closed a position.
      noneAtAll: () => {},
    },
    range,
  );
}
