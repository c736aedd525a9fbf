// Rows of `/QuoteTicks`, in the shape of MetaTrader's own tick history. In: ticks of one symbol. Out: the bytes of the JSON
// array, in pieces of work. `timeMsc` is broker time as `time` is, in milliseconds since 1970.

import { CHUNK_MASK } from '../broker/tick-tape.ts';
import type { TickRange } from '../history/tick-range.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { JsonRows } from './json-rows.ts';

const ROWS_A_STEP = 20_000;

const TIME = Buffer.from('{"time":"');
const TIME_MSC = Buffer.from('","timeMsc":');
const BID = Buffer.from(',"bid":');
const ASK = Buffer.from(',"ask":');
const LAST = Buffer.from(',"last":');
const VOLUME = Buffer.from(',"volume":');
const END = Buffer.from('}');

export function* tickRows(
  terminal: Terminal,
  symbol: number,
  { numbers, chunkOf }: TickRange,
): Generator<void, Buffer> {
  const rows = new JsonRows();
  const { market, ledger } = terminal;
  const { digits } = market.symbols[symbol] as (typeof market.symbols)[number];
  const scale = 10 ** digits;
  for (const [i, n] of numbers.entries()) {
    const chunk = chunkOf(n);
    const at = n & CHUNK_MASK;
    const brokerMs = ledger.clockOf(n).brokerMs(chunk.utcMs[at] as number);
    rows.row();
    rows.put(TIME);
    rows.time(brokerMs, true);
    rows.put(TIME_MSC);
    rows.integer(brokerMs);
    rows.put(BID);
    rows.price(chunk.bid[at] as number, scale, digits);
    rows.put(ASK);
    rows.price(chunk.ask[at] as number, scale, digits);
    rows.put(LAST);
    rows.price(chunk.last[at] as number, scale, digits);
    rows.put(VOLUME);
    rows.integer(chunk.volume[at] as number);
    rows.put(END);
    if (i % ROWS_A_STEP === ROWS_A_STEP - 1) yield;
  }
  return rows.end();
}
