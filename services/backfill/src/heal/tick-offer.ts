// That an account's bridge offers no past ticks is a fact of the account, recorded once: a row of `history_limits` for all symbols, without
// a beginning. Planning then checks once a day whether that still holds. In: what was found out. Out: a row, if the newest one says
// otherwise.
import { limitOf } from '../fetch/limits.ts';
import type { HealContext } from './heal-context.ts';

const NOT_OFFERED = '"offered":false';

export async function recordTickOffer(
  h: HealContext,
  offer: { readonly offered: boolean; readonly reason: string; readonly detail?: string },
): Promise<void> {
  const { account, feed } = h.account;
  const { stamps, writer } = h.parts;
  const key = { account, feed, symbol: null, stream: 'ticks', timeframe: null };
  const known = await limitOf(h, key);
  const isTold = !(known?.evidence ?? '').includes(NOT_OFFERED);
  if (isTold === offer.offered) return;
  const ts = stamps.next('history_limits', known?.ts ?? 0);
  const row = { ts, ...key, ts_earliest: null, evidence: JSON.stringify(offer) };
  await writer.write({ history_limits: [row] }, { signal: h.signal });
}
