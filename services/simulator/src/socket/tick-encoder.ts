// Writes tick frames directly as bytes: the hot path of the simulator. In: a tick's numbers, a buffer and an offset. Out: the complete WebSocket frame,
// spelled as the gateway does (shortest decimals, `0.0` for a whole number, broker time with the misleading `Z`).

import type { BrokerClock } from '../prices/broker-clock.ts';
import type { SymbolSpec } from '../prices/symbols.ts';
import type { LastTick } from '../prices/tick-tape.ts';
import { webSocketFrame } from './websocket-frame.ts';

/** No tick frame is longer, whatever the symbol (names are at most 64 bytes). */
export const MAX_TICK_FRAME_BYTES = 512;

const ASK = Buffer.from(',"ask":');
const TIME = Buffer.from(',"time":"');
const LAST = Buffer.from('","last":');
const VOLUME = Buffer.from(',"volume":');
const LAST_ZERO = Buffer.from('","last":0.0,"volume":0}}');
const ZERO = 48;

interface Spelling {
  readonly prefix: Buffer;
  readonly scale: number;
  readonly digits: number;
}

const put = (out: Uint8Array, at: number, bytes: Uint8Array): number => {
  for (let i = 0; i < bytes.length; i++) out[at + i] = bytes[i] as number;
  return at + bytes.length;
};

const putInt = (out: Uint8Array, at: number, value: number): number => {
  let width = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) width++;
  let rest = value;
  for (let i = at + width - 1; i >= at; i--) {
    const tenth = Math.floor(rest / 10);
    out[i] = ZERO + (rest - tenth * 10);
    rest = tenth;
  }
  return at + width;
};

const putPrice = (out: Uint8Array, start: number, signed: number, scale: number, digits: number): number => {
  const points = Math.abs(signed);
  let at = start;
  if (signed < 0) out[at++] = 45;
  const whole = Math.floor(points / scale);
  let fraction = points - whole * scale;
  let width = digits;
  while (width > 1 && fraction % 10 === 0) {
    fraction = fraction / 10;
    width--;
  }
  let end = putInt(out, at, whole);
  out[end++] = 46;
  if (width === 0) {
    out[end] = ZERO;
    return end + 1;
  }
  for (let i = end + width - 1; i >= end; i--) {
    const tenth = Math.floor(fraction / 10);
    out[i] = ZERO + (fraction - tenth * 10);
    fraction = tenth;
  }
  return end + width;
};

export class TickEncoder {
  readonly #spellings: readonly Spelling[];
  #clock: BrokerClock;
  /** The last encoded second and its 19 characters. */
  #second = Number.NaN;
  readonly #secondText = new Uint8Array(19);

  constructor(symbols: readonly SymbolSpec[], clock: BrokerClock) {
    this.#clock = clock;
    this.#spellings = symbols.map(({ name, digits }) => {
      const symbol = JSON.stringify(name);
      const prefix = Buffer.from(`{"type":"tick","symbol":${symbol},"data":{"symbol":${symbol},"bid":`);
      return { prefix, digits, scale: 10 ** digits };
    });
  }

  changeClock(clock: BrokerClock): void {
    this.#clock = clock;
    this.#second = Number.NaN;
  }

  /** Writes the frame of a tick at `at` (prices in points) and returns its end. */
  write(
    out: Uint8Array,
    at: number,
    symbol: number,
    utcMs: number,
    bid: number,
    ask: number,
    last: number,
    volume: number,
    wholeSeconds: boolean,
  ): number {
    const payload = at + 4;
    const end = this.#payload(out, payload, symbol, utcMs, bid, ask, last, volume, wholeSeconds);
    const length = end - payload;
    out[at] = 0x81;
    if (length > 125) {
      out[at + 1] = 126;
      out[at + 2] = length >> 8;
      out[at + 3] = length & 0xff;
      return end;
    }
    out[at + 1] = length;
    out.copyWithin(at + 2, payload, end);
    return end - 2;
  }

  /** The same frame in a new buffer, for a snapshot. */
  frame(symbol: number, tick: LastTick, wholeSeconds: boolean): Buffer {
    const scratch = Buffer.alloc(MAX_TICK_FRAME_BYTES);
    const { utcMs, bid, ask, last, volume } = tick;
    const end = this.#payload(scratch, 0, symbol, utcMs, bid, ask, last, volume, wholeSeconds);
    return webSocketFrame(scratch.subarray(0, end));
  }

  #payload(
    out: Uint8Array,
    at: number,
    symbol: number,
    utcMs: number,
    bid: number,
    ask: number,
    last: number,
    volume: number,
    wholeSeconds: boolean,
  ): number {
    const { prefix, scale, digits } = this.#spellings[symbol] as Spelling;
    let end = put(out, at, prefix);
    end = putPrice(out, end, bid, scale, digits);
    end = put(out, end, ASK);
    end = putPrice(out, end, ask, scale, digits);
    end = put(out, end, TIME);
    end = this.#putTime(out, end, utcMs, wholeSeconds);
    if (last === 0 && volume === 0) return put(out, end, LAST_ZERO);
    end = put(out, end, LAST);
    end = putPrice(out, end, last, scale, digits);
    end = put(out, end, VOLUME);
    end = putInt(out, end, volume);
    out[end] = 125;
    out[end + 1] = 125;
    return end + 2;
  }

  #putTime(out: Uint8Array, at: number, utcMs: number, wholeSeconds: boolean): number {
    const broker = this.#clock.brokerMs(utcMs);
    const second = Math.floor(broker / 1000);
    if (second !== this.#second) {
      this.#second = second;
      Buffer.from(this.#secondText.buffer).write(
        new Date(second * 1000).toISOString().slice(0, 19),
        'latin1',
      );
    }
    let end = put(out, at, this.#secondText);
    if (!wholeSeconds) {
      const ms = broker - second * 1000;
      const tens = Math.floor(ms / 10);
      out[end] = 46;
      out[end + 1] = ZERO + Math.floor(tens / 10);
      out[end + 2] = ZERO + (tens % 10);
      out[end + 3] = ZERO + (ms % 10);
      end += 4;
    }
    out[end] = 90;
    return end + 1;
  }
}
