// One table and the corrected copy that will take its place. In: the clocks of the servers, stretches of time, marks of what was copied.
// Out: rows in the copy, counts, and the two renames. Everything here may run twice: keys make a second copy of a row the same row.
import type { Clock } from '@fxtape/ops';
import { asObjects, type Cell } from '../exec-answer.ts';
import type { QuestDbHttp } from '../quest-db-http.ts';
import { requireSettled } from '../settled-tables.ts';
import { sqlText, sqlTimestamp } from '../sql-text.ts';
import type { TableDef } from '../table-def.ts';
import { tables } from '../tables.ts';
import { walTables } from '../wal-tables.ts';
import { SQL_CORRECTED, type SqlCorrected, type SqlCorrection } from './corrected-tables.ts';
import { correctedSql, type WallClock } from './offset-sql.ts';

type Http = Pick<QuestDbHttp, 'exec'>;

/** A stretch of a table `[fromUs, toUs)` with what lies in it. */
export interface Stretch {
  readonly fromUs: number;
  readonly toUs: number;
  readonly rows: number;
  readonly bytes: number;
}

/** Up to where the rows of one writer were copied. */
export interface Mark {
  readonly name: string | null;
  readonly history: boolean;
  readonly us: number;
}

export interface Reckoning {
  readonly rows: number;
  /** Rows that get another time. */
  readonly moved: number;
  /** Rows of history in an hour that occurs twice, which nothing tells the passes of. */
  readonly lost: number;
  /** Least and greatest seconds by which rows move; null when none does. */
  readonly leastS: number | null;
  readonly mostS: number | null;
}

/** One statement may take so long. */
const STATEMENT_MS = 600_000;
const SETTLE_MS = 600_000;
/** By so much a clock can be moved, and more. */
const REACH_US = 30 * 3_600_000_000;
/** Of live rows: two tapes may meet. Of history: answers of several processes are written in no order, and wait while the database is away. */
const LIVE_BACK_US = 600_000_000;
const HISTORY_BACK_US = 24 * 3_600_000_000;

/** A table from its beginning to its end by partitions, each cut so that no stretch has many more than `most` rows. Errors: as `exec`. */
export async function stretchesOf(http: Http, table: string, most: number): Promise<Stretch[]> {
  const rows = asObjects(
    await http.exec(
      `SELECT cast(minTimestamp as long) a, cast(maxTimestamp as long) b, numRows n, diskSize size FROM table_partitions(${sqlText(table)}) WHERE numRows > 0 ORDER BY index`,
    ),
  );
  return rows.flatMap(({ a, b, n, size }, at) => {
    // Without holes, and as far beyond the ends as rows can be moved.
    const next = rows[at + 1];
    const fromUs = at === 0 ? Math.max(0, Number(a) - REACH_US) : Number(a);
    const toUs = next === undefined ? Number(b) + 1 + REACH_US : Number(next['a']);
    const parts = Math.max(1, Math.min(Math.ceil(Number(n) / most), toUs - fromUs));
    const edge = (i: number): number => fromUs + Math.floor(((toUs - fromUs) / parts) * i);
    return Array.from({ length: parts }, (_, i) => ({
      fromUs: edge(i),
      toUs: i === parts - 1 ? toUs : edge(i + 1),
      rows: Number(n) / parts,
      bytes: Number(size) / parts,
    }));
  });
}

export class Shadow {
  readonly table: SqlCorrected;
  readonly shadow: string;
  readonly #spec: SqlCorrection;
  readonly #http: Http;
  readonly #clock: Clock;
  readonly #clocks: readonly WallClock[];

  constructor(o: {
    http: Http;
    clock: Clock;
    table: SqlCorrected;
    shadow: string;
    clocks: readonly WallClock[];
  }) {
    this.table = o.table;
    this.shadow = o.shadow;
    this.#spec = SQL_CORRECTED[o.table];
    this.#http = o.http;
    this.#clock = o.clock;
    this.#clocks = o.clocks;
  }

  async create(): Promise<void> {
    await createLike(this.#http, this.shadow, this.table);
  }

  /** What a stretch has in it. */
  async reckon(
    { fromUs, toUs }: Pick<Stretch, 'fromUs' | 'toUs'>,
    source: string = this.table,
  ): Promise<Reckoning> {
    const { offset } = this.#sql(fromUs, toUs);
    const [row = {}] = asObjects(
      await this.#exec(
        `SELECT count() n, sum(CASE WHEN ${MOVES} THEN 1 ELSE 0 END) moved, sum(CASE WHEN ${LOST} THEN 1 ELSE 0 END) lost,
          min(CASE WHEN ${MOVES} THEN utc_offset_s - o ELSE NULL END) least, max(CASE WHEN ${MOVES} THEN utc_offset_s - o ELSE NULL END) most
          FROM (SELECT utc_offset_s, ${offset} o FROM ${source} WHERE ${within(fromUs, toUs)})`,
      ),
    );
    return {
      rows: count(row['n']),
      moved: count(row['moved']),
      lost: count(row['lost']),
      leastS: numberOrNull(row['least']),
      mostS: numberOrNull(row['most']),
    };
  }

  /** Copies a stretch. Of what collides afterwards, rows that were right already are written last, and so they hold. */
  async copy({ fromUs, toUs }: Pick<Stretch, 'fromUs' | 'toUs'>, source: string = this.table): Promise<void> {
    const where = within(fromUs, toUs);
    if (this.#spec.values.length > 0) return this.#copyVersions(source, fromUs, toUs);
    if (!this.#spec.collides) return this.#insert(source, fromUs, toUs, where, `NOT (${LOST})`);
    const { moved } = await this.reckon({ fromUs, toUs }, source);
    if (moved === 0) return this.#insert(source, fromUs, toUs, where, STAYS);
    await this.#copyColliding(source, fromUs, toUs, where);
  }

  /** What moves, and then what was right already anywhere near it. */
  async #copyColliding(source: string, fromUs: number, toUs: number, where: string): Promise<void> {
    await this.#insert(source, fromUs, toUs, where, MOVES);
    const [from, to] = [fromUs - REACH_US, toUs + REACH_US];
    await this.#insert(source, from, to, within(from, to), STAYS);
  }

  /** Up to where each writer's rows stand now. Rows that come later are found by it. */
  async marks(source: string = this.table): Promise<Mark[]> {
    await this.settled(source);
    const { by, grows, history } = this.#spec;
    const rows = asObjects(
      await this.#exec(
        `SELECT ${by} name, h, cast(max(t) as long) us FROM (SELECT ${by}, CASE WHEN ${history} THEN 1 ELSE 0 END h, ${grows} t FROM ${source}) GROUP BY ${by}, h`,
      ),
    );
    return rows.map(({ name, h, us }) => ({
      name: name as string | null,
      history: Number(h) === 1,
      us: Number(us),
    }));
  }

  /** Copies what came since the marks. */
  async copySince(marks: readonly Mark[], source: string = this.table): Promise<void> {
    const { by, grows, history } = this.#spec;
    const is = (mark: Mark): string =>
      `${mark.name === null ? `${by} IS NULL` : `${by} = ${sqlText(mark.name)}`} AND ${mark.history ? '' : 'NOT '}(${history})`;
    const known = marks.map(
      (mark) =>
        `(${is(mark)} AND ${grows} > ${sqlTimestamp(Math.max(0, mark.us - (mark.history ? HISTORY_BACK_US : LIVE_BACK_US)))})`,
    );
    const others = marks.length === 0 ? 'true' : `NOT (${marks.map((mark) => `(${is(mark)})`).join(' OR ')})`;
    const since = `(${[...known, others].join(' OR ')})`;
    const [row = {}] = asObjects(
      await this.#exec(
        `SELECT cast(min(ts) as long) a, cast(max(ts) as long) b FROM ${source} WHERE ${since}`,
      ),
    );
    if (row['a'] === null || row['a'] === undefined) return;
    const fromUs = Number(row['a']);
    const toUs = Number(row['b']) + 1;
    if (this.#spec.values.length > 0)
      return this.#copyVersions(source, Math.max(0, fromUs - REACH_US), toUs + REACH_US);
    const where = `${within(fromUs, toUs)} AND ${since}`;
    if (!this.#spec.collides) return this.#insert(source, fromUs, toUs, where, `NOT (${LOST})`);
    await this.#copyColliding(source, fromUs, toUs, where);
  }

  /** Rows of history that are left out, by stream and hour. */
  async lost(source: string = this.table): Promise<LostHour[]> {
    const found: LostHour[] = [];
    for (const clock of this.#clocks)
      for (const span of clock.spans) {
        if ('offsetS' in span) continue;
        const fromUs = span.fromUs - REACH_US;
        const toUs = span.toUs + REACH_US;
        const { broker, offset } = this.#sql(fromUs, toUs, [clock]);
        const columns = LOST_KEYS[this.table] ?? 'account';
        const rows = asObjects(
          await this.#exec(
            `SELECT ${columns}, count() n FROM (SELECT ${columns}, utc_offset_s, ${broker} b, ${offset} o FROM ${source} WHERE ${within(fromUs, toUs)})
              WHERE ${LOST} AND b >= ${span.fromUs}L AND b < ${span.toUs}L GROUP BY ${columns}`,
          ),
        );
        for (const row of rows) found.push({ ...lostKey(row), span, rows: Number(row['n']) });
      }
    return found;
  }

  /** Rows that belong into the copy, and rows that are in it. */
  async counts(source: string = this.table): Promise<{ wanted: number; copied: number }> {
    await this.settled(this.shadow);
    let wanted = 0;
    for (const stretch of await stretchesOf(this.#http, source, Number.POSITIVE_INFINITY)) {
      const { lost, rows } = await this.reckon(stretch, source);
      wanted += rows - lost;
    }
    const [row = {}] = asObjects(await this.#exec(`SELECT count() n FROM ${this.shadow}`));
    return { wanted, copied: count(row['n']) };
  }

  settled(name: string): Promise<void> {
    return requireSettled(this.#http, this.#clock, [name], { waitMs: SETTLE_MS });
  }

  /**
   * Copies the versions whose right time lies in the stretch. Read rightly before its old rows were corrected, a bar has one version twice;
   * it was first seen when the wrong rule read it.
   */
  async #copyVersions(source: string, fromUs: number, toUs: number): Promise<void> {
    const [low, high] = [Math.max(0, fromUs - REACH_US), toUs + REACH_US];
    const { moved } = await this.reckon({ fromUs: low, toUs: high }, source);
    if (moved === 0) return this.#insert(source, fromUs, toUs, within(fromUs, toUs), STAYS);
    const { broker, offset } = this.#sql(low, high);
    const { keys, columns } = tables[this.table] as TableDef;
    const { grows, values } = this.#spec;
    const same = keys.filter((key) => key !== 'ts' && key !== grows).join(', ');
    const before = `OVER (PARTITION BY ${same}, us ORDER BY ${grows})`;
    const others = columns.map(({ name }) => name).filter((name) => name !== 'ts' && name !== 'utc_offset_s');
    const lags = [grows, ...values].map((name) => `lag(${name}) ${before} was_${name}`);
    const equal = values.map((name) => `${name} = was_${name}`).join(' AND ');
    const right = `SELECT *, b - o * 1000000L us FROM (SELECT *, ${broker} b, ${offset} o FROM ${source} WHERE ${within(low, high)}) WHERE o IS NOT NULL`;
    await this.#exec(
      `INSERT INTO ${this.shadow} (ts, utc_offset_s, ${others.join(', ')}) SELECT cast(us as timestamp) ts, o utc_offset_s, ${others.join(', ')} FROM
        (SELECT *, ${lags.join(', ')} FROM (${right})) WHERE us >= ${fromUs}L AND us < ${toUs}L AND NOT (was_${grows} IS NOT NULL AND ${equal})`,
    );
  }

  async #insert(source: string, fromUs: number, toUs: number, where: string, which: string): Promise<void> {
    const { broker, offset } = this.#sql(fromUs, toUs);
    const { time } = this.#spec;
    const columns = (tables[this.table] as TableDef).columns.map(({ name }) => name);
    const values = columns.map((name) => {
      // A row whose offset stays keeps its time to the microsecond without any reckoning.
      if (name === time)
        return `CASE WHEN ${MOVES} THEN cast(b - o * 1000000L as timestamp) ELSE ${time} END ${time}`;
      return name === 'utc_offset_s' ? 'o utc_offset_s' : name;
    });
    await this.#exec(
      `INSERT INTO ${this.shadow} (${columns.join(', ')}) SELECT ${values.join(', ')} FROM (SELECT *, ${broker} b, ${offset} o FROM ${source} WHERE ${where}) WHERE ${which}`,
    );
  }

  /** The expression with the stretches that matter from `fromUs` to `toUs` alone. */
  #sql(fromUs: number, toUs: number, clocks: readonly WallClock[] = this.#clocks) {
    // A time beside `ts` may be of any age.
    if (this.#spec.time !== 'ts') return correctedSql(this.table, clocks);
    const near = clocks.map((clock) => ({
      ...clock,
      spans: clock.spans.filter((span) => span.toUs > fromUs - REACH_US && span.fromUs < toUs + REACH_US),
    }));
    return correctedSql(this.table, near);
  }

  #exec(sql: string) {
    return this.#http.exec(sql, { deadlineMs: STATEMENT_MS });
  }
}

/**
 * Puts back bars that the wrong rule hid: one that stood at another bar's time was replaced when that bar was read rightly, and is only in the
 * revisions any more. `bars` and `revisions` are the corrected tables; of each bar that is missing the newest revision is taken.
 */
export async function restoreHiddenBars(
  http: Http,
  o: { readonly bars: string; readonly revisions: string; readonly fromUs: number; readonly toUs: number },
): Promise<void> {
  const columns = (tables.bars as TableDef).columns.map(({ name }) => name);
  const where = within(o.fromUs - REACH_US, o.toUs + REACH_US);
  await http.exec(
    `INSERT INTO ${o.bars} (${columns.join(', ')}) SELECT ${columns.map((name) => `r.${name}`).join(', ')} FROM (SELECT * FROM ${o.revisions} WHERE ${where}) r
      LEFT JOIN (SELECT ts, feed, symbol, timeframe FROM ${o.bars} WHERE ${where}) b
      ON r.ts = b.ts AND r.feed = b.feed AND r.symbol = b.symbol AND r.timeframe = b.timeframe
      WHERE b.ts IS NULL ORDER BY r.ts_seen`,
    { deadlineMs: STATEMENT_MS },
  );
}

/** A stream and an hour of the broker's wall clock out of which rows were left. */
export interface LostHour {
  readonly feed: string | null;
  readonly account: string | null;
  readonly symbol: string | null;
  readonly timeframe: string | null;
  readonly span: Extract<WallClock['spans'][number], { firstS: number }>;
  readonly rows: number;
}

const MOVES = 'o IS NOT NULL AND o != utc_offset_s';
const LOST = 'o IS NULL AND utc_offset_s IS NOT NULL';
const STAYS = '(utc_offset_s IS NULL OR (o IS NOT NULL AND o = utc_offset_s))';
const LOST_KEYS: { readonly [table: string]: string } = {
  ticks: 'feed, symbol',
  bar_events: 'feed, symbol, timeframe',
  bars: 'feed, symbol, timeframe',
  bar_revisions: 'feed, symbol, timeframe',
};

const within = (fromUs: number, toUs: number): string =>
  `ts >= ${sqlTimestamp(Math.max(0, fromUs))} AND ts < ${sqlTimestamp(Math.max(0, toUs))}`;
const count = (cell: Cell | undefined): number => Number(cell ?? 0);
const numberOrNull = (cell: Cell | undefined): number | null =>
  cell === null || cell === undefined ? null : Number(cell);
const lostKey = (row: Record<string, Cell>) => ({
  feed: (row['feed'] ?? null) as string | null,
  account: (row['account'] ?? null) as string | null,
  symbol: (row['symbol'] ?? null) as string | null,
  timeframe: (row['timeframe'] ?? null) as string | null,
});

/** An empty table with the columns, keys and partition of another; nothing when it is there. Errors: as `exec`. */
export async function createLike(http: Http, name: string, like: string): Promise<void> {
  if ((await presentTables(http, [name])).has(name)) return;
  await http.exec(`CREATE TABLE ${name} (LIKE ${like})`);
}

/** Which of the named tables exist, with the last entry of each one's log. Errors: as `exec`. */
export async function presentTables(http: Http, names: readonly string[]): Promise<Map<string, number>> {
  const found = await walTables(http, names);
  return new Map([...found].map(([name, { sequencerTxn }]) => [name, sequencerTxn]));
}

export const renameTable = async (http: Http, from: string, to: string): Promise<void> =>
  void (await http.exec(`RENAME TABLE ${from} TO ${to}`, { deadlineMs: STATEMENT_MS }));

/** Empties a table. Dropping it and making it anew would lose a row that an open connection writes next: it still knows the old one. */
export const emptyTable = async (http: Http, name: string): Promise<void> =>
  void (await http.exec(`TRUNCATE TABLE ${name}`, { deadlineMs: STATEMENT_MS }));

export const dropTable = async (http: Http, name: string): Promise<void> =>
  void (await http.exec(`DROP TABLE IF EXISTS ${name}`, { deadlineMs: STATEMENT_MS }));
