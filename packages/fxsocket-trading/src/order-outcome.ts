// Derives the outcome of an order. In: the terminal's answer; old bridges send no `outcome`. Out: one of four outcomes, or null when the
// answer does not tell. Only 10008 and 10009 mean full success; "no changes" is a repeated request that changed nothing.

import type { WireOrderResult } from '@fxtape/fxsocket';
import { retcodeName, retcodes, type RetcodeName } from './retcodes.ts';

export const outcomes = ['applied', 'partial', 'no_change', 'rejected'] as const;
export type OrderOutcome = (typeof outcomes)[number];

export interface OrderResult extends Omit<WireOrderResult, 'outcome' | 'success'> {
  readonly outcome: OrderOutcome;
  /** Null when the MQL5 reference does not list the number. */
  readonly retcodeName: RetcodeName | null;
}

/** Null when neither `outcome` nor the retcode says what happened. */
export function readOrderResult({ success, outcome: word, ...rest }: WireOrderResult): OrderResult | null {
  const { retcode } = rest;
  const name = retcodeName(retcode);
  const outcome = word === undefined || word === null ? derived(retcode, success ?? null) : stated(word);
  return outcome === null ? null : { ...rest, outcome, retcodeName: name };
}

const stated = (word: string): OrderOutcome | null => outcomes.find((one) => one === word) ?? null;

function derived(retcode: number, success: boolean | null): OrderOutcome | null {
  switch (retcode) {
    case retcodes.DONE:
    case retcodes.PLACED:
      return 'applied';
    case retcodes.DONE_PARTIAL:
      return 'partial';
    case retcodes.NO_CHANGES:
      return 'no_change';
    default:
      if (success !== null) return success ? 'applied' : 'rejected';
      return retcodeName(retcode) === null ? null : 'rejected';
  }
}
