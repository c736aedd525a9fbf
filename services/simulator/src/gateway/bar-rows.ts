// Rows of `/PriceHistory`. In: folded bars. Out: the bytes of the JSON array; a generator that yields between pieces of work.

import type { FoldedBars } from '../history/minute-bars.ts';
import { JsonRows } from './json-rows.ts';

const ROWS_A_STEP = 20_000;

const TIME = Buffer.from('{"time":"');
const OPEN = Buffer.from('","open":');
const HIGH = Buffer.from(',"high":');
const LOW = Buffer.from(',"low":');
const CLOSE = Buffer.from(',"close":');
const TICK_VOLUME = Buffer.from(',"tickVolume":');
const SPREAD = Buffer.from(',"realVolume":0,"spread":');
const END = Buffer.from('}');

/** Writes bars [from, to). `noise` is the largest error of a price. */
export function* barRows(
  { columns, opens }: FoldedBars,
  { digits, noise, from, to }: { digits: number; noise: number; from: number; to: number },
): Generator<void, Buffer> {
  const rows = new JsonRows(noise);
  const scale = 10 ** digits;
  const { open, high, low, close, volume, spread } = columns;
  for (let i = from; i < to; i++) {
    rows.row();
    rows.put(TIME);
    rows.time(opens[i] as number, true);
    rows.put(OPEN);
    rows.price(open[i] as number, scale, digits);
    rows.put(HIGH);
    rows.price(high[i] as number, scale, digits);
    rows.put(LOW);
    rows.price(low[i] as number, scale, digits);
    rows.put(CLOSE);
    rows.price(close[i] as number, scale, digits);
    rows.put(TICK_VOLUME);
    rows.integer(volume[i] as number);
    rows.put(SPREAD);
    rows.integer(spread[i] as number);
    rows.put(END);
    if (i % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
  }
  return rows.end();
}
