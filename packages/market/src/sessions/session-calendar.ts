// Whether a symbol traded in a range of time, by the rows of `trading_sessions`. In: these rows and the broker's clock rule. Out: stretches of UTC
// that are shut, and stretches of which nothing is known. The calendar is additional evidence and never decides that a gap is none. At a switch of
// the clock, only what is shut in both folds counts as shut.

import type { ClockRule } from '../time/clock-rule.ts';
import { intersect, type Range, subtract, unite } from '../time/ranges.ts';
import { type BrokerMs, brokerMs, utcMs } from '../time/time.ts';
import {
  DAY_MINUTES,
  readWeek,
  readWindows,
  type SessionWeek,
  weekdayOf,
  type Window,
} from './session-week.ts';
import { MINUTE_MS, DAY_MS } from '../time/units.ts';

/** What the calendar reads of a row of `trading_sessions`. */
export interface SessionRow {
  readonly ts: number;
  readonly ts_decided: number;
  readonly kind: string;
  readonly broker_date?: string | null;
  readonly windows?: string | null;
  readonly condition?: string | null;
}

export type SessionWord = 'shut' | 'open' | 'partly' | 'unknown';

/** Longer ranges are not judged: they count as unknown. */
const MOST_DAYS = 400;

interface DatedDay {
  readonly windows: readonly Window[];
  readonly condition: string;
  readonly tsDecided: number;
}

export class SessionCalendar {
  readonly #rule: ClockRule;
  /** The newest decision first. */
  readonly #weeks: readonly {
    readonly fromUs: number;
    readonly tsDecided: number;
    readonly week: SessionWeek;
  }[];
  readonly #days = new Map<string, DatedDay>();

  /** Rows of one symbol, in any order. Of several for one date, and of several weeks that hold, the newest decision counts. */
  constructor(rows: readonly SessionRow[], rule: ClockRule) {
    this.#rule = rule;
    const weeks: { fromUs: number; tsDecided: number; week: SessionWeek }[] = [];
    for (const row of rows) {
      const text = row.windows ?? '';
      if (row.kind === 'week') {
        const week = readWeek(text);
        if (week !== null) weeks.push({ fromUs: row.ts, tsDecided: row.ts_decided, week });
        continue;
      }
      const windows = readWindows(text);
      const date = row.broker_date ?? '';
      const known = this.#days.get(date);
      if (windows === null || date === '' || (known !== undefined && known.tsDecided >= row.ts_decided))
        continue;
      this.#days.set(date, { windows, condition: row.condition ?? '', tsDecided: row.ts_decided });
    }
    this.#weeks = weeks.toSorted((a, b) => b.tsDecided - a.tsDecided);
  }

  /** How a broker's date differed from its weekday (`shut`, `early_close`, …); null when nothing is known of it. */
  conditionOf(date: string): string | null {
    return this.#days.get(date)?.condition ?? null;
  }

  /** The windows of a broker's date, given by its midnight on the wall clock; null: unknown. */
  windowsOf(midnight: BrokerMs): readonly Window[] | null {
    const dated = this.#days.get(dateOf(midnight));
    if (dated !== undefined) return dated.windows;
    const startsUs = this.#utcUs(midnight, 'first');
    const held = this.#weeks.find(({ fromUs }) => fromUs <= startsUs);
    return held?.week.get(weekdayOf(midnight)) ?? null;
  }

  /** The parts of a range that are shut, and those of which nothing is known. */
  stretches(range: Range): { readonly shut: readonly Range[]; readonly unknown: readonly Range[] } {
    const shut: Range[] = [];
    const unknown: Range[] = [];
    if (range.toUs - range.fromUs > MOST_DAYS * DAY_MS * 1000) return { shut, unknown: [range] };
    const last = this.#rule.toBroker(utcMs(range.toUs / 1000)) + DAY_MS;
    let midnight = midnightOf(this.#rule.toBroker(utcMs(range.fromUs / 1000)) - DAY_MS);
    for (; midnight <= last; midnight = brokerMs(midnight + DAY_MS)) {
      const at = (minute: number, which: 'first' | 'last'): number =>
        this.#utcUs(brokerMs(midnight + minute * MINUTE_MS), which);
      const windows = this.windowsOf(midnight);
      if (windows === null) {
        unknown.push({ fromUs: at(0, 'first'), toUs: at(DAY_MINUTES, 'last') });
        continue;
      }
      let from = 0;
      for (const [opens, closes] of [...windows, [DAY_MINUTES, DAY_MINUTES] as const]) {
        if (opens > from) shut.push({ fromUs: at(from, 'last'), toUs: at(opens, 'first') });
        from = closes;
      }
    }
    const inside = intersect([range], unite(unknown));
    return { shut: subtract(intersect([range], unite(shut)), inside), unknown: inside };
  }

  /** One word for a range. `open`: no part is shut. `partly`: some part is. `unknown`: some part is unknown. */
  word(range: Range): SessionWord {
    const { shut, unknown } = this.stretches(range);
    if (unknown.length > 0 || range.toUs <= range.fromUs) return 'unknown';
    if (shut.length === 0) return 'open';
    return subtract([range], shut).length === 0 ? 'shut' : 'partly';
  }

  /** When trading resumes, at most `withinUs` ahead; null if the moment is not known to be shut. */
  shutUntil(atUs: number, withinUs: number): number | null {
    const { shut } = this.stretches({ fromUs: atUs, toUs: atUs + withinUs });
    const [first] = shut;
    return first !== undefined && first.fromUs === atUs ? first.toUs : null;
  }

  #utcUs(broker: BrokerMs, which: 'first' | 'last'): number {
    return this.#rule.read(broker, { fold: which === 'first' ? 1 : 2 }).ms * 1000;
  }
}

export const midnightOf = (broker: number): BrokerMs => brokerMs(Math.floor(broker / DAY_MS) * DAY_MS);

/** A broker's date as text, `2025-12-25`. */
export const dateOf = (broker: BrokerMs): string => new Date(broker).toISOString().slice(0, 10);
