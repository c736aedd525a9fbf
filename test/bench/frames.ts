// Tick frames as a gateway sends them, made before the measurement. In: their number and rate. Out: payloads in pieces of 64 KiB, as a socket
// delivers them, with a heartbeat every second of their own time. Same seed, same prices.
const SYMBOLS: readonly (readonly [string, number, number])[] = [
  ['EURUSD', 1.0852, 5],
  ['GBPUSD', 1.2704, 5],
  ['USDJPY', 150.24, 3],
  ['USDCHF', 0.8831, 5],
  ['USDCAD', 1.3562, 5],
  ['AUDUSD', 0.6538, 5],
  ['NZDUSD', 0.6091, 5],
  ['EURGBP', 0.8543, 5],
  ['EURJPY', 163.05, 3],
  ['EURCHF', 0.9583, 5],
  ['EURCAD', 1.4719, 5],
  ['EURAUD', 1.6597, 5],
  ['EURNZD', 1.7818, 5],
  ['GBPJPY', 190.87, 3],
  ['GBPCHF', 1.1219, 5],
  ['GBPCAD', 1.7229, 5],
  ['GBPAUD', 1.9431, 5],
  ['GBPNZD', 2.0857, 5],
  ['AUDJPY', 98.23, 3],
  ['AUDCHF', 0.5774, 5],
  ['AUDCAD', 0.8867, 5],
  ['AUDNZD', 1.0734, 5],
  ['NZDJPY', 91.51, 3],
  ['NZDCHF', 0.5379, 5],
  ['NZDCAD', 0.826, 5],
  ['CADJPY', 110.78, 3],
  ['CADCHF', 0.6512, 5],
  ['CHFJPY', 170.13, 3],
];

export const SYMBOL_NAMES: readonly string[] = SYMBOLS.map(([name]) => name);
const PIECE_BYTES = 64 * 1024;

export interface FrameOptions {
  readonly ticks: number;
  /** Broker time of the first tick, ms. */
  readonly fromMs: number;
  /** Per second of the frames' own time. */
  readonly ticksPerSecond: number;
}

/** One read of a socket: concatenated payloads and the end of each. */
export interface Piece {
  readonly bytes: Buffer;
  readonly ends: readonly number[];
}

export function tickFrames({ fromMs, ticks, ticksPerSecond }: FrameOptions): Piece[] {
  const pieces: Piece[] = [];
  let bytes = Buffer.allocUnsafeSlow(PIECE_BYTES);
  let ends: number[] = [];
  let at = 0;
  const put = (text: string): void => {
    if (at + text.length > PIECE_BYTES) {
      pieces.push({ bytes, ends });
      bytes = Buffer.allocUnsafeSlow(PIECE_BYTES);
      ends = [];
      at = 0;
    }
    at += bytes.write(text, at, 'latin1');
    ends.push(at);
  };
  const moves = SYMBOLS.map(() => 0);
  let seed = 7;
  let beatMs = fromMs;
  for (let i = 0; i < ticks; i++) {
    const ms = Math.floor(fromMs + (i * 1000) / ticksPerSecond);
    const time = new Date(ms).toISOString();
    if (ms >= beatMs) {
      beatMs += 1000;
      put(`{"type":"terminal","data":{"connected":true,"tradeAllowed":true,"serverTime":"${time}"}}`);
    }
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    const index = (seed >> 8) % SYMBOLS.length;
    const [symbol, price, digits] = SYMBOLS[index] as (typeof SYMBOLS)[number];
    const move = (moves[index] ?? 0) + ((seed >> 4) % 3) - 1;
    moves[index] = move;
    const point = 10 ** -digits;
    const [bid, ask] = [(price + move * point).toFixed(digits), (price + (move + 3) * point).toFixed(digits)];
    put(
      `{"type":"tick","symbol":"${symbol}","data":{"symbol":"${symbol}","bid":${bid},"ask":${ask},"time":"${time}","last":0.0,"volume":0}}`,
    );
  }
  pieces.push({ bytes, ends });
  return pieces;
}

/** The payloads of a piece as views of its bytes, as a WebSocket client makes them. */
export function payloads({ bytes, ends }: Piece): Buffer[] {
  let from = 0;
  return ends.map((end) => {
    const payload = bytes.subarray(from, end);
    from = end;
    return payload;
  });
}
