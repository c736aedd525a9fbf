// The small tables. Rows of `coverage`, sessions and limits name the rule with which they were written; everything else of an account was
// written with the rule of the coverage around it. In: a table, the servers' clocks, the hours whose history rows were left out. Out: how
// many rows change and, on request, a copy with the corrected rows.
import {
  type ClockRule,
  correctCoverage,
  correctDay,
  correctGap,
  correctPosition,
  correctSession,
  type CoverageRow,
  type GapEventRow,
  historyGapId,
  moveTime,
  parseClockRule,
  type PositionRow,
  type Range,
  type Row,
  unite,
} from '@fxtape/market';
import type { Clock } from '@fxtape/ops';
import { asObjects, type LostHour, type QuestDbHttp, type RowCorrected } from '@fxtape/questdb';
import type { ServerClock } from './apply-state.ts';
import { ownColumns as wouldLose } from './errors.ts';
import { ownColumns, type RankedRow, rowsOf, writeCopy } from './row-copy.ts';

/** The scheduler compares days of this age again when they have no row. */
const COMPARED_AGAIN_US = 34 * 86_400_000_000;

type Http = Pick<QuestDbHttp, 'exec' | 'write'>;

export interface RowTablesOptions {
  readonly http: Http;
  readonly clock: Clock;
  readonly servers: readonly ServerClock[];
  readonly lost: readonly LostHour[];
  /** Where the rows of a table stand now. */
  readonly sourceOf: (table: string) => string;
}

interface Reckoned {
  readonly rows: number;
  readonly changed: number;
}

/** A stretch of coverage of an account, and the rule that it was written with. */
interface Written {
  readonly fromUs: number;
  toUs: number;
  readonly rule: ClockRule;
}

/** A range that is no longer covered and becomes a gap. */
interface Left {
  readonly account: string;
  readonly feed: string | null;
  readonly symbol: string | null;
  readonly stream: string;
  readonly timeframe: string | null;
  readonly range: Range;
  readonly rows: number;
}

export class RowTables {
  readonly #o: RowTablesOptions;
  readonly #nowUs: number;
  readonly #serverOf = new Map<string, ServerClock>();
  readonly #feedServer = new Map<string, ServerClock>();
  readonly #written = new Map<string, Written[]>();
  readonly #left: readonly Left[];
  /** Filled when `positions` is read, which comes before coverage and gaps in the list of tables. */
  #positionsLeft: Left[] = [];

  private constructor(options: RowTablesOptions) {
    this.#o = options;
    this.#nowUs = options.clock.nowUs();
    for (const server of options.servers)
      for (const { feed, name } of server.accounts) {
        this.#serverOf.set(name, server);
        if (feed !== null) this.#feedServer.set(feed, server);
      }
    this.#left = options.lost.flatMap((hour) => {
      const { feed, rows, stream, symbol, timeframe } = hour;
      const recorder = this.#feedServer.get(feed ?? '')?.accounts.find((each) => each.feed === feed)?.name;
      const account = hour.account ?? recorder;
      if (account === undefined) return [];
      return [{ account, feed, symbol, stream, timeframe, range: bothPasses(hour), rows }];
    });
  }

  /** Reads which rules the rows were written with. Errors: as `exec`. */
  static async make(options: RowTablesOptions): Promise<RowTables> {
    const self = new RowTables(options);
    const rows = asObjects(
      await options.http.exec(
        `SELECT account, source, stream, rule_id, cast(ts as long) a, cast(ts_to as long) b FROM ${options.sourceOf('coverage')} WHERE rule_id != '' ORDER BY ts`,
        { deadlineMs: 120_000 },
      ),
    );
    for (const { a, account, b, rule_id: rule, source, stream } of rows) {
      if (!self.#serverOf.has(String(account))) continue;
      for (const key of [
        [source, account],
        [source, account, stream],
      ].map((words) => words.join('|'))) {
        const list = self.#written.get(key) ?? [];
        self.#written.set(key, list);
        const last = list.at(-1);
        if (last !== undefined && last.rule.id === rule) last.toUs = Math.max(last.toUs, Number(b));
        else list.push({ fromUs: Number(a), toUs: Number(b), rule: parseClockRule(rule as string) });
      }
    }
    return self;
  }

  /** How many rows there are, and how many change. Errors: as `exec`. */
  async reckon(table: RowCorrected): Promise<Reckoned> {
    const sum = { rows: 0, changed: 0 };
    for await (const _ of this.#pieces(table, sum));
    return sum;
  }

  /** Writes the corrected rows into a copy. Errors: CLOCK_APPLY_OWN_COLUMNS, CLOCK_APPLY_UNLIKE, QDB_REFUSED and those of `exec`. */
  async copy(table: RowCorrected, copy: string): Promise<void> {
    const { clock, http, sourceOf } = this.#o;
    const of = { http, clock, table, source: sourceOf(table) };
    // Somebody may have added columns since the plan was made.
    const own = await ownColumns(http, table, of.source);
    if (own.length > 0) throw wouldLose(table, own);
    await writeCopy(of, copy, () => this.#allPieces(table));
  }

  /** For positions also their versions: the newest is kept. */
  async *#allPieces(table: RowCorrected): AsyncGenerator<RankedRow[]> {
    if (table === 'positions') yield* this.#pieces('position_revisions', { rows: 0, changed: 0 });
    yield* this.#pieces(table, { rows: 0, changed: 0 });
  }

  async *#pieces(table: RowCorrected, sum: { rows: number; changed: number }): AsyncGenerator<RankedRow[]> {
    if (table === 'positions') this.#positionsLeft = [];
    for await (const rows of rowsOf(this.#o.http, table, this.#o.sourceOf(table))) {
      const piece: RankedRow[] = [];
      for (const row of rows) {
        sum.rows++;
        const corrected = this.#corrected(table, row);
        const stays = corrected.length === 1 && corrected[0] === row;
        if (!stays) sum.changed++;
        for (const each of corrected) piece.push({ row: each, rank: rankOf(table, each, stays) });
      }
      yield piece;
    }
    if (table !== 'gap_events') return;
    const opened = this.#refused();
    sum.changed += opened.length;
    yield opened.map((row) => ({ row, rank: 0 }));
  }

  #corrected(table: RowCorrected, row: Row): readonly Row[] {
    const account = row['account'] as string;
    const ofFeed = table === 'daily_quality' || table === 'trading_sessions';
    const server = ofFeed ? this.#feedServer.get(row['feed'] as string) : this.#serverOf.get(account);
    if (server === undefined) return [row];
    const rule = parseClockRule(server.rule);
    switch (table) {
      case 'coverage': {
        const claim = row as CoverageRow;
        const old = claim.rule_id === '' ? rule : parseClockRule(claim.rule_id);
        return correctCoverage(claim, old, rule, this.#leftOf(claim));
      }
      case 'gap_events': {
        if (typeof row['ts_from'] !== 'number') return [row];
        const gap = row as GapEventRow;
        const source = gap.gap_id.includes('|') ? 'history' : 'live';
        const old = this.#writtenWith(account, source, gap.ts_from, gap.stream) ?? rule;
        return [correctGap(gap, old, rule)];
      }
      case 'positions':
      case 'position_revisions': {
        const position = row as PositionRow;
        const old = this.#writtenPosition(position) ?? rule;
        const corrected = correctPosition(position, old, rule);
        if ('row' in corrected) return [corrected.row];
        const key = { account, feed: null, symbol: null, stream: 'positions', timeframe: null };
        if (table === 'positions') this.#positionsLeft.push({ ...key, range: corrected.left, rows: 1 });
        return [];
      }
      case 'history_limits':
        return [this.#correctedLimit(row, rule)];
      case 'daily_quality': {
        const us = row['ts'] as number;
        const moved = correctDay(us, rule);
        if (moved === us) return [row];
        // Its figures are of other hours: a recent day is compared again, an old one is dropped.
        if (us > this.#nowUs - COMPARED_AGAIN_US) return [];
        return [{ ...row, ts: moved, condition: 'pending', reason: 'compared under another clock rule' }];
      }
      case 'trading_sessions': {
        const decision = row as Row & { ts: number; rule_id: string | null };
        return [correctSession(decision, rule)];
      }
    }
  }

  /** The rule is in its evidence; for rows of older releases it is that of the coverage around it. */
  #correctedLimit(row: Row, rule: ClockRule): Row {
    const us = row['ts_earliest'] as number | null;
    if (us === null) return row;
    const evidence = row['evidence'] as string | null;
    const named = RULE_NAMED.exec(evidence ?? '')?.[1];
    const old =
      named === undefined
        ? this.#writtenWith(row['account'] as string, 'history', us, row['stream'] as string)
        : parseClockRule(named);
    const moved = old === null ? us : moveTime(us, old, rule, 1);
    if (moved === us && (named === undefined || named === rule.id)) return row;
    return {
      ...row,
      ts_earliest: moved,
      evidence: evidence?.replace(RULE_NAMED, `"rule":${JSON.stringify(rule.id)}`) ?? null,
    };
  }

  /** The rule of the stream's coverage at that time, else of the account's; null when nothing is covered. */
  #writtenWith(account: string, source: 'live' | 'history', us: number, stream: string): ClockRule | null {
    const other = source === 'live' ? 'history' : 'live';
    // One tape wrote all live streams; each stream of history is read by itself.
    const keys = [
      [source, account],
      [other, account],
    ];
    if (source === 'history') keys.unshift([source, account, stream]);
    const list = keys.map((key) => this.#written.get(key.join('|'))).find((each) => each !== undefined);
    if (list === undefined) return null;
    const before = list.filter(({ fromUs }) => fromUs <= us);
    return (before.findLast(({ toUs }) => us < toUs) ?? before.at(-1) ?? list[0])?.rule ?? null;
  }

  /** The offset of the opening is stored: a rule that gives another one did not write the row, whatever rule covers its close. */
  #writtenPosition({ account, ts, ts_close: closed, utc_offset_s: offsetS }: PositionRow): ClockRule | null {
    const said = this.#writtenWith(account, 'history', closed, 'positions');
    const known = ['history', 'live'].flatMap((source) => this.#written.get(`${source}|${account}`) ?? []);
    const rules = [said, ...known.map(({ rule }) => rule), this.#right(account)];
    return rules.find((rule) => rule?.offsetAt(ts / 1000) === offsetS) ?? said;
  }

  #right(account: string): ClockRule | null {
    const server = this.#serverOf.get(account);
    return server === undefined ? null : parseClockRule(server.rule);
  }

  #leftOf(claim: CoverageRow): readonly Range[] {
    return unite(
      [...this.#left, ...this.#positionsLeft].flatMap(({ range, ...key }) => {
        // Whoever recorded a feed: the rows are the feed's.
        const whose = key.feed === null ? key.account === claim.account : key.feed === claim.feed;
        const same =
          whose &&
          key.stream === claim.stream &&
          key.symbol === claim.symbol &&
          key.timeframe === claim.timeframe;
        return same ? [range] : [];
      }),
    );
  }

  /** Hours of history that are left out become gaps, as they would if the right rule had read them. */
  #refused(): Row[] {
    const gaps = new Map<string, Row>();
    for (const { range, rows, ...key } of [...this.#left, ...this.#positionsLeft]) {
      const id = historyGapId(key, range, 'refused');
      const evidence = { why: 'the hour occurs twice', rows_left_out: rows, by: 'clock apply' };
      gaps.set(id, {
        ts: this.#nowUs + gaps.size,
        gap_id: id,
        writer: 'backfill',
        outage_id: id,
        ...key,
        event: 'opened',
        ts_from: range.fromUs,
        ts_to: range.toUs,
        cause: 'refused',
        state: 'open',
        rows_healed: null,
        missing_estimate: null,
        evidence: JSON.stringify(evidence),
      });
    }
    return [...gaps.values()];
  }
}

/**
 * Which of several rows with one key is kept: of coverage the widest, as each of them is true; of positions the one seen last; of days the one
 * that was judged with the right rule.
 */
const rankOf = (table: RowCorrected, row: Row, stays: boolean): number => {
  if (table === 'coverage') return Number(row['ts_to']);
  if (table === 'positions' || table === 'position_revisions') return Number(row['ts_seen'] ?? 0);
  return table === 'daily_quality' && stays ? 1 : 0;
};

const RULE_NAMED = /"rule":"([^"]+)"/;

const bothPasses = ({ span }: LostHour): Range => ({
  fromUs: span.fromUs - span.firstS * 1_000_000,
  toUs: span.toUs - span.secondS * 1_000_000,
});
