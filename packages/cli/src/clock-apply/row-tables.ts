// The small tables. Claims, sessions and limits name the rule that they were written with, and everything else of an account was written
// with the rule of the claims around it. In: a table, the servers' clocks, the hours that rows of history were left out of. Out: how
// many rows change, and, when asked for, the corrected rows in a table of another name.
import {
  type ClockRule,
  correctCoverage,
  type CoverageRow,
  correctDay,
  correctGap,
  type GapEventRow,
  correctPosition,
  correctSession,
  historyGapId,
  moveTime,
  parseClockRule,
  type PositionRow,
  type Range,
  unite,
} from '@fxtape/market';
import { FxtapeError } from '@fxtape/ops';
import {
  asObjects,
  encodeRows,
  type LostHour,
  type QuestDbHttp,
  readRows,
  type Row,
  type RowCorrected,
  selectList,
  sqlText,
  sqlTimestamp,
  stretchesOf,
  tables,
} from '@fxtape/questdb';
import type { ServerClock } from './apply-state.ts';

const AT_ONCE = 20_000;
const LINES_AT_ONCE = 5000;
/** The scheduler compares days of this age again when they have no row. */
const COMPARED_AGAIN_US = 34 * 86_400_000_000;

type Http = Pick<QuestDbHttp, 'exec' | 'write'>;

export interface RowTablesOptions {
  readonly http: Http;
  readonly servers: readonly ServerClock[];
  readonly lost: readonly (LostHour & { readonly table: string })[];
  readonly nowUs: number;
  /** Where the claims of before stand; default `coverage`. */
  readonly claims?: string;
}

interface Reckoned {
  readonly rows: number;
  readonly changed: number;
}

/** Claims of an account, one after the other: this rule was written with. */
interface Written {
  readonly fromUs: number;
  toUs: number;
  readonly rule: ClockRule;
}

export class RowTables {
  readonly #o: RowTablesOptions;
  readonly #serverOf = new Map<string, ServerClock>();
  readonly #feedServer = new Map<string, ServerClock>();
  readonly #written = new Map<string, Written[]>();

  private constructor(options: RowTablesOptions) {
    this.#o = options;
    for (const server of options.servers)
      for (const { feed, name } of server.accounts) {
        this.#serverOf.set(name, server);
        if (feed !== null) this.#feedServer.set(feed, server);
      }
  }

  /** Reads which rules were written with. Errors: as `exec`. */
  static async make(options: RowTablesOptions): Promise<RowTables> {
    const self = new RowTables(options);
    const names = [...self.#serverOf.keys()].map(sqlText).join(', ');
    if (names === '') return self;
    const rows = asObjects(
      await options.http.exec(
        `SELECT account, source, stream, rule_id, cast(ts as long) a, cast(ts_to as long) b FROM ${options.claims ?? 'coverage'} WHERE account IN (${names}) AND rule_id != '' ORDER BY ts`,
      ),
    );
    for (const { a, account, b, rule_id: rule, source, stream } of rows)
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
    return self;
  }

  /** Counts what changes; writes everything into `shadow` when that is given. Errors: QDB_REFUSED and those of `exec`. */
  async correct(table: RowCorrected, shadow: string | null, source: string = table): Promise<Reckoned> {
    let rows = 0;
    let changed = 0;
    for (const { fromUs, toUs } of await stretchesOf(this.#o.http, source, AT_ONCE)) {
      const answer = await this.#o.http.exec(
        `SELECT ${selectList(table)} FROM ${source} WHERE ts >= ${sqlTimestamp(fromUs)} AND ts < ${sqlTimestamp(toUs)}`,
        { deadlineMs: 120_000 },
      );
      const written: Row[] = [];
      for (const row of readRows(table, answer)) {
        rows++;
        const corrected = this.#corrected(table, row as Row);
        if (corrected.length !== 1 || corrected[0] !== row) changed++;
        written.push(...corrected);
      }
      if (shadow !== null) await this.#write(table, shadow, table === 'coverage' ? widest(written) : written);
    }
    if (table === 'gap_events') {
      const opened = this.#refused();
      changed += opened.length;
      if (shadow !== null) await this.#write(table, shadow, opened);
    }
    return { rows, changed };
  }

  #corrected(table: RowCorrected, row: Row): readonly Row[] {
    const account = row['account'] as string;
    const ofFeed = table === 'daily_quality' || table === 'trading_sessions';
    const server = ofFeed ? this.#feedServer.get(row['feed'] as string) : this.#serverOf.get(account);
    if (server === undefined) return [row];
    const rule = parseClockRule(server.rule);
    switch (table) {
      case 'coverage': {
        const claim = row as unknown as CoverageRow;
        const old = claim.rule_id === '' ? rule : parseClockRule(claim.rule_id);
        return correctCoverage(claim, old, rule, this.#leftOf(claim)) as unknown as readonly Row[];
      }
      case 'gap_events': {
        if (typeof row['ts_from'] !== 'number') return [row];
        const gap = row as unknown as GapEventRow;
        const source = gap.gap_id.includes('|') ? 'history' : 'live';
        const old = this.#writtenWith(account, source, gap.ts_from, gap.stream) ?? rule;
        return [correctGap(gap, old, rule) as unknown as Row];
      }
      case 'positions':
      case 'position_revisions': {
        const position = row as unknown as PositionRow;
        const old = this.#writtenPosition(position) ?? rule;
        const corrected = correctPosition(position, old, rule);
        return corrected === null ? [] : [corrected as unknown as Row];
      }
      case 'history_limits':
        return [this.#correctedLimit(row, rule)];
      case 'daily_quality': {
        const us = row['ts'] as number;
        const moved = correctDay(us, rule);
        if (moved === us) return [row];
        // Its figures are those of other hours: a young day is compared again, an old one is not judged any more.
        if (us > this.#o.nowUs - COMPARED_AGAIN_US) return [];
        return [{ ...row, ts: moved, condition: 'pending', reason: 'compared under another clock rule' }];
      }
      case 'trading_sessions': {
        const decision = row as unknown as Row & { ts: number; rule_id: string | null };
        return [correctSession(decision, rule)];
      }
    }
  }

  /** Its evidence names the rule; that of an older release does not, and then the claims around it do. */
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

  /** The rule that claims of this stream at that time name, else those of the account; null when there is no claim. */
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

  /** The opening has its offset beside it: a rule that reads it otherwise did not write the row, whatever claims say of the close. */
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
      this.#o.lost.flatMap((hour) => {
        const key = this.#keyOf(hour);
        const same =
          key !== null &&
          key.account === claim.account &&
          key.stream === claim.stream &&
          key.symbol === claim.symbol &&
          key.timeframe === claim.timeframe;
        return same ? [bothPasses(hour)] : [];
      }),
    );
  }

  /** Hours of history that are left out stand as gaps, as they would if the right rule had read them. */
  #refused(): Row[] {
    const gaps = new Map<string, Row>();
    for (const hour of this.#o.lost) {
      const key = this.#keyOf(hour);
      if (key === null) continue;
      const range = bothPasses(hour);
      const id = historyGapId(key, range, 'refused');
      const evidence = JSON.stringify({
        why: 'the hour occurs twice',
        rows_left_out: hour.rows,
        by: 'clock apply',
      });
      gaps.set(id, {
        ts: this.#o.nowUs + gaps.size,
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
        evidence,
      });
    }
    return [...gaps.values()];
  }

  #keyOf(hour: LostHour & { readonly table: string }) {
    const stream = STREAM_OF[hour.table];
    const account =
      hour.account ??
      this.#feedServer.get(hour.feed ?? '')?.accounts.find(({ feed }) => feed === hour.feed)?.name ??
      null;
    if (stream === undefined || account === null) return null;
    return { account, feed: hour.feed, symbol: hour.symbol, stream, timeframe: hour.timeframe };
  }

  async #write(table: RowCorrected, shadow: string, rows: readonly Row[]): Promise<void> {
    for (let at = 0; at < rows.length; at += LINES_AT_ONCE) {
      const encoded = encodeRows({ ...tables[table], name: shadow }, rows.slice(at, at + LINES_AT_ONCE));
      const [refused] = encoded.refused;
      if (refused !== undefined) throw notStored(shadow, refused.reason);
      const answer = await this.#o.http.write(shadow, encoded.body);
      if (answer.kind !== 'stored') throw notStored(shadow, answer.message);
    }
  }
}

const STREAM_OF: { readonly [table: string]: string } = {
  ticks: 'ticks',
  bar_events: 'bars',
  bars: 'bars',
  bar_revisions: 'bars',
  trade_events: 'deals',
  deals: 'deals',
  deal_revisions: 'deals',
};

/** Claims that begin at one time after they were moved, though not before: the widest holds, as each of them is true. */
const widest = (claims: readonly Row[]): Row[] => {
  const found = new Map<string, Row>();
  for (const claim of claims) {
    const key = JSON.stringify(tables.coverage.keys.map((name) => claim[name] ?? null));
    const known = found.get(key);
    if (known === undefined || Number(known['ts_to']) < Number(claim['ts_to'])) found.set(key, claim);
  }
  return [...found.values()];
};

const RULE_NAMED = /"rule":"([^"]+)"/;

const bothPasses = ({ span }: LostHour): Range => ({
  fromUs: span.fromUs - span.firstS * 1_000_000,
  toUs: span.toUs - span.secondS * 1_000_000,
});

const notStored = (table: string, reason: string): FxtapeError =>
  new FxtapeError({
    code: 'QDB_REFUSED',
    kind: 'transient',
    message: `QuestDB did not take corrected rows into ${table}: ${reason}`,
    hint: 'Run `fxtape clock apply` again: it resumes where it stopped',
    context: { table },
  });
