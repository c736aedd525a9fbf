// A tape to be replayed: ticks of six symbols at equal distances. In: a folder, how many, how fast. Out: the tape, uncompressed, as a plain
// script needs it.
import { emptyLedger, newStream, saveLedger, streamId, type StreamKey } from '@fxtape/market';
import { type Entry, TapeWriter } from '@fxtape/tape';

export const REPLAYED = ['EURUSD', 'GBPUSD', 'USDJPY', 'XAUUSD', 'BTCUSD', 'USDCHF'];
/** Start of the tape, µs UTC. */
export const TAPE_FROM_US = Date.UTC(2026, 5, 23, 12) * 1000;
const LINES_AT_ONCE = 2000;

export const writeTape = async (dir: string, o: { ticks: number; perSecond: number }): Promise<void> => {
  const keys = REPLAYED.map((symbol): StreamKey => ({ stream: 'ticks', symbol, timeframe: null }));
  const streams = new Map(keys.map((key) => [streamId(key), newStream(key)] as const));
  const state = { ledger: saveLedger({ ...emptyLedger(), feed: 'bench', streams }) };
  const clock = { monoMs: () => performance.now() };
  const tape = await TapeWriter.open({ dir, account: 'demo', head: () => state, clock });
  for (let i = 0; i < o.ticks; ) {
    const entries: Entry[] = [];
    for (let k = 0; k < LINES_AT_ONCE && i < o.ticks; k++, i++) entries.push(tick(i, o.perSecond));
    tape.append(entries);
    await tape.sync();
  }
  await tape.close();
};

/** `volume` is the receive time, µs after the start, so that a client can tell how late the frame is. */
const tick = (i: number, perSecond: number): Entry => {
  const us = Math.round((i * 1e6) / perSecond) + 2;
  const symbol = REPLAYED[i % REPLAYED.length] as string;
  const time = new Date((TAPE_FROM_US + us) / 1000).toISOString();
  const bid = (1.1 + (i % 9973) / 1e5).toFixed(5);
  const ask = (1.1001 + (i % 9973) / 1e5).toFixed(5);
  const frame = `{"type":"tick","symbol":"${symbol}","data":{"symbol":"${symbol}","bid":${bid},"ask":${ask},"time":"${time}","last":0.0,"volume":${us}}}`;
  return { conn: 1, recvUs: TAPE_FROM_US + us, mark: 'live', frame };
};
