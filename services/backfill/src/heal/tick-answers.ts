// Past ticks of some ranges, read until two answers agree. In: UTC ranges. Out: their ticks as rows, or "not yet": the terminal is still loading or has
// answered only once. With bounds to the second, each range is read on its own, and the caller keeps the digest of the first answer (`said`). With
// dates only, whole broker days are downloaded, and one download serves every range of that day: the newest answer of a day is cached for a while,
// with the digests of the one before it.
import {
  brokerDays,
  brokerRange,
  DAY_MS,
  historyTicks,
  type IncompleteRow,
  intersect,
  MINUTE_US,
  type Range,
  SECOND_US,
  type TableRow,
  unite,
} from '@fxtape/market';
import type { Clock } from '@fxtape/ops';
import { isTooMuch } from '../fetch/history-errors.ts';
import type { Purpose } from '../context/numbers.ts';
import type { SyncContext } from '../context/sync-context.ts';
import { type AnswerMinutes, answerMinutes, sayTheSame, ticksDigest } from './answer-minutes.ts';
import { TickDays } from './tick-day.ts';
import { type TickPages, tickPages } from './tick-pages.ts';

type Tick = TableRow<'ticks'>;

export interface TickAnswer {
  /** In time order, equal times in the order of the answer; `ts_recv` is the time of the answer, + 1 µs per row. */
  readonly rows: readonly Tick[];
  /** Inside the ranges but not readable: an hour that occurs twice and that the answer does not contain completely. */
  readonly ambiguous: readonly Range[];
  /** Rows that are not ticks, with the reason; where they belong is unknown. */
  readonly rejected: readonly { readonly raw: unknown; readonly reason: string }[];
  /** Which fields of `rows` are null because they could not be read. */
  readonly incomplete: readonly IncompleteRow<Tick>[];
  readonly answeredUs: number;
  /** Repeated hours that could not be read, whole, even where they reach beyond what was asked for. */
  readonly hours: readonly Range[];
}

export type TickAsk =
  | { readonly agreed: true; readonly answer: TickAnswer }
  | { readonly agreed: false; readonly said: string };

interface Day extends TickAnswer {
  readonly minutes: AnswerMinutes;
  /** What the previous answer said; null for the first. */
  readonly before: AnswerMinutes | null;
  /** The broker's time of the answer, UTC microseconds: the answer cannot know what came later. */
  readonly atUs: number;
  readonly untilMs: number;
}

const KEEP_MS = 1_800_000;
const MOST_TICKS = 1_500_000;
/** An answer is trusted only for what is at least this much older than the answer. */
const SETTLE_US = SECOND_US;
const SHORTEST_PAUSE_MS = 500;
/** How much is asked for around an hour that occurs twice. */
const WIDER_US = 900_000_000;
/** A range narrower than this is not split further: the terminal is then overloaded. */
const LEAST_WIDTH_US = MINUTE_US;

export class TickAnswers {
  readonly #clock: Clock;
  readonly #days = new Map<string, Day>();
  readonly #loading = new Map<string, Promise<Day>>();
  readonly #widthUs = new Map<string, number>();
  readonly #dates = new TickDays();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * `said` is what an earlier call for the same ranges returned. Leave some time between two calls: each one asks the terminal.
   * @throws FxSocketError, HISTORY_CUT_WITHIN_MOMENT.
   */
  async ask(
    c: SyncContext,
    o: {
      readonly symbol: string;
      readonly ranges: readonly Range[];
      readonly datesOnly: boolean;
      readonly said: string | null;
    },
  ): Promise<TickAsk> {
    const ranges = unite(o.ranges);
    return o.datesOnly ? this.#byDays(c, o.symbol, ranges) : this.#byRanges(c, o.symbol, ranges, o.said);
  }

  async #byRanges(
    c: SyncContext,
    symbol: string,
    ranges: readonly Range[],
    said: string | null,
  ): Promise<TickAsk> {
    const parts: TickAnswer[] = [];
    for (const range of ranges)
      for (const part of await this.#range(c, symbol, range, said === null ? 'read' : 'agreement'))
        parts.push(part);
    const answer = joined(parts, ranges);
    const says = ticksDigest(answer.rows);
    return says === said ? { agreed: true, answer } : { agreed: false, said: says };
  }

  /** Halved as long as it is too much for the terminal; the width that works is remembered, and grows. */
  async #range(c: SyncContext, symbol: string, range: Range, purpose: Purpose): Promise<TickAnswer[]> {
    const { account, rule } = c.account;
    const widthUs = range.toUs - range.fromUs;
    const mostUs = this.#widthUs.get(account) ?? Number.POSITIVE_INFINITY;
    if (widthUs <= mostUs || widthUs <= LEAST_WIDTH_US) {
      try {
        const pages = await tickPages(c, symbol, brokerRange(asked(range), rule), purpose);
        if (2 * widthUs > mostUs) this.#widthUs.set(account, 2 * widthUs);
        const answer = readPages(c, symbol, pages, range, this.#clock.nowUs());
        return [answer.ambiguous.length === 0 ? answer : await this.#wider(c, symbol, range, answer)];
      } catch (error) {
        if (!isTooMuch(error) || widthUs <= LEAST_WIDTH_US) throw error;
        c.parts.numbers.halved(account, 'ticks');
        this.#widthUs.set(account, Math.ceil(widthUs / 2));
      }
    }
    const middleUs = range.fromUs + Math.floor(widthUs / 2);
    const first = await this.#range(c, symbol, { ...range, toUs: middleUs }, purpose);
    return [...first, ...(await this.#range(c, symbol, { ...range, fromUs: middleUs }, purpose))];
  }

  /**
   * Asks for the same range again, with something on both sides of an hour that occurs twice: only an answer that begins before it and ends
   * after it shows which fold is which.
   */
  async #wider(c: SyncContext, symbol: string, range: Range, answer: TickAnswer): Promise<TickAnswer> {
    const all = [range, ...answer.hours];
    const wide = {
      fromUs: Math.min(...all.map(({ fromUs }) => fromUs)) - WIDER_US,
      toUs: Math.max(...all.map(({ toUs }) => toUs)) + WIDER_US,
    };
    const pages = await tickPages(c, symbol, brokerRange(asked(wide), c.account.rule), 'edge');
    return readPages(c, symbol, pages, range, this.#clock.nowUs());
  }

  async #byDays(c: SyncContext, symbol: string, ranges: readonly Range[]): Promise<TickAsk> {
    const wanted = new Map<string, Range[]>();
    for (const range of ranges) {
      const days = brokerDays(range, c.account.rule);
      for (const day of daysBetween(days.from, days.to)) wanted.set(day, [...(wanted.get(day) ?? []), range]);
    }
    const parts: Day[] = [];
    let agreed = true;
    for (const [day, ofDay] of wanted) {
      const got = await this.#day(c, symbol, day, ofDay);
      agreed &&= speaksOf(got, ofDay) && got.before !== null && sayTheSame(got.before, got.minutes, ofDay);
      parts.push(got);
    }
    if (!agreed) return { agreed: false, said: 'days' };
    return { agreed: true, answer: joined(parts, ranges) };
  }

  /** The day's newest answer; asks again if that answer cannot cover these ranges, or if no two answers agree on them. */
  async #day(c: SyncContext, symbol: string, day: string, ranges: readonly Range[]): Promise<Day> {
    const key = JSON.stringify([c.account.account, symbol, day]);
    const known = this.#days.get(key);
    if (known !== undefined && this.#clock.monoMs() < known.untilMs) {
      if (known.before !== null && speaksOf(known, ranges) && sayTheSame(known.before, known.minutes, ranges))
        return known;
      // Asked again at once, it would only repeat itself.
      if (this.#clock.nowUs() - known.answeredUs < SHORTEST_PAUSE_MS * 1000) return known;
    }
    const shared = this.#loading.get(key);
    if (shared !== undefined) {
      const got = await shared.catch(() => null);
      if (got !== null) return got;
      // The request of the other caller may just have been aborted: this job asks for itself, and meets the error if there is one.
      c.signal.throwIfAborted();
    }
    return this.#begin(c, symbol, day, key);
  }

  #begin(c: SyncContext, symbol: string, day: string, key: string): Promise<Day> {
    const loading = this.#load(c, symbol, day, key).finally(() => this.#loading.delete(key));
    this.#loading.set(key, loading);
    return loading;
  }

  async #load(c: SyncContext, symbol: string, day: string, key: string): Promise<Day> {
    const before = this.#days.get(key)?.minutes ?? null;
    const atUs = await c.account.nowUs(c.signal);
    const purpose = before === null ? 'read' : 'agreement';
    const pages = await this.#dates.day(c.account.account, day, (bounds) =>
      c.ask({ route: '/QuoteTicks', of: 'day', purpose }, (signal) =>
        c.account.rest.quoteTicks({ symbol, ...bounds }, { signal, retry: 'transport' }),
      ),
    );
    const answer = readPages(c, symbol, pages, null, this.#clock.nowUs());
    const untilMs = this.#clock.monoMs() + KEEP_MS;
    const got: Day = { ...answer, minutes: answerMinutes(answer.rows), before, atUs, untilMs };
    this.#days.delete(key);
    this.#days.set(key, got);
    this.#forget();
    return got;
  }

  /** The cache is full: drops the days that were loaded first, never the newest. */
  #forget(): void {
    let ticks = 0;
    for (const [key, day] of [...this.#days].toReversed()) {
      ticks += day.rows.length;
      const newest = ticks === day.rows.length;
      if ((ticks > MOST_TICKS && !newest) || this.#clock.monoMs() >= day.untilMs) this.#days.delete(key);
    }
  }
}

/** A bridge may leave out the second of its upper bound, and may require it to be later than the lower bound. */
const asked = ({ fromUs, toUs }: Range): Range => ({ fromUs, toUs: toUs + SECOND_US });

const speaksOf = (day: Day, ranges: readonly Range[]): boolean =>
  ranges.every(({ toUs }) => toUs + SETTLE_US <= day.atUs);

/** `range`: what was asked for, because bounds in broker time may return more, and neighbours must not overlap; null: all of it. */
function readPages(
  c: SyncContext,
  symbol: string,
  pages: TickPages,
  range: Range | null,
  answeredUs: number,
): TickAnswer {
  const { feed, account, rule } = c.account;
  const read = historyTicks(pages.rows, { feed: feed ?? account, symbol, rule, answeredUs });
  return {
    rows: read.rows
      .filter(({ ts }) => range === null || (ts >= range.fromUs && ts < range.toUs))
      .toSorted((a, b) => a.ts - b.ts),
    ambiguous: range === null ? read.ambiguous : intersect(read.ambiguous, [range]),
    rejected: [...pages.rejected, ...read.rejected],
    incomplete: read.incomplete,
    answeredUs,
    hours: read.ambiguous,
  };
}

/** Joins several answers about the ranges; answers of neighbouring days do not overlap. */
function joined(parts: readonly TickAnswer[], ranges: readonly Range[]): TickAnswer {
  const inside = ({ ts }: Tick): boolean => ranges.some(({ fromUs, toUs }) => ts >= fromUs && ts < toUs);
  return {
    rows: parts.flatMap(({ rows }) => rows.filter(inside)).toSorted((a, b) => a.ts - b.ts),
    ambiguous: unite(parts.flatMap(({ ambiguous }) => ambiguous)),
    rejected: parts.flatMap(({ rejected }) => rejected),
    incomplete: parts.flatMap(({ incomplete }) => incomplete),
    answeredUs: Math.max(0, ...parts.map(({ answeredUs }) => answeredUs)),
    hours: [],
  };
}

function daysBetween(from: string, to: string): string[] {
  const days: string[] = [];
  for (let ms = Date.parse(from); ms <= Date.parse(to); ms += DAY_MS)
    days.push(new Date(ms).toISOString().slice(0, 10));
  return days;
}
