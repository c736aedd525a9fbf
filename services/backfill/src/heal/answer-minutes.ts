// Digests of an answer per minute, to compare two answers without keeping the first. In: the ticks of an answer in order. Out: a digest per UTC
// minute; minutes without a tick have none.
import { createHash } from 'node:crypto';
import { MINUTE_US, type Range, type TableRow, tickKey } from '@fxtape/market';

type Tick = TableRow<'ticks'>;
export type AnswerMinutes = ReadonlyMap<number, string>;

export function answerMinutes(rows: readonly Tick[]): AnswerMinutes {
  const minutes = Map.groupBy(rows, ({ ts }) => Math.floor(ts / MINUTE_US));
  return new Map([...minutes].map(([minute, ticks]) => [minute, ticksDigest(ticks)]));
}

/** Equal exactly if the same ticks came in the same order. */
export function ticksDigest(rows: readonly Tick[]): string {
  const hash = createHash('sha256');
  for (const row of rows) hash.update(`${tickKey(row)}\n`);
  return hash.digest('base64url');
}

/** Whether both answers agree on every minute that one of the ranges touches. */
export function sayTheSame(a: AnswerMinutes, b: AnswerMinutes, ranges: readonly Range[]): boolean {
  return ranges.every(({ fromUs, toUs }) => {
    const last = Math.floor((toUs - 1) / MINUTE_US);
    for (let minute = Math.floor(fromUs / MINUTE_US); minute <= last; minute++)
      if (a.get(minute) !== b.get(minute)) return false;
    return true;
  });
}
