// That the bridge of an account offers no past ticks is a fact of the account, told once: a row of `history_limits` for all symbols, without a
// beginning. Planning then asks once a day whether it still is so. In: what was found out. Out: a row where the newest says otherwise.
import type { HealContext } from './heal-context.ts';

const told = (evidence: string | null | undefined): boolean => !(evidence ?? '').includes('"offered":false');

export async function recordTickOffer(
  h: HealContext,
  offer: { readonly offered: boolean; readonly reason: string; readonly detail?: string },
): Promise<void> {
  const { account, feed } = h.account;
  const { reader, stamps, writer } = h.parts;
  const key = { account, feed, symbol: null, stream: 'ticks', timeframe: null };
  const known = (await reader.historyLimits(account, { signal: h.signal })).find(
    (row) => row.stream === 'ticks' && (row.symbol ?? null) === null && (row.feed ?? null) === feed,
  );
  if (told(known?.evidence) === offer.offered) return;
  const row = { ts: stamps.next('history_limits', known?.ts ?? 0), ...key, ts_earliest: null };
  await writer.write({ history_limits: [{ ...row, evidence: JSON.stringify(offer) }] }, { signal: h.signal });
}
