// Rows of `/QuoteTicks`, shaped like MetaTrader's tick history. In: ticks of one symbol. Out: the bytes of the JSON array; a generator that yields
// between pieces of work. `timeMsc` is broker time too, in milliseconds since 1970.

import type { BrokerClock } from '../prices/broker-clock.ts';
import { CHUNK_MASK } from '../prices/tick-tape.ts';
import type { TickRange } from '../history/tick-range.ts';
import type { AnswerShape } from '../answers/answer-shape.ts';
import { JsonRows } from './json-rows.ts';

const ROWS_A_STEP = 20_000;

const TIME = Buffer.from('{"time":"');
const TIME_MSC = Buffer.from('","timeMsc":');
const QUOTE = Buffer.from('"');
const BID = Buffer.from(',"bid":');
const ASK = Buffer.from(',"ask":');
const LAST = Buffer.from(',"last":');
const VOLUME = Buffer.from(',"volume":');
const END = Buffer.from('}');

/** Ticks [from, to) of the range. */
export function* tickRows(
  { numbers, chunkOf }: TickRange,
  look: {
    readonly digits: number;
    readonly clockOf: (n: number) => BrokerClock;
    readonly shape: AnswerShape;
    readonly from: number;
    readonly to: number;
  },
): Generator<void, Buffer> {
  const { digits, shape } = look;
  const rows = new JsonRows(shape.noise);
  const scale = 10 ** digits;
  for (let i = look.from; i < look.to; i++) {
    const n = numbers[i] as number;
    const chunk = chunkOf(n);
    const at = n & CHUNK_MASK;
    const brokerMs = look.clockOf(n).brokerMs(chunk.utcMs[at] as number);
    rows.row();
    rows.put(TIME);
    rows.time(brokerMs, !shape.wholeSeconds);
    if (shape.wholeSeconds) {
      rows.put(QUOTE);
    } else {
      rows.put(TIME_MSC);
      rows.integer(brokerMs);
    }
    rows.put(BID);
    rows.price(chunk.bid[at] as number, scale, digits);
    rows.put(ASK);
    rows.price(chunk.ask[at] as number, scale, digits);
    if (!shape.withoutLast) {
      rows.put(LAST);
      rows.price(chunk.last[at] as number, scale, digits);
      rows.put(VOLUME);
      rows.integer(chunk.volume[at] as number);
    }
    rows.put(END);
    if (i % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
  }
  return rows.end();
}
