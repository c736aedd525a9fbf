// One stretch of past ticks from the gateway, wherever its answers are cut off. In: bounds in broker time, inclusive. Out: the wire's ticks
// in their order. An answer may end anywhere, even within a millisecond, so its end is never taken for the end of the ticks: the next
// request begins with the second of the last tick, and its answer for that second replaces the earlier one.
//
//   from ───────────── answer 1 ────────────┤ cut       to
//                                     └─ answer 2 from this second ───── nothing beyond what is known: the end
import { FxSocketError } from '@fxtape/fxsocket';
import { type BrokerMs, brokerMs, formatBrokerTime, parseBrokerTime } from '@fxtape/market';
import { noProgress } from '../fetch/history-errors.ts';
import type { Purpose } from '../context/numbers.ts';
import type { SyncContext } from '../context/sync-context.ts';

type Answer = Awaited<ReturnType<SyncContext['account']['rest']['quoteTicks']>>;
export type WireTickRow = Answer['rows'][number];

export interface TickPages {
  readonly rows: readonly WireTickRow[];
  readonly rejected: Answer['rejected'];
}

/** An answer shorter than this is not suspected of being cut. */
const SHORTEST_CUT = 5;

/** @throws HISTORY_CUT_WITHIN_MOMENT (terminal) when one answer has fewer ticks than one millisecond contains; FxSocketError. */
export async function tickPages(
  c: SyncContext,
  symbol: string,
  bounds: { readonly from: string; readonly to: string },
  purpose: Purpose,
): Promise<TickPages> {
  const ask = (from: string, why: Purpose): Promise<Answer> =>
    c.ask({ route: '/QuoteTicks', purpose: why }, (signal) =>
      c.account.rest.quoteTicks({ symbol, from, to: bounds.to }, { signal, retry: 'transport' }),
    );
  let page = await ask(bounds.from, purpose);
  const cut = (at: number): Error => {
    const last = wireTickMs(page.rows.at(-1) as WireTickRow);
    return noProgress(`ticks of ${symbol}`, c.account.rule.read(brokerMs(last), { fold: 1 }).ms * 1000, at);
  };
  let rows: WireTickRow[] = [...page.rows];
  const rejected = [...page.rejected];
  let stepMs = 1000;
  for (;;) {
    const last = page.rows.findLast((row) => Number.isFinite(wireTickMs(row)));
    if (last === undefined || page.rows.length < SHORTEST_CUT) return { rows, rejected };
    const from = floor(wireTickMs(last), stepMs);
    const known = rows.filter((row) => wireTickMs(row) >= from).length;
    const next = await ask(spell(from, stepMs), 'edge').catch((error: unknown) => {
      throw stepMs === 1 && isRefusal(error) ? cut(page.rows.length) : error;
    });
    if (next.rows.length <= known) {
      // The same again. It is the end, unless the answer contains only the unit that it begins with: then it may be cut there.
      const full = next.rows.length >= page.rows.length && next.rows.length >= SHORTEST_CUT;
      if (!full) return { rows, rejected };
      if (stepMs === 1) throw cut(next.rows.length);
      stepMs = 1;
      continue;
    }
    c.parts.numbers.truncated(c.account.account, 'ticks');
    rows = [...rows.filter((row) => wireTickMs(row) < from), ...next.rows];
    rejected.push(...next.rejected);
    page = next;
    stepMs = 1000;
  }
}

/** Broker time of a wire tick in milliseconds; NaN when it has none that can be read. */
export function wireTickMs(row: WireTickRow): number {
  if (typeof row.timeMsc === 'number') return row.timeMsc;
  return parseBrokerTime(row.time ?? '')?.ms ?? Number.NaN;
}

const floor = (ms: number, stepMs: number): BrokerMs => brokerMs(ms - (ms % stepMs));

const spell = (ms: BrokerMs, stepMs: number): string => formatBrokerTime(ms).slice(0, stepMs === 1 ? 23 : 19);

/** True if the bridge refuses the bounds or the route, which repeating cannot change. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof FxSocketError && ['FXSOCKET_VALIDATION', 'FXSOCKET_NOT_FOUND'].includes(error.code);
