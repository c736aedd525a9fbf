// Columns that several tables share.
import { always, double, id, int, symbol, timestamp, varchar } from './column.ts';
import { STREAMS } from './kinds.ts';

export const feed = always(symbol('name of the series of market data'));
export const feedOrNone = symbol('name of the series of market data; null where it does not apply');
export const account = always(symbol('name of the account in the configuration'));
export const brokerSymbol = always(symbol('as the broker spells it'));
export const timeframe = always(symbol('M1 … MN1'));
export const tsRecv = always(
  timestamp("when this recorder received it; unique and increasing within an account's tape"),
);
export const tsSeen = always(timestamp('when this version was first seen'));
export const utcOffset = int('seconds: broker clock minus UTC, as applied; broker time = ts + this');
export const price = double('price');
export const lots = double('lots');
export const money = double('account currency');
export const magic = id("magic number of the expert advisor; unsigned 64 bits as two's complement");
export const stated = symbol('as the gateway reports it');
export const statedText = varchar('as the gateway reports it');
export const side = symbol('as the gateway reports it (`Buy`, `Sell`, …)');

/** The stream that a row is about; null where a column does not apply, and `symbol` null for all symbols of the stream. */
export const streamColumns = {
  feed: feedOrNone,
  symbol: symbol('as the broker spells it; null means all symbols of the stream'),
  stream: always(symbol(STREAMS.map((stream) => `\`${stream}\``).join(', '))),
  timeframe: symbol('M1 … MN1; null where it does not apply'),
};

export const openHighLowClose = {
  open: always(price),
  high: always(price),
  low: always(price),
  close: always(price),
};
