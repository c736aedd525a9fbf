// Selects the rows of a table as if the right clock rules had read them from the start. In: the clocks of the servers, the table that has the
// rows now, a window of corrected time. Out: statements that select the corrected rows, and how many rows move or are left out. A statement
// contains only the stretches of wall clock that its window meets, so it stays short however many brokers and years there are.
import { asObjects, type Cell, type ExecAnswer } from '../wire/exec-answer.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import type { TableDef } from '@fxtape/market/tables';
import { tables } from '@fxtape/market/tables';
import { CORRECTIONS, type SqlCorrected, type SqlCorrection } from './corrected-tables.ts';
import {
  brokerSql,
  isRepeatedSpan,
  type NamedClock,
  namedClocks,
  offsetSql,
  type RepeatedSpan,
  type WallClock,
  type WallRange,
} from './offset-sql.ts';
import { fits, type Part, partsOf, piecesOf, type WallPiece } from './statement-parts.ts';
import { namesIn, offsetsIn, STATEMENT_MS, storedColumns, type StoredColumn } from './table-queries.ts';
import { type Stretch, stretchesOf, type Window, within } from './windows.ts';

type Http = Pick<QuestDbHttp, 'exec'>;

export interface Reckoning {
  readonly rows: number;
  /** Rows that get another time. */
  readonly moved: number;
  /** History rows in a repeated hour whose pass is unknown. */
  readonly lost: number;
  /** Least and greatest seconds by which rows move; null when none does. */
  readonly leastS: number | null;
  readonly mostS: number | null;
}

/** A stream and an hour of the broker's wall clock from which rows are left out. */
export interface LostHour {
  readonly stream: string;
  readonly feed: string | null;
  readonly account: string | null;
  readonly symbol: string | null;
  readonly timeframe: string | null;
  readonly span: RepeatedSpan;
  readonly rows: number;
}

const HALF_HOUR_US = 1_800_000_000;

const MOVES = 'fx_o IS NOT NULL AND fx_o != utc_offset_s';
const LOST = 'fx_o IS NULL AND utc_offset_s IS NOT NULL';

export class CorrectedRows {
  readonly table: SqlCorrected;
  readonly spec: SqlCorrection;
  readonly #http: Http;
  readonly #clocks: readonly NamedClock[];
  readonly #sourceOf: (table: string) => string;
  readonly #versions: CorrectedRows | null;
  /** The offsets that rows have now, and those that they may get. */
  #old = { leastS: 0, mostS: 0 };
  readonly #new: { readonly leastS: number; readonly mostS: number };
  #columns: readonly StoredColumn[] = [];
  #clockless: readonly string[] | null = null;

  constructor(o: {
    http: Http;
    table: SqlCorrected;
    clocks: readonly WallClock[];
    /** The table that has the rows now; default: the one of that name. */
    sourceOf?: (table: string) => string;
  }) {
    this.table = o.table;
    this.spec = CORRECTIONS[o.table];
    this.#http = o.http;
    this.#clocks = namedClocks(this.spec, o.clocks);
    this.#sourceOf = o.sourceOf ?? ((table) => table);
    const { versions } = this.spec;
    this.#versions = versions === null ? null : new CorrectedRows({ ...o, table: versions });
    const offsets = this.#clocks.flatMap(({ spans }) =>
      spans.flatMap((span) => (isRepeatedSpan(span) ? [span.firstS, span.secondS] : [span.offsetS])),
    );
    const [first = 0] = offsets;
    this.#new = {
      leastS: offsets.reduce((a, b) => Math.min(a, b), first),
      mostS: offsets.reduce((a, b) => Math.max(a, b), first),
    };
  }

  /** All tables that are read. */
  get sources(): readonly string[] {
    return [this.#source, ...(this.#versions?.sources ?? [])];
  }

  /** In the order of the table; empty before `refresh`. */
  get columns(): readonly StoredColumn[] {
    return this.#columns;
  }

  get #source(): string {
    return this.#sourceOf(this.table);
  }

  /** Queries what the table holds. Call it first, and again when rows may have been added. Errors: as `exec`. */
  async refresh(): Promise<void> {
    this.#columns = await storedColumns(this.#http, this.#source);
    this.#old = (await offsetsIn(this.#http, this.#source)) ?? { leastS: 0, mostS: 0 };
    this.#clockless = null;
    await this.#versions?.refresh();
  }

  /** The table in windows of about `rows`. Errors: as `exec`. */
  windows(rows: number): Promise<Stretch[]> {
    return stretchesOf(this.#http, this.#source, rows, (window) =>
      fits(this.spec, this.#clocks, this.#wallOf(window)),
    );
  }

  /** All rows that may get a time in the window, as they are now, with all columns. */
  standing(window: Window): { readonly sql: string; readonly columns: readonly StoredColumn[] }[] {
    const sql = `SELECT * FROM ${this.#source} WHERE ${within(this.#standing(window))}`;
    return [{ sql, columns: this.#columns }, ...(this.#versions?.standing(window) ?? [])];
  }

  /** Statements that select the rows whose corrected time is in the window: each row in one of them, with all columns in order. */
  async select(window: Window): Promise<string[]> {
    const versions = this.#versions;
    const oneByOne = versions === null && this.spec.values.length === 0;
    // Where nothing moves, the rows are right as they are.
    if (!oneByOne && !(await this.#changes(window)))
      return [`SELECT ${names(this.#columns)} FROM ${this.#source} WHERE ${within(window)}`];
    const statements: string[] = [];
    const walls = this.spec.time === 'ts' ? [this.#wallOf(window)] : await this.#walls(window);
    const meet = oneByOne && (await this.#meet(window));
    for (const wall of walls)
      for (const part of await this.#parts(wall))
        statements.push(
          oneByOne
            ? meet
              ? this.#once(window, part, wall)
              : this.#moved(window, part, wall, this.#list(this.#columns))
            : versions === null
              ? this.#distinctVersions(window, part)
              : this.#newest(window, part, versions),
        );
    return statements;
  }

  /** Counts the rows of a window, and those that change. Errors: as `exec`. */
  async reckon(window: Window): Promise<Reckoning> {
    let sum: Reckoning = { rows: 0, moved: 0, lost: 0, leastS: null, mostS: null };
    for (const from of await this.#standingRows(window)) {
      const [row = {}] = asObjects(
        await this.#exec(
          `SELECT count() n, sum(CASE WHEN ${MOVES} THEN 1 ELSE 0 END) moved, sum(CASE WHEN ${LOST} THEN 1 ELSE 0 END) lost,
            min(CASE WHEN ${MOVES} THEN utc_offset_s - fx_o ELSE NULL END) a, max(CASE WHEN ${MOVES} THEN utc_offset_s - fx_o ELSE NULL END) b FROM (${from})`,
        ),
      );
      sum = {
        rows: sum.rows + Number(row['n'] ?? 0),
        moved: sum.moved + Number(row['moved'] ?? 0),
        lost: sum.lost + Number(row['lost'] ?? 0),
        leastS: extreme(Math.min, sum.leastS, row['a']),
        mostS: extreme(Math.max, sum.mostS, row['b']),
      };
    }
    return sum;
  }

  /** History rows that are left out, by stream and hour, found in windows of about `rows`. Errors: as `exec`. */
  async lost(rows: number): Promise<LostHour[]> {
    const { by } = this.spec;
    const hours = this.#clocks.flatMap(({ names: of, spans }) =>
      spans.filter(isRepeatedSpan).map((span) => ({ names: of, span })),
    );
    const known = new Set(this.#columns.map(({ name }) => name));
    const kinds = by === 'feed' ? ['symbol', 'timeframe'].filter((name) => known.has(name)) : [];
    const columns = [by, ...kinds].join(', ');
    const found = new Map<string, LostHour>();
    for (const window of await this.windows(rows)) {
      const wall = this.#wallStanding(window);
      if (!hours.some(({ span }) => span.toUs > wall.fromUs && span.fromUs < wall.toUs)) continue;
      for (const from of await this.#standingRows(window)) {
        const answer = await this.#exec(
          `SELECT ${columns}, half, count() n FROM (SELECT ${columns}, fx_b / ${HALF_HOUR_US}L half FROM (${from}) WHERE ${LOST}) GROUP BY ${columns}, half`,
        );
        for (const row of asObjects(answer)) addLost(found, this.spec, hours, row);
      }
    }
    return [...found.values()];
  }

  async #changes(window: Window): Promise<boolean> {
    const { lost, moved } = await this.reckon(this.#standing(window));
    if (moved + lost > 0 || this.#versions === null) return moved + lost > 0;
    return await this.#versions.#changes(window);
  }

  /**
   * Whether rows of one name move by different amounts and so may get the same key: some were written with the right rule, others with the
   * wrong one by a writer that had not seen the change.
   */
  async #meet(window: Window): Promise<boolean> {
    const { by, time } = this.spec;
    if (time !== 'ts') return false;
    for (const from of await this.#standingRows(this.#standing(window))) {
      const [row = {}] = asObjects(
        await this.#exec(
          `SELECT count() n FROM (SELECT ${by}, min(d) a, max(d) b FROM (SELECT ${by}, coalesce(utc_offset_s - fx_o, 0) d FROM (${from})) GROUP BY ${by}) WHERE a != b`,
        ),
      );
      if (Number(row['n']) > 0) return true;
    }
    return false;
  }

  /** The columns of a moved row; null for a column that the table does not have. */
  #list(columns: readonly StoredColumn[]): string {
    const own = new Set(this.#columns.map(({ name }) => name));
    return columns
      .map(({ name }) => {
        if (name === this.spec.time) return `fx_t ${name}`;
        if (name === 'utc_offset_s') return 'fx_o utc_offset_s';
        return own.has(name) ? quoted(name) : `NULL ${quoted(name)}`;
      })
      .join(', ');
  }

  #moved(window: Window, part: Part, wall: WallPiece, list: string): string {
    const inside = this.spec.time === 'ts' ? ` AND ${within(window, 'fx_t')}` : '';
    const from = this.#rows(this.#standing(window), part, wall);
    return `SELECT ${list} FROM (SELECT *, cast(cast(${this.spec.time} as long) + coalesce(utc_offset_s - fx_o, 0) * 1000000L as timestamp) fx_t FROM (${from})) WHERE NOT (${LOST})${inside}`;
  }

  /** Of rows that get the same key, the one that has it already. */
  #once(window: Window, part: Part, wall: WallPiece): string {
    const keys = (tables[this.table] as TableDef).keys.join(', ');
    const list = `${this.#list(this.#columns)}, abs(utc_offset_s - fx_o) fx_d`;
    const moved = this.#moved(window, part, wall, list);
    return `SELECT ${names(this.#columns)} FROM (SELECT *, row_number() OVER (PARTITION BY ${keys} ORDER BY fx_d) fx_n FROM (${moved})) WHERE fx_n = 1`;
  }

  /** The newest version of each key. Of two wall-clock times of one instant, the one that never occurs has the smaller offset. */
  #newest(window: Window, part: Part, versions: CorrectedRows): string {
    const keys = (tables[this.table] as TableDef).keys.join(', ');
    const wall = this.#wallOf(window);
    const own = this.#moved(window, part, wall, `${this.#list(this.#columns)}, 1 fx_own`);
    const others = versions.#moved(window, part, wall, `${versions.#list(this.#columns)}, 0 fx_own`);
    return `SELECT ${names(this.#columns)} FROM (SELECT *, row_number() OVER (PARTITION BY ${keys} ORDER BY utc_offset_s DESC, ts_seen DESC, fx_own DESC) fx_n FROM ((${own}) UNION ALL (${others}))) WHERE fx_n = 1`;
  }

  /** A bar that the right rule read again before the correction has one version twice; it was first seen when the wrong rule read it. */
  #distinctVersions(window: Window, part: Part): string {
    const { values } = this.spec;
    const same = (tables[this.table] as TableDef).keys.filter((key) => key !== 'ts_seen').join(', ');
    const before = `OVER (PARTITION BY ${same} ORDER BY ts_seen, utc_offset_s DESC)`;
    const lags = ['ts_seen', ...values].map((name) => `lag(${name}) ${before} was_${name}`).join(', ');
    const equal = values.map((name) => `${name} = was_${name}`).join(' AND ');
    const right = this.#moved(window, part, this.#wallOf(window), this.#list(this.#columns));
    return `SELECT ${names(this.#columns)} FROM (SELECT *, ${lags} FROM (${right})) WHERE NOT (was_ts_seen IS NOT NULL AND (was_ts_seen = ts_seen OR (${equal})))`;
  }

  /** The window that rows have now which get a time in the window. */
  #standing({ fromUs, toUs }: Window): Window {
    if (this.spec.time !== 'ts') return { fromUs, toUs };
    // Never narrower than the window: rows without an offset keep their time.
    const down = Math.max(0, this.#old.mostS - this.#new.leastS);
    const up = Math.max(0, this.#new.mostS - this.#old.leastS);
    return { fromUs: Math.max(0, fromUs - down * 1_000_000), toUs: toUs + up * 1_000_000 };
  }

  /** The wall clock of rows that get a time in the window. */
  #wallOf({ fromUs, toUs }: Window): WallPiece {
    const { leastS, mostS } = this.#new;
    return { fromUs: fromUs + leastS * 1_000_000, toUs: toUs + mostS * 1_000_000, where: '' };
  }

  /** The wall clock of rows that are in the window now. */
  #wallStanding({ fromUs, toUs }: Window): WallRange {
    return { fromUs: fromUs + this.#old.leastS * 1_000_000, toUs: toUs + this.#old.mostS * 1_000_000 };
  }

  /** Statements for all rows that are in a window now. */
  async #standingRows(window: Window): Promise<string[]> {
    const statements: string[] = [];
    for (const wall of await this.#walls(window))
      for (const part of await this.#parts(wall)) statements.push(this.#rows(window, part, wall));
    return statements;
  }

  /** Rows with their broker time `fx_b` and the right offset `fx_o`. */
  #rows(stand: Window, { clocks, where }: Part, wall: WallPiece): string {
    const inner = `SELECT *, ${brokerSql(this.spec)} fx_b FROM ${this.#source} WHERE ${within(stand)}${where}`;
    return `SELECT *, ${offsetSql(this.spec, clocks, wall)} fx_o FROM (${inner})${wall.where}`;
  }

  #parts(wall: WallRange): Promise<Part[]> {
    return partsOf(
      this.spec,
      this.#clocks,
      wall,
      async () => (this.#clockless ??= await this.#namesWithoutClock()),
    );
  }

  async #namesWithoutClock(): Promise<string[]> {
    const known = new Set(this.#clocks.flatMap(({ names: of }) => of));
    const found = new Set<string>();
    for (const source of this.sources)
      for (const name of await namesIn(this.#http, source, this.spec.by))
        if (!known.has(name)) found.add(name);
    return [...found].toSorted();
  }

  /** The wall clock of rows that are in a window now, in pieces short enough for one statement. A time other than `ts` may have any age. */
  async #walls(window: Window): Promise<WallPiece[]> {
    if (this.spec.time === 'ts') return [{ ...this.#wallStanding(window), where: '' }];
    const b = brokerSql(this.spec);
    const [row = {}] = asObjects(
      await this.#exec(`SELECT min(${b}) a, max(${b}) b FROM ${this.#source} WHERE ${within(window)}`),
    );
    const wall = { fromUs: Number(row['a'] ?? 0), toUs: Number(row['b'] ?? 0) + 1 };
    return piecesOf(this.spec, this.#clocks, wall);
  }

  #exec(sql: string): Promise<ExecAnswer> {
    return this.#http.exec(sql, { deadlineMs: STATEMENT_MS });
  }
}

function addLost(
  found: Map<string, LostHour>,
  { by, stream }: SqlCorrection,
  hours: readonly { readonly names: readonly string[]; readonly span: RepeatedSpan }[],
  row: Record<string, Cell>,
): void {
  const name = row[by] as string;
  const us = Number(row['half']) * HALF_HOUR_US;
  const hour = hours.find(
    ({ names: of, span }) => of.includes(name) && us < span.toUs && us + HALF_HOUR_US > span.fromUs,
  );
  if (hour === undefined) return;
  const text = (column: string): string | null => (row[column] ?? null) as string | null;
  const key = JSON.stringify([name, text('symbol'), text('timeframe'), hour.span.fromUs]);
  found.set(key, {
    stream,
    feed: by === 'feed' ? name : null,
    account: by === 'account' ? name : null,
    symbol: text('symbol'),
    timeframe: text('timeframe'),
    span: hour.span,
    rows: Number(row['n']) + (found.get(key)?.rows ?? 0),
  });
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

export const names = (columns: readonly StoredColumn[]): string =>
  columns.map(({ name }) => quoted(name)).join(', ');

const extreme = (
  which: (a: number, b: number) => number,
  a: number | null,
  b: Cell | undefined,
): number | null => (b === null || b === undefined ? a : a === null ? Number(b) : which(a, Number(b)));
