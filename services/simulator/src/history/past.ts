// The price history before the start of the simulation, made on demand and always the same. In: seed, symbol, start. Out: minute bars of any UTC day
// before the start, for minutes in which the session was open; they meet the symbol's reference price at the start.
//
// The levels at midnight are a random walk backwards from the start, and a day is a bridge between its two levels, so that any day can be made
// alone.

import { Random } from '../prices/random.ts';
import { newYorkHour, type OpenHours, SLOT_MS } from '../prices/session.ts';
import { activityFactor, spreadFactor } from '../prices/spread.ts';
import type { SymbolSpec } from '../prices/symbols.ts';
import { type BarArrays, BarColumns } from './bar-columns.ts';

const MINUTES_A_DAY = 1440;
const MINUTES_A_SLOT = SLOT_MS / 60_000;

function foldHours(minutes: BarArrays): BarArrays {
  const hours = new BarColumns();
  for (let i = 0; i < minutes.minute.length; i++) {
    const hour = Math.floor((minutes.minute[i] as number) / 60);
    const last = hours.minute.at(-1);
    if (last !== undefined && Math.floor(last / 60) === hour) hours.mergeLast(minutes, i);
    else hours.pushFrom(minutes, i);
  }
  return hours.compact();
}

/** Days in the cache, at 40 KB each. */
const MOST_DAYS = 2000;

/** Caches the made-up days that were used last, of all symbols together, with bounded memory. */
export class DayCache {
  readonly #days = new Map<string, BarArrays>();

  get(symbol: string, day: number, make: () => BarArrays): BarArrays {
    const key = `${symbol}/${day}`;
    const known = this.#days.get(key);
    const bars = known ?? make();
    // A map keeps its order of insertion, so the first entry is the least recently used.
    this.#days.delete(key);
    this.#days.set(key, bars);
    if (this.#days.size > MOST_DAYS) this.#days.delete(this.#days.keys().next().value as string);
    return bars;
  }
}

export class PastBars {
  readonly #spec: SymbolSpec;
  readonly #seed: number;
  readonly #scale: number;
  readonly #startMinute: number;
  readonly #startDay: number;
  readonly #firstDay: number;
  readonly #levels: number[] = [];
  readonly #levelRandom: Random;
  readonly #cache: DayCache;
  readonly #isOpen: OpenHours;
  /** Hours of a whole history fit into memory; minutes do not. */
  readonly #hours = new Map<number, BarArrays>();

  constructor(
    spec: SymbolSpec,
    options: { seed: number; startUtcMs: number; days: number; cache: DayCache; isOpen: OpenHours },
  ) {
    this.#spec = spec;
    this.#cache = options.cache;
    this.#isOpen = options.isOpen;
    this.#seed = options.seed;
    this.#scale = 10 ** spec.digits;
    this.#startMinute = Math.floor(options.startUtcMs / 60_000);
    this.#startDay = Math.floor(this.#startMinute / MINUTES_A_DAY);
    // With 0 days there is not even the part of the day before the start.
    this.#firstDay = options.days === 0 ? this.#startDay + 1 : this.#startDay - options.days;
    this.#levelRandom = new Random(options.seed, `${spec.name}/levels`);
  }

  /** First UTC day (days since 1970) that has history, and the day of the start. */
  get days(): { first: number; start: number } {
    return { first: this.#firstDay, start: this.#startDay };
  }

  /** Minute bars of a UTC day, wholly before the minute of the start; empty outside the kept history. */
  minutes(day: number): BarArrays {
    return this.#cache.get(this.#spec.name, day, () => this.#make(day).compact());
  }

  /** The same day folded into UTC hours. */
  hours(day: number): BarArrays {
    let hours = this.#hours.get(day);
    if (hours === undefined) {
      hours = foldHours(this.minutes(day));
      this.#hours.set(day, hours);
    }
    return hours;
  }

  /** Price at the midnight that begins `day`, as a plain number. */
  #level(day: number): number {
    const back = this.#startDay - day;
    const { anchor, dailyMove } = this.#spec;
    while (this.#levels.length <= back) {
      const previous = this.#levels.at(-1);
      const step = this.#levelRandom.normal() * dailyMove;
      if (previous === undefined) {
        const part = (this.#startMinute % MINUTES_A_DAY) / MINUTES_A_DAY;
        this.#levels.push(anchor * Math.exp(step * Math.sqrt(part)));
      } else {
        // A pull towards the reference price keeps years of history plausible.
        this.#levels.push(previous * Math.exp(step - 0.004 * Math.log(previous / anchor)));
      }
    }
    return this.#levels[back] as number;
  }

  #openMinutes(day: number): number[] {
    const from = day * MINUTES_A_DAY;
    const to = Math.min(from + MINUTES_A_DAY, this.#startMinute);
    const open: number[] = [];
    for (let slot = from; slot < to; slot += MINUTES_A_SLOT) {
      if (!this.#isOpen(this.#spec.kind, slot * 60_000)) continue;
      for (let minute = slot; minute < Math.min(slot + MINUTES_A_SLOT, to); minute++) open.push(minute);
    }
    return open;
  }

  #make(day: number): BarColumns {
    const bars = new BarColumns();
    if (day < this.#firstDay || day > this.#startDay) return bars;
    const minutes = this.#openMinutes(day);
    const count = minutes.length;
    if (count === 0) return bars;
    const random = new Random(this.#seed, `${this.#spec.name}/${day}`);
    const perMinute = this.#spec.dailyMove / Math.sqrt(MINUTES_A_DAY);
    const walk = new Float64Array(count + 1);
    for (let i = 1; i <= count; i++) walk[i] = (walk[i - 1] as number) + random.normal() * perMinute;
    const from = Math.log(this.#level(day));
    const to = Math.log(day === this.#startDay ? this.#spec.anchor : this.#level(day + 1));
    const drift = (to - from - (walk[count] as number)) / count;
    const price = (i: number): number =>
      Math.round(Math.exp(from + (walk[i] as number) + drift * i) * this.#scale);
    const wick = this.#spec.anchor * perMinute * 0.5 * this.#scale;
    let open = price(0);
    const { kind, spreadPoints } = this.#spec;
    let slot = Number.NaN;
    let slotHour = 0;
    for (let i = 0; i < count; i++) {
      const minute = minutes[i] as number;
      const close = price(i + 1);
      const high = Math.max(open, close) + Math.floor(random.next() * wick);
      const low = Math.min(open, close) - Math.floor(random.next() * wick);
      if (minute - (minute % MINUTES_A_SLOT) !== slot) {
        slot = minute - (minute % MINUTES_A_SLOT);
        slotHour = newYorkHour(slot * 60_000);
      }
      const hour = slotHour + (minute - slot) / 60;
      const volume = 5 + Math.floor((20 + random.next() * 60) * activityFactor(this.#spec, hour));
      const spread = spreadPoints * spreadFactor(kind, hour) * (0.8 + random.next() * 0.5);
      bars.push(minute, open, high, low, close, volume, Math.max(1, Math.round(spread)));
      open = close;
    }
    return bars;
  }
}
