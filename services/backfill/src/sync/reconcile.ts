// Reads history around streamed trades until their deals and positions are stored. In: a range and the numbers. Out: rows of `deals` and `positions`;
// streamed frames themselves never become rows. Trades that history does not show after a while get a gap that names them.
import { MINUTE_US } from '@fxtape/market';
import type { Payload } from '@fxtape/jobs';
import { FxtapeError } from '@fxtape/ops';
import { recordMissing } from './missing-trades.ts';
import type { SyncContext, SyncOutcome } from '../context/sync-context.ts';
import { syncTrades } from './sync-trades.ts';

const AROUND_US = MINUTE_US;
/** The number of deals on platforms that do not number them. */
const NO_NUMBER = '0';
/** A trade younger than this is waited for. */
const YOUNG_US = 120_000_000;

/** @throws DEAL_NOT_YET, and as syncTrades. */
export async function reconcile(c: SyncContext, of: Payload<'reconcile'>): Promise<SyncOutcome> {
  const range = { fromUs: Math.max(0, of.fromUs - AROUND_US), toUs: of.toUs + AROUND_US };
  const { account, parts, signal } = c;
  const deals = of.dealIds.filter((id) => id !== NO_NUMBER);
  // Without a number, the deals of the range are read.
  const outcomes: SyncOutcome[] = [];
  if (deals.length > 0 || of.positionIds.length === 0)
    outcomes.push(await syncTrades(c, 'deals', { range, claims: false }));
  if (of.positionIds.length > 0) outcomes.push(await syncTrades(c, 'positions', { range, claims: false }));
  const missing = [
    ...(await parts.trades.notStored('deals', of.account, deals, { signal })),
    ...(await parts.trades.notStored('positions', of.account, of.positionIds, { signal })),
  ];
  if (missing.length > 0) {
    if ((await account.nowUs(signal)) - of.toUs < YOUNG_US) throw notYet(of.account, missing);
    for (const stream of ['deals', 'positions'] as const) await recordMissing(c, stream, of);
  }
  const rows = outcomes.reduce((sum, outcome) => sum + outcome.rows, 0);
  return { rows, requests: c.requests(), covered: [], outcome: rows > 0 ? 'rows' : 'nothing_there' };
}

const notYet = (account: string, numbers: readonly string[]): FxtapeError =>
  new FxtapeError({
    code: 'DEAL_NOT_YET',
    message: `the history of "${account}" does not show these trades yet: ${numbers.join(', ')}`,
    context: { account, numbers },
  });
