// Where trading weeks begin and end in broker time, read from the opens of hourly bars. In: broker times of opens, oldest first. Out: at most one
// open and one close per week; none for a symbol that trades on weekends.
//
//        Friday            Saturday noon                Monday
//   ▌▌▌▌▌▌▌▌│ close ─────────────│───────────── open │▌▌▌▌▌▌▌▌▌▌▌▌

import { type BrokerMs, brokerMs, formatBrokerTime, parseBrokerTime } from '../time/time.ts';
import { HOUR_MS, DAY_MS } from '../time/units.ts';

const EDGE_KINDS = ['open', 'close'] as const;
export type EdgeKind = (typeof EDGE_KINDS)[number];

export interface WeekEdge {
  /** Number of the week that begins at a Saturday noon of the wall clock. */
  readonly week: number;
  readonly kind: EdgeKind;
  readonly brokerMs: BrokerMs;
}

const WEEK = 7 * DAY_MS;
/** 1970-01-03 was a Saturday. Its noon is shut under every clock from UTC−12 to UTC+14. */
const FIRST_NOON = 2 * DAY_MS + DAY_MS / 2;
/** A weekend is longer than this, a daily rest is not. */
const LEAST_WEEKEND = DAY_MS;

/** Number of the week that holds a time of the wall clock, or of UTC. */
export const weekOf = (ms: number): number => Math.floor((ms - FIRST_NOON) / WEEK);

/** The Saturday noon at which a week begins. */
export const weekStart = (week: number): number => week * WEEK + FIRST_NOON;

/** Edges by week, from opens of hourly bars in broker time, oldest first. Times that do not go forwards are passed over. */
export const weekEdges = (opens: readonly BrokerMs[]): WeekEdge[] => {
  const edges: WeekEdge[] = [];
  let last: number | null = null;
  for (const open of opens) {
    if (last !== null && open <= last) continue;
    if (last !== null && open - last - HOUR_MS >= LEAST_WEEKEND) {
      const [before, after] = [weekOf(last), weekOf(open)];
      if (before !== after) {
        edges.push({ week: before, kind: 'close', brokerMs: brokerMs(last + HOUR_MS) });
        edges.push({ week: after, kind: 'open', brokerMs: open });
      }
    }
    last = open;
  }
  return edges;
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
      // A close stands at the end of a bar, which began in its week.
      const begins = kind === 'open' ? time.ms : time.ms - HOUR_MS;
      edges.push({ week: weekOf(begins), kind, brokerMs: time.ms });
    }
  }
  return edges.toSorted((a, b) => a.brokerMs - b.brokerMs);
};
