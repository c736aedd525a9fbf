// What was streamed as a trade becomes a deal: `/OrderHistory` around the range is read until every deal of it is there. In: a range and the
// deals' numbers. Out: rows of `deals`. The streamed frame itself, complete or degraded, never is one.
import type { Payload } from '@fxtape/jobs';
import { FxtapeError } from '@fxtape/ops';
import type { SyncContext, SyncOutcome } from './sync-context.ts';
import { syncDeals } from './sync-deals.ts';

const AROUND_US = 60_000_000;
/** A platform that does not number its deals says so. */
const NO_NUMBER = '0';

/** @throws DEAL_NOT_YET, and as syncDeals. */
export async function reconcile(c: SyncContext, of: Payload<'reconcile'>): Promise<SyncOutcome> {
  const missing = new Set(of.dealIds.filter((id) => id !== NO_NUMBER));
  const outcome = await syncDeals(c, {
    range: { fromUs: Math.max(0, of.fromUs - AROUND_US), toUs: of.toUs + AROUND_US },
    claims: false,
    onRows: (rows) => {
      for (const row of rows) missing.delete(String(row.deal_id));
    },
  });
  if (missing.size > 0) throw notYet(of.account, [...missing]);
  return outcome;
}

const notYet = (account: string, dealIds: readonly string[]): FxtapeError =>
  new FxtapeError({
    code: 'DEAL_NOT_YET',
    kind: 'transient',
    message: `the history of "${account}" does not show these deals yet: ${dealIds.join(', ')}`,
    hint: 'Nothing: it is asked again within seconds, and the daily re-read finds what comes later',
    context: { account, dealIds },
  });
