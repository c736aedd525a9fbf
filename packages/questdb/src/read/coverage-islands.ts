// Unites the coverage of an account, or of an account and its feed, into few ranges. In: whose coverage; it may have hundreds of thousands of
// claims (rows of `coverage`), many of which touch or overlap. Out: the united ranges per stream and source. The database unites them, because
// sending every claim takes seconds. It answers with the claims that start beyond the end of all before them, and that end (`reach`).
//
//   claims      ├──────┤
//                  ├───────┤          ├────┤
//   answered    A (reach: none)       B (reach: end of the second)      and once per stream: the furthest end
//   islands     ├──────────┤          ├────┤
import { asObjects, type Cell, type ExecAnswer } from '../wire/exec-answer.ts';
import { sqlText, sqlWhose, type Whose } from '../wire/sql-text.ts';

/** `[fromUs, toUs)` of one stream, known to be complete. `feed`, `symbol`, `timeframe` are null where they do not apply. */
export interface CoverageRange {
  readonly account: string;
  readonly feed: string | null;
  readonly symbol: string | null;
  readonly stream: string;
  readonly timeframe: string | null;
  readonly source: 'live' | 'history';
  /** Microseconds, UTC. */
  readonly fromUs: number;
  readonly toUs: number;
}

const STREAM = 'account, feed, symbol, stream, timeframe, source';

function claims(whose: Whose, source: CoverageRange['source'] | undefined): string {
  const only = source === undefined ? '' : ` AND source = ${sqlText(source)}`;
  return `SELECT ${STREAM}, ts, cast(ts_to as long) ends FROM coverage WHERE ${sqlWhose(whose)}${only} AND ts_to > ts`;
}

/** How far each stream reaches. Query it before the starts: a claim written in between is then left out instead of stretched. */
export function reachSql(whose: Whose, source?: CoverageRange['source']): string {
  return `SELECT ${STREAM}, max(ends) reach FROM (${claims(whose, source)})`;
}

/** Where each island starts, and where the one before it ends (`reach`; null for the first), in order within a stream. */
export function startsSql(whose: Whose, source?: CoverageRange['source']): string {
  return `SELECT ${STREAM}, cast(ts as long) starts, reach FROM (
    SELECT ${STREAM}, ts, max(ends) OVER (PARTITION BY ${STREAM} ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) reach
    FROM (${claims(whose, source)})
  ) WHERE reach IS NULL OR cast(ts as long) > reach ORDER BY ts`;
}

/** The ranges from both answers, by stream and start. */
export function islands(reach: ExecAnswer, starts: ExecAnswer): CoverageRange[] {
  const streams = new Map<string, { key: Record<string, Cell>; from: number[]; to: number[] }>();
  for (const row of asObjects(starts)) {
    const id = streamOf(row);
    let stream = streams.get(id);
    if (stream === undefined) streams.set(id, (stream = { key: row, from: [], to: [] }));
    // The end of the island before this one; the first of a stream has none before it.
    if (stream.from.length > 0) stream.to.push(Number(row['reach']));
    stream.from.push(Number(row['starts']));
  }
  for (const row of asObjects(reach)) streams.get(streamOf(row))?.to.push(Number(row['reach']));
  const ranges: CoverageRange[] = [];
  for (const { key, from, to } of streams.values()) {
    for (const [i, fromUs] of from.entries()) {
      const toUs = to[i];
      // The reach was queried first: an island that began since then has no end yet, and is left out.
      if (toUs === undefined || toUs <= fromUs) continue;
      ranges.push({
        account: key['account'] as string,
        feed: key['feed'] as string | null,
        symbol: key['symbol'] as string | null,
        stream: key['stream'] as string,
        timeframe: key['timeframe'] as string | null,
        source: key['source'] as CoverageRange['source'],
        fromUs,
        toUs,
      });
    }
  }
  return ranges;
}

function streamOf(row: Record<string, Cell>): string {
  return JSON.stringify([
    row['account'],
    row['feed'],
    row['symbol'],
    row['stream'],
    row['timeframe'],
    row['source'],
  ]);
}
