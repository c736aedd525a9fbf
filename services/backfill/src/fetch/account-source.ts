// An account's history as a source of pages: what deals and closed positions have in common. In: the route, and how its rows become table
// rows. Out: answers for a range, plus what stands before it (look-back.ts) if that was asked for too.
import { brokerRange, type HistoryRows, type Range } from '@fxtape/market';
import { ACCOUNT_LIMITS, memoryKeyOf } from './account-limits.ts';
import type { LookBack } from './look-back.ts';
import { isTooMuch } from './history-errors.ts';
import type { HistoryAnswer, HistorySource } from './history-source.ts';
import type { Purpose } from '../context/numbers.ts';
import { type HistoryCallOptions, readHistory } from './read-history.ts';
import type { SyncContext } from '../context/sync-context.ts';

export interface AccountHistory<W, R> {
  readonly stream: 'deals' | 'positions';
  /** For people. */
  readonly name: string;
  readonly route: string;
  readonly ask: (
    bounds: { readonly from: string; readonly to: string },
    options: HistoryCallOptions,
  ) => Promise<{ readonly rows: readonly W[]; readonly rejected: HistoryAnswer<R>['rejected'] }>;
  readonly rowsOf: (answer: readonly W[], seenUs: number) => HistoryRows<R>;
  /** The time by which the gateway selects rows. */
  readonly atUs: (row: R) => number;
  /** Two rows with the same id are the same row. */
  readonly idOf: (row: R) => string;
  /** The number that identifies a row across answers. */
  readonly numberOf: (row: R) => string;
}

export function accountSource<W, R>(
  c: SyncContext,
  of: AccountHistory<W, R>,
  back: LookBack | null,
): HistorySource<R> {
  const { account, parts } = c;
  const { atUs, route } = of;
  const what = `${of.name} of ${account.account}`;
  const ask = async (range: Range, purpose: Purpose, beyond: LookBack | null): Promise<HistoryAnswer<R>> => {
    const asked = beyond === null ? range : { ...range, fromUs: beyond.fromUs };
    const anchorId = beyond?.anchorId ?? null;
    const question = { route, what, symbol: null, range, purpose };
    const answer = await readHistory(c, question, (options) =>
      of.ask(brokerRange(asked, account.rule), options),
    );
    const read = of.rowsOf(answer.rows, parts.clock.nowUs());
    const isInside = (row: R): boolean => atUs(row) >= range.fromUs && atUs(row) < range.toUs;
    return {
      range,
      rows: read.rows.filter(isInside).toSorted((a, b) => atUs(a) - atUs(b)),
      beside: read.rows.filter((row) => !isInside(row)),
      size: answer.rows.length + answer.rejected.length,
      rejected: [...answer.rejected, ...read.rejected],
      incomplete: read.incomplete,
      ambiguous: read.ambiguous,
      openFromUs: null,
      anchored: anchorId === null ? null : read.rows.some((row) => of.numberOf(row) === anchorId),
    };
  };
  return {
    what,
    memoryKey: memoryKeyOf(c, of.stream),
    streamKey: memoryKeyOf(c, of.stream),
    route,
    limits: ACCOUNT_LIMITS,
    atUs,
    idOf: of.idOf,
    headIsTight: (fromUs, firstUs) => fromUs === firstUs,
    // More rows may share the moment of the last one.
    tailIsTight: () => false,
    read: async (range, purpose) => {
      const isToBelieve = purpose === 'read' || purpose === 'agreement';
      if (back === null || !isToBelieve) return ask(range, purpose, null);
      try {
        return await ask(range, purpose, back);
      } catch (error) {
        if (!isTooMuch(error) || c.signal.aborted) throw error;
        return ask(range, purpose, null);
      }
    },
  };
}
