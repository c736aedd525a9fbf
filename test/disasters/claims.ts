// What the history of a recording claims. In: the stream, a symbol where it has one. Out: the united ranges, and whether they hold a time.
import { type Range, subtract, unite } from '@fxtape/market';
import type { Recording } from '@fxtape/testkit';

export interface Claim {
  readonly stream: string;
  readonly symbol?: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export const claimed = async (recording: Recording, stream: string, symbol?: string): Promise<Range[]> => {
  const rows = await recording.sql(
    `SELECT cast(ts as long), cast(ts_to as long) FROM coverage WHERE source = 'history' AND stream = '${stream}'
     AND symbol ${symbol === undefined ? 'IS NULL' : `= '${symbol}'`}`,
  );
  return unite(rows.map(([from, to]) => ({ fromUs: Number(from), toUs: Number(to) })));
};

/** Seconds that are not claimed yet. */
export const unclaimedSeconds = async (recording: Recording, wanted: readonly Claim[]): Promise<number> => {
  let us = 0;
  for (const { stream, symbol, fromMs, toMs } of wanted) {
    const range = { fromUs: fromMs * 1000, toUs: toMs * 1000 };
    for (const left of subtract([range], await claimed(recording, stream, symbol)))
      us += left.toUs - left.fromUs;
  }
  return us / 1e6;
};
