// A plain script instead of fxtape: a socket, JSON.parse, the official client with automatic flushes. In: a JSON argument. Out: rows in the table until
// SIGTERM. It has no tape and no gaps, and loses the rows of a failed flush.
import { on } from 'node:events';
import { Sender } from '@questdb/nodejs-client';
import { WebSocket } from 'ws';

export interface NaiveRun {
  readonly url: string;
  readonly conf: string;
  readonly table: string;
  readonly symbols: readonly string[];
  readonly offsetS: number;
}

interface Frame {
  readonly type: string;
  readonly symbol: string;
  readonly data: { readonly bid: number; readonly ask: number; readonly time: string };
}

const { conf, offsetS, symbols, table, url } = JSON.parse(process.argv[2] ?? '{}') as NaiveRun;
const sender = await Sender.fromConfig(
  `${conf};protocol_version=2;auto_flush_interval=100`.replace(';;', ';'),
);
const socket = new WebSocket(url, { perMessageDeflate: false });
process.on('SIGTERM', () => socket.close());
socket.on('open', () => {
  for (const symbol of symbols) socket.send(JSON.stringify({ action: 'subscribe', topic: 'prices', symbol }));
});
const limits = { close: ['close'], highWaterMark: 20_000, lowWaterMark: 5_000 };
for await (const [data] of on(socket, 'message', limits) as AsyncIterable<[Buffer]>) {
  const frame = JSON.parse(data.toString()) as Frame;
  if (frame.type !== 'tick') continue;
  sender.table(table).symbol('feed', 'naive').symbol('symbol', frame.symbol).symbol('source', 'live');
  sender.timestampColumn('ts_recv', Date.now() * 1000, 'us');
  sender
    .floatColumn('bid', frame.data.bid)
    .floatColumn('ask', frame.data.ask)
    .intColumn('utc_offset_s', offsetS);
  await sender.at(Date.parse(frame.data.time) - offsetS * 1000, 'ms');
}
await sender.flush();
await sender.close();
