// Hourly bars as a broker shows them, made without anything of the inference: markets that open by their own clocks, and a broker's wall clock,
// both from published zone data. In: a market, a broker. Out: opens of bars on the broker's wall clock, and what its clock showed when.
import moment from 'moment-timezone';
import { type BrokerMs, brokerMs } from '../src/time/time.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const QUARTER = HOUR / 4;
const WEEK_MINUTES = 7 * 1440;

/** `[from, to)` in minutes of the local week, which begins on Sunday. */
type Session = readonly [from: number, to: number];

interface Market {
  readonly zone: string;
  readonly sessions: readonly Session[];
  /** Month and day on which it is shut, and on which it shuts at 13:00. */
  readonly shut?: readonly string[];
  readonly early?: readonly string[];
}

const at = (day: number, hour: number, minute = 0): number => day * 1440 + hour * 60 + minute;
const daily = (days: readonly number[], ...hours: readonly (readonly [number, number])[]): Session[] =>
  days.flatMap((day) => hours.map(([from, to]): Session => [day * 1440 + from * 60, day * 1440 + to * 60]));
const WORKDAYS = [1, 2, 3, 4, 5];
const WEST = { shut: ['12-25', '1-1'], early: ['12-24', '12-31'] };
/** CME: an hour of rest each day. */
const METALS = [0, 1, 2, 3, 4].map((day): Session => [at(day, 18), at(day + 1, 17)]);

export const MARKETS = {
  currencies: { zone: 'America/New_York', sessions: [[at(0, 17), at(5, 17)]], ...WEST },
  metals: { zone: 'America/New_York', sessions: METALS, ...WEST, early: [...WEST.early, '7-3', '11-27'] },
  crypto: { zone: 'UTC', sessions: [[0, WEEK_MINUTES]] },
  'US shares': { zone: 'America/New_York', sessions: daily(WORKDAYS, [9.5, 16]), ...WEST },
  'DAX shares': { zone: 'Europe/Berlin', sessions: daily(WORKDAYS, [9, 17.5]), ...WEST },
  'DAX index': { zone: 'Europe/Berlin', sessions: daily(WORKDAYS, [1.25, 22]), ...WEST },
  'London shares': { zone: 'Europe/London', sessions: daily(WORKDAYS, [8, 16.5]), ...WEST },
  'Tokyo shares': {
    zone: 'Asia/Tokyo',
    sessions: daily(WORKDAYS, [9, 11.5], [12.5, 15.5]),
    shut: ['1-1', '1-2', '1-3'],
  },
  'Hong Kong shares': { zone: 'Asia/Hong_Kong', sessions: daily(WORKDAYS, [9.5, 12], [13, 16]), ...WEST },
  'Sydney shares': { zone: 'Australia/Sydney', sessions: daily(WORKDAYS, [10, 16]), ...WEST },
  'Riyadh shares': { zone: 'Asia/Riyadh', sessions: daily([0, 1, 2, 3, 4], [10, 15]) },
  // A day and night market with its weekend on Friday and Saturday.
  'Riyadh, five days': { zone: 'Asia/Riyadh', sessions: [[0, at(5, 0)]] },
} as const satisfies Record<string, Market>;
export type MarketName = keyof typeof MARKETS;

/** A zone with a shift in hours until an instant, then the next one. */
export type Piece = readonly [zone: string, shiftH: number, untilUtc?: number];
export type Broker = readonly Piece[];

/** All that is made lies in here. */
export const SPAN = { from: Date.UTC(2023, 8, 1), to: Date.UTC(2028, 1, 1) } as const;
/** Bars reach so far. */
const LAST_BAR = Date.UTC(2027, 1, 1);

const once = <K, V>(make: (key: K) => V): ((key: K) => V) => {
  const made = new Map<K, V>();
  return (key) => {
    const known = made.get(key) ?? make(key);
    made.set(key, known);
    return known;
  };
};

const zoneOf = once((name: string) => moment.tz.zone(name) as moment.MomentZone);

/** Offset in milliseconds at the start of each hour of the span. */
export const offsetsOf = once((broker: Broker): Int32Array => {
  const hours = new Int32Array((SPAN.to - SPAN.from) / HOUR);
  return hours.map((_, i) => {
    const utc = SPAN.from + i * HOUR;
    const [zone, shiftH] = broker.find(([, , until]) => until === undefined || utc < until) as Piece;
    return Math.round(zoneOf(zone).utcOffset(utc) * -60_000 + shiftH * HOUR);
  });
});

const indexOf = (utc: number): number => Math.floor((utc - SPAN.from) / HOUR);

export const offsetSOf = (broker: Broker, utc: number): number =>
  (offsetsOf(broker)[indexOf(utc)] as number) / 1000;

const monthAndDay = (ms: number): string => {
  const date = new Date(ms);
  return `${date.getUTCMonth() + 1}-${date.getUTCDate()}`;
};

const isOpen = ({ early = [], sessions, shut = [] }: Market, localMs: number): boolean => {
  const local = new Date(localMs);
  const minute = local.getUTCDay() * 1440 + local.getUTCHours() * 60 + local.getUTCMinutes();
  if (!sessions.some(([from, to]) => minute >= from && minute < to)) return false;
  // The trading day of an evening belongs to the date on which it ends.
  if (shut.length > 0 && shut.includes(monthAndDay(localMs + 7 * HOUR))) return false;
  const afternoon = local.getUTCHours() >= 13 && local.getUTCHours() < 17;
  return !(afternoon && early.includes(monthAndDay(localMs)));
};

/** Quarters of an hour in which a market trades, UTC. */
const traded = once((name: MarketName): number[] => {
  const market: Market = MARKETS[name];
  const home = offsetsOf([[market.zone, 0]]);
  const quarters: number[] = [];
  for (let utc = SPAN.from; utc < LAST_BAR; utc += QUARTER)
    if (isOpen(market, utc + (home[indexOf(utc)] as number))) quarters.push(utc);
  return quarters;
});

export const hourlyOpens = (market: MarketName, broker: Broker): BrokerMs[] => {
  const offsets = offsetsOf(broker);
  const opens: BrokerMs[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (const utc of traded(market)) {
    const wall = utc + (offsets[indexOf(utc)] as number);
    const open = wall - (((wall % HOUR) + HOUR) % HOUR);
    if (open <= last) continue;
    last = open;
    opens.push(brokerMs(open));
  }
  return opens;
};
