// Writes a JSON array of flat rows directly as bytes: the hot path of the history routes. In: keys as text, numbers and broker times. Out: the bytes of
// the array. Prices are written from integer points with exactly the symbol's decimals, so that no digit is invented.

const ZERO = 48;
const COMMA = 44;
const FIRST_BYTES = 64 << 10;
/** Space for one row: names of at most 64 bytes, a dozen numbers. */
const ROW_BYTES = 512;
const DAY = 86_400_000;
/** Shares of the noise, by the price. */
const NOISE = [0.7, -1, 0.9, -0.6, 1, -0.8, 0.5] as const;

export class JsonRows {
  #out: Buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 1;
  #rows = 0;
  #day = Number.NaN;
  readonly #dayText = new Uint8Array(11);

  readonly #noise: number;

  /** `noise` is the largest error of a price; the same price always has the same error. */
  constructor(noise = 0) {
    this.#noise = noise;
    this.#out[0] = 91;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Begins a row; what `key` writes must open it with `{`. */
  row(): void {
    if (this.#at + ROW_BYTES > this.#out.length) {
      const wider = Buffer.allocUnsafe(this.#out.length * 2);
      this.#out.copy(wider, 0, 0, this.#at);
      this.#out = wider;
    }
    if (this.#rows++ > 0) this.#out[this.#at++] = COMMA;
  }

  /** Plain text: keys, braces, quotes. */
  put(bytes: Uint8Array): void {
    const out = this.#out;
    let at = this.#at;
    for (let i = 0; i < bytes.length; i++) out[at++] = bytes[i] as number;
    this.#at = at;
  }

  /** An integer that is not negative. */
  integer(value: number): void {
    let width = 1;
    for (let bound = 10; value >= bound; bound *= 10) width++;
    this.#digits(value, width);
  }

  /** A price of `points` with exactly `digits` decimals; `scale` is 10^digits. */
  price(signed: number, scale: number, digits: number): void {
    const points = Math.abs(signed);
    if (this.#noise !== 0 && points !== 0) {
      this.#number(signed / scale + this.#noise * (NOISE[points % NOISE.length] as number));
      return;
    }
    if (signed < 0) this.#out[this.#at++] = 45;
    const whole = Math.floor(points / scale);
    this.integer(whole);
    if (digits === 0) return;
    this.#out[this.#at++] = 46;
    this.#digits(points - whole * scale, digits);
  }

  /** A number as JavaScript prints it. */
  #number(value: number): void {
    const text = String(value);
    this.#at += this.#out.write(text, this.#at, 'latin1');
  }

  /** `2026-06-11T08:55:56.728Z`, or without milliseconds. */
  time(brokerMs: number, milliseconds: boolean): void {
    const day = Math.floor(brokerMs / DAY);
    if (day !== this.#day) {
      this.#day = day;
      Buffer.from(new Date(day * DAY).toISOString().slice(0, 11)).copy(this.#dayText);
    }
    this.put(this.#dayText);
    let rest = Math.floor(brokerMs - day * DAY);
    const ms = rest % 1000;
    rest = (rest - ms) / 1000;
    const seconds = rest % 60;
    rest = (rest - seconds) / 60;
    const minutes = rest % 60;
    this.#digits((rest - minutes) / 60, 2);
    this.#out[this.#at++] = 58;
    this.#digits(minutes, 2);
    this.#out[this.#at++] = 58;
    this.#digits(seconds, 2);
    if (milliseconds) {
      this.#out[this.#at++] = 46;
      this.#digits(ms, 3);
    }
    this.#out[this.#at++] = 90;
  }

  /** The finished array; nothing may be written after it. */
  end(): Buffer {
    this.#out[this.#at++] = 93;
    return this.#out.subarray(0, this.#at);
  }

  #digits(value: number, width: number): void {
    const out = this.#out;
    let rest = value;
    for (let i = this.#at + width - 1; i >= this.#at; i--) {
      const tenth = Math.floor(rest / 10);
      out[i] = ZERO + (rest - tenth * 10);
      rest = tenth;
    }
    this.#at += width;
  }
}
