// The corrected copy that will replace a table. In: the corrected rows. Out: a copy that is proved to have them, window by window. Nothing is
// taken for granted, whether an earlier run or this one wrote it: each window is counted and summed up on both sides, and copied when they
// differ. A window whose rows have not changed since it was proved is not read again, so little is left to do while writing is paused.
import { type Clock, FxtapeError } from '@fxtape/ops';
import { asObjects } from '../wire/exec-answer.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { requireSettled } from '../wire/settled-tables.ts';
import { walTables } from '../wire/wal-tables.ts';
import { type CorrectedRows, names } from './corrected-rows.ts';
import { STATEMENT_MS, storedColumns } from './table-queries.ts';
import { type Fingerprint, fingerprint } from './fingerprint.ts';
import { createLike, dropTable, lastEntries, sameEntries } from './table-names.ts';
import { type Stretch, type Window, within } from './windows.ts';

/** Rows per statement: a second or two of the server's time. */
const ROWS_AT_ONCE = 400_000;
/** How many windows may wait in the log of the copy, where they take disk space twice. */
const WAITING = 4;
const SETTLE_MS = 600_000;
/** Tries while rows keep coming: each reads the whole table while writers wait. The rest is copied once the old name is gone. */
const MOST_TRIES = 2;

type Http = Pick<QuestDbHttp, 'exec'>;

export class TableCopy {
  readonly rows: CorrectedRows;
  readonly name: string;
  readonly #http: Http;
  readonly #clock: Clock;
  /** By window: the state of the rows when the copy was proved to have them. */
  readonly #proved = new Map<string, { readonly stood: string; readonly rows: number }>();
  #windows: Stretch[] = [];

  constructor(o: { http: Http; clock: Clock; rows: CorrectedRows; name: string }) {
    this.rows = o.rows;
    this.name = o.name;
    this.#http = o.http;
    this.#clock = o.clock;
  }

  /**
   * Brings the copy up to date with the table. True when all of it is proved: the copy then has everything up to the entries that the logs had
   * before the call. `onWindow` is called after each window that was copied. Errors: QDB_SUSPENDED and those of `exec`.
   */
  async follow(onWindow: (done: number, of: number) => Promise<void> = async () => {}): Promise<boolean> {
    await this.#settled(this.rows.sources);
    await this.rows.refresh();
    await this.#requireCopy();
    await this.#extendWindows();
    const again: { readonly window: Window; readonly stood: string }[] = [];
    for (const [i, window] of this.#windows.entries()) {
      const stood = await this.#stands(window);
      if (this.#proved.get(keyOf(window))?.stood === stood) continue;
      this.#proved.delete(keyOf(window));
      const has = await this.#has(window);
      const wanted = has.rows === 0 && window.rows > 0 ? null : await this.#wanted(window);
      if (wanted?.text === has.text) {
        this.#proved.set(keyOf(window), { stood, rows: has.rows });
        continue;
      }
      await this.#copy(window);
      again.push({ window, stood });
      await onWindow(i + 1, this.#windows.length);
    }
    await this.#settled([this.name]);
    for (const { stood, window } of again) {
      const wanted = await this.#wanted(window);
      if (wanted.text === (await this.#has(window)).text)
        this.#proved.set(keyOf(window), { stood, rows: wanted.rows });
    }
    return this.#windows.every((window) => this.#proved.has(keyOf(window))) && (await this.#isAll());
  }

  /**
   * Follows until the copy is proved; false when it could not be, because rows kept coming. A copy that differs although nobody writes is made
   * again once: it may have rows that it should not have. Errors: CLOCK_APPLY_UNLIKE, and those of `follow`.
   */
  async prove(onWindow?: (done: number, of: number) => Promise<void>): Promise<boolean> {
    let still = 0;
    for (let moved = 0; moved < MOST_TRIES; ) {
      const before = await lastEntries(this.#http, this.rows.sources);
      if (await this.follow(onWindow)) return true;
      if (!sameEntries(before, await lastEntries(this.#http, this.rows.sources))) {
        moved++;
        continue;
      }
      still++;
      if (still > 3) throw unlike(this.rows.table, this.name);
      if (still === 2) await this.#startAgain();
    }
    return false;
  }

  async #startAgain(): Promise<void> {
    await dropTable(this.#http, this.name);
    this.#proved.clear();
    this.#windows = [];
  }

  /** Makes the copy if it is absent, and makes one with other columns again. */
  async #requireCopy(): Promise<void> {
    const [source = ''] = this.rows.sources;
    const isThere = (await lastEntries(this.#http, [this.name])).has(this.name);
    const columns = isThere ? await storedColumns(this.#http, this.name) : [];
    if (JSON.stringify(columns) !== JSON.stringify(this.rows.columns)) await this.#startAgain();
    await createLike(this.#http, this.name, source);
    await this.#settled([this.name]);
  }

  /** Keeps the windows, so that proofs stay valid, and adds new ones for rows beyond their ends. */
  async #extendWindows(): Promise<void> {
    const now = await this.rows.windows(ROWS_AT_ONCE);
    const [first, last] = [this.#windows[0], this.#windows.at(-1)];
    if (first === undefined || last === undefined) {
      this.#windows = now;
      return;
    }
    const before = now.flatMap((each) => cut(each, 0, first.fromUs));
    const after = now.flatMap((each) => cut(each, last.toUs, Number.POSITIVE_INFINITY));
    this.#windows = [...before, ...this.#windows, ...after];
  }

  /** Whether every row of the copy lies in a proved window. */
  async #isAll(): Promise<boolean> {
    const proved = this.#windows.reduce(
      (sum, window) => sum + (this.#proved.get(keyOf(window))?.rows ?? 0),
      0,
    );
    const [row = {}] = asObjects(await this.#http.exec(`SELECT count() n FROM ${this.name}`));
    return Number(row['n']) === proved;
  }

  /** The state of all rows that may get a time in the window, as text: it differs when any of them changed. */
  async #stands(window: Window): Promise<string> {
    const texts: string[] = [];
    for (const { columns, sql } of this.rows.standing(window))
      texts.push((await fingerprint(this.#http, [sql], columns)).text);
    return texts.join('|');
  }

  async #wanted(window: Window): Promise<Fingerprint> {
    return await fingerprint(this.#http, await this.rows.select(window), this.rows.columns);
  }

  async #has(window: Window): Promise<Fingerprint> {
    const sql = `SELECT * FROM ${this.name} WHERE ${within(window)}`;
    return await fingerprint(this.#http, [sql], this.rows.columns);
  }

  async #copy(window: Window): Promise<void> {
    const columns = names(this.rows.columns);
    for (const sql of await this.rows.select(window))
      await this.#http.exec(`INSERT INTO ${this.name} (${columns}) ${sql}`, { deadlineMs: STATEMENT_MS });
    const found = (await walTables(this.#http, [this.name])).get(this.name);
    const waiting = found === undefined ? 0 : found.sequencerTxn - found.writerTxn;
    if (waiting > WAITING) await this.#settled([this.name]);
  }

  #settled(tables: readonly string[]): Promise<void> {
    return requireSettled(this.#http, this.#clock, tables, { waitMs: SETTLE_MS });
  }
}

const keyOf = ({ fromUs, toUs }: Window): string => `${fromUs} ${toUs}`;

/** The part of a window that lies in `[fromUs, toUs)`. */
function cut(window: Stretch, fromUs: number, toUs: number): Stretch[] {
  const [from, to] = [Math.max(window.fromUs, fromUs), Math.min(window.toUs, toUs)];
  return from < to ? [{ ...window, fromUs: from, toUs: to }] : [];
}

export const unlike = (table: string, copy: string): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_UNLIKE',
    message: `the corrected copy of ${table}, ${copy}, does not contain the rows it should, although it was made twice`,
    context: { table, copy },
  });
