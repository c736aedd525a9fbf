// Where trading weeks and daily breaks begin and end on a broker's wall clock, read from the opens of hourly bars. In: broker times of
// opens, oldest first. Out: at most one open, one close and one daily break a week. A symbol that trades on weekends has no week
// edge, and one without a rest has no break: then nothing is said.
//
//        Friday            Saturday noon                Monday
//   ▌▌▌▌▌▌▌▌│ close ─────────────│───────────── open │▌▌▌▌▌▌ ▌▌▌▌▌▌ ▌▌▌▌
//                                                          └ break

import { type BrokerMs, brokerMs, formatBrokerTime, parseBrokerTime } from '../time.ts';

export const EDGE_KINDS = ['open', 'close', 'break'] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];

export interface WeekEdge {
  /** Number of the week that begins at a Saturday noon of the wall clock. */
  readonly week: number;
  readonly kind: EdgeKind;
  readonly brokerMs: BrokerMs;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
/** 1970-01-03 was a Saturday. Its noon is shut under every clock from UTC−12 to UTC+14. */
const FIRST_NOON = 2 * DAY + DAY / 2;
/** A weekend is longer than this, a daily break is not. */
const LEAST_WEEKEND = DAY;
const LONGEST_BREAK = 3 * HOUR;
/** A rest that is not there on so many days of a week is a thin market. */
const BREAK_DAYS = 3;

/** Number of the week that holds a time of the wall clock, or of UTC. */
export const weekOf = (ms: number): number => Math.floor((ms - FIRST_NOON) / WEEK);

/** The Saturday noon at which a week begins. */
export const weekStart = (week: number): number => week * WEEK + FIRST_NOON;

const hourOfDay = (ms: number): number => Math.floor((((ms % DAY) + DAY) % DAY) / HOUR);

/** The rest that repeats at one hour of the days of a week: its last occurrence, null when none does. */
const repeatedRest = (begins: readonly BrokerMs[]): BrokerMs | null => {
  const byHour = Map.groupBy(begins, hourOfDay);
  const [most] = [...byHour.values()].toSorted((a, b) => b.length - a.length);
  return most !== undefined && most.length >= BREAK_DAYS ? (most.at(-1) as BrokerMs) : null;
};

/** Edges by week, from opens of hourly bars in broker time, oldest first. Times that do not go forwards are passed over. */
export const weekEdges = (opens: readonly BrokerMs[]): WeekEdge[] => {
  const edges: WeekEdge[] = [];
  const rests = new Map<number, BrokerMs[]>();
  let last: number | null = null;
  for (const open of opens) {
    if (last !== null && open <= last) continue;
    if (last !== null && open - last > HOUR) {
      const end = brokerMs(last + HOUR);
      const [before, after] = [weekOf(last), weekOf(open)];
      if (before !== after && open - end >= LEAST_WEEKEND) {
        edges.push({ week: before, kind: 'close', brokerMs: end });
        edges.push({ week: after, kind: 'open', brokerMs: open });
      } else if (before === after && open - end <= LONGEST_BREAK) {
        rests.set(before, [...(rests.get(before) ?? []), end]);
      }
    }
    last = open;
  }
  for (const [week, begins] of rests) {
    const rest = repeatedRest(begins);
    if (rest !== null) edges.push({ week, kind: 'break', brokerMs: rest });
  }
  return edges.toSorted((a, b) => a.brokerMs - b.brokerMs);
};

/** Edges as JSON: by kind, the wall clock to the minute. */
export const spellEdges = (edges: readonly WeekEdge[]): string =>
  JSON.stringify(
    Object.fromEntries(
      EDGE_KINDS.map((kind) => [
        kind,
        edges.flatMap((edge) => (edge.kind === kind ? [formatBrokerTime(edge.brokerMs).slice(0, 16)] : [])),
      ]),
    ),
  );

/** Reads what `spellEdges` wrote; null for anything else. */
export const readEdges = (text: string): WeekEdge[] | null => {
  let told: unknown;
  try {
    told = JSON.parse(text);
  } catch {
    return null;
  }
  const edges: WeekEdge[] = [];
  for (const kind of EDGE_KINDS) {
    const times: unknown = (told as Record<string, unknown> | null)?.[kind] ?? [];
    if (!Array.isArray(times)) return null;
    for (const each of times) {
      const time = typeof each === 'string' ? parseBrokerTime(`${each}:00`) : null;
      if (time === null) return null;
      // A close and a rest stand at the end of a bar, which began in their week.
      const begins = kind === 'open' ? time.ms : time.ms - HOUR;
      edges.push({ week: weekOf(begins), kind, brokerMs: time.ms });
    }
  }
  return edges.toSorted((a, b) => a.brokerMs - b.brokerMs);
};
