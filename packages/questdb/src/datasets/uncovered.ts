// Where it is not known whether rows are missing: between the coverage of a series and outside of its gaps. A recorder that was killed tells of
// its gap only when it runs again; rows on the tape, and history that is still fetched, have no coverage yet. In: a selection and its gaps.
// Out: ranges per series and timeframe, from the first claim of each on: before it nobody recorded.
import type { KnownGap, Range, Selection, UncoveredRange } from '@fxtape/datasets';
import { datasetKinds } from '@fxtape/datasets/kinds';
import { asObjects, type Cell } from '../wire/exec-answer.ts';
import type { CallOptions, QuestDbHttp } from '../wire/quest-db-http.ts';
import { sqlText } from '../wire/sql-text.ts';
import { STREAM_OF } from './known-facts.ts';
import { nameSql } from './name-sql.ts';
import { whereSql } from './row-sql.ts';

/** Whichever account recorded a feed, and whether live or from history. Sorted by series and time. Errors: as `exec`. */
export async function uncoveredRanges(
  http: Pick<QuestDbHttp, 'exec'>,
  selection: Selection,
  gaps: readonly KnownGap[],
  options: CallOptions,
): Promise<UncoveredRange[]> {
  const { accounts, asOfUs, feeds, kind, symbols, timeframes } = selection;
  const stream = STREAM_OF[kind];
  // When a claim was made is not kept.
  if (stream === null || asOfUs !== null) return [];
  const isOfFeed = datasetKinds[kind].series.includes('feed');
  const by = isOfFeed ? 'feed, symbol, timeframe' : 'account';
  const where = [
    `stream = ${sqlText(stream)}`,
    (isOfFeed ? nameSql('feed', feeds) : nameSql('account', accounts)) ?? [],
    (isOfFeed ? nameSql('symbol', symbols) : null) ?? [],
    (kind === 'bars' ? nameSql('timeframe', timeframes) : null) ?? [],
    'ts_to > ts',
  ].flat();
  const claims = `SELECT ${by}, ts, cast(ts_to as long) ends FROM coverage${whereSql(where)}`;
  // The end first: a claim that is written in between must not look like a hole.
  const ends = await http.exec(`SELECT ${by}, max(ends) ends FROM (${claims}) ORDER BY ${by}`, options);
  const between = await http.exec(
    `SELECT ${by}, reach, cast(ts as long) starts FROM (
      SELECT ${by}, ts, max(ends) OVER (PARTITION BY ${by} ORDER BY ts ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) reach
      FROM (${claims})
    ) WHERE cast(ts as long) > reach ORDER BY ${by}, ts`,
    options,
  );
  const holes = [
    ...asObjects(between).map((row) => hole(row, Number(row['reach']), Number(row['starts']))),
    ...asObjects(ends).map((row) => hole(row, Number(row['ends']), Number.POSITIVE_INFINITY)),
  ];
  return holes
    .flatMap((each) =>
      without(
        clip(each, selection),
        gaps.filter((gap) => isOf(gap, each)),
      ).map((range) => ({ ...each, ...range })),
    )
    .toSorted((a, b) => compare(keyOf(a), keyOf(b)) || a.fromUs - b.fromUs);
}

const text = (cell: Cell | undefined): string | null =>
  cell === null || cell === undefined ? null : String(cell);

const hole = (row: Readonly<Record<string, Cell>>, fromUs: number, toUs: number): UncoveredRange => ({
  account: text(row['account']),
  feed: text(row['feed']),
  symbol: text(row['symbol']),
  timeframe: text(row['timeframe']),
  fromUs,
  toUs,
});

const clip = (range: Range, to: Range): Range => ({
  fromUs: Math.max(range.fromUs, to.fromUs),
  toUs: Math.min(range.toUs, to.toUs),
});

/** A gap without a symbol or a timeframe is one of all of them. */
function isOf(gap: KnownGap, { account, feed, symbol, timeframe }: UncoveredRange): boolean {
  if (feed === null) return gap.account === account;
  const isOfSymbol = gap.symbol === null || gap.symbol === symbol;
  return gap.feed === feed && isOfSymbol && (gap.timeframe === null || gap.timeframe === timeframe);
}

/** What is left of a range outside of the gaps. */
export function without(
  { fromUs, toUs }: Range,
  gaps: readonly Pick<KnownGap, 'fromUs' | 'toUs'>[],
): Range[] {
  const left: Range[] = [];
  let atUs = fromUs;
  for (const gap of gaps.toSorted((a, b) => a.fromUs - b.fromUs)) {
    if (gap.fromUs >= toUs) break;
    if (gap.fromUs > atUs) left.push({ fromUs: atUs, toUs: gap.fromUs });
    atUs = Math.max(atUs, gap.toUs ?? Number.POSITIVE_INFINITY);
  }
  if (atUs < toUs) left.push({ fromUs: atUs, toUs });
  return left;
}

const keyOf = ({ account, feed, symbol, timeframe }: UncoveredRange): string =>
  JSON.stringify([feed ?? account, symbol, timeframe]);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
