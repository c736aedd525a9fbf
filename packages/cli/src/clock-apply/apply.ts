// The correction itself: tables whose times were made with another clock rule are replaced by corrected ones, without a download. In: the
// servers and their rules, a database, a journal. Out: corrected tables under the old names, the old ones beside them.
//
//   fill the copies (everything goes on) ─► catch up ─► pause ─► all passes are over ─► catch up, small tables ─► old names away (nobody can
//   write them any more) ─► what still came ─► copies take the names ─► views ─► `applied`: writing goes on, with the new rule
//
// Each step is written down before it begins and may run again. Until the first name is taken away it can go back; from then on it goes on.
import { parseClockRule } from '@fxtape/market';
import type { Clock, Log } from '@fxtape/ops';
import {
  createLike,
  dropTable,
  emptyTable,
  isSqlCorrected,
  type LostHour,
  PAUSE_REACHES_MS,
  presentTables,
  type QuestDbHttp,
  renameTable,
  requireSettled,
  restoreHiddenBars,
  ROW_CORRECTED,
  type RowCorrected,
  Shadow,
  SQL_CORRECTED,
  type SqlCorrected,
  stretchesOf,
} from '@fxtape/questdb';
import type { ApplyJournal, ApplyState, ApplyStep, ServerClock, TableState } from './apply-state.ts';
import { elsewhere, inBetween, stillWritten } from './errors.ts';
import { newestStep, restoreViews, writeStep } from './pause-rows.ts';
import { RowTables } from './row-tables.ts';
import { wallClocks } from './server-clocks.ts';

/** Rows in one statement: a second or two of the server's time. */
const ROWS_AT_ONCE = 400_000;
const QUIET_MS = 2000;
const SETTLE_MS = 600_000;

export interface ApplyOptions {
  readonly http: QuestDbHttp;
  readonly journal: ApplyJournal;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a pause takes to reach everybody; for tests. */
  readonly reachMs?: number;
  /** Called before each step and after each stretch; for progress. */
  readonly onStep?: (step: string, done: number, of: number) => void | Promise<void>;
}

export class ClockApply {
  readonly #o: ApplyOptions;

  constructor(options: ApplyOptions) {
    this.#o = options;
  }

  /** What an earlier run left unfinished; null when there is nothing. Errors: CLOCK_APPLY_STATE, CLOCK_APPLY_ELSEWHERE. */
  async unfinished(): Promise<ApplyState | null> {
    const state = this.#o.journal.load();
    const newest = await newestStep(this.#o.http);
    if (newest?.step === 'paused' && newest.applyId !== state?.id) throw elsewhere(newest.applyId);
    return state === null || state.step === 'done' ? null : state;
  }

  /** Begins a correction of these tables. */
  begin(servers: readonly ServerClock[], tables: readonly SqlCorrected[]): ApplyState {
    const startedAt = new Date(this.#o.clock.nowMs()).toISOString();
    const id = startedAt.replaceAll(/[-:]|\.\d+Z/g, '');
    const state: ApplyState = {
      v: 1,
      id,
      startedAt,
      step: 'filling',
      servers: [...servers],
      tables: tables.map((name) => tableState(name, id)),
    };
    this.#o.journal.save(state);
    return state;
  }

  /** True while nothing was replaced. */
  canGoBack(state: ApplyState): boolean {
    return state.step === 'filling' || state.step === 'pausing' || state.step === 'paused';
  }

  /** Drops the copies and takes the pause back. */
  async goBack(state: ApplyState): Promise<void> {
    const { http, journal, log } = this.#o;
    for (const { shadow } of state.tables) await dropTable(http, shadow);
    const newest = await newestStep(http);
    if (newest?.step === 'paused' && newest.applyId === state.id) await this.#say(state, 'abandoned');
    journal.remove();
    log.info({ applyId: state.id }, 'the correction was rolled back; no table was replaced');
  }

  /** Goes on from where the state stands until everything is replaced. Errors: CLOCK_APPLY_WRITERS, CLOCK_APPLY_STATE, those of QuestDB. */
  async run(state: ApplyState): Promise<void> {
    if (state.step === 'filling') await this.#fill(state);
    if (state.step === 'pausing') await this.#pause(state);
    if (state.step === 'paused') await this.#complete(state);
    if (state.step === 'swapping') await this.#swap(state);
    if (state.step === 'swapped') await this.#release(state);
  }

  async #fill(state: ApplyState): Promise<void> {
    await this.#step('filling', 0, 1);
    for (const table of state.tables) {
      if (isSqlCorrected(table.name)) await this.#fillTable(state, table, this.#shadow(state, table));
    }
    // What came while the copies were filled, so that little is left for the pause.
    for (const table of state.tables)
      if (isSqlCorrected(table.name)) await this.#catchUp(state, table, this.#shadow(state, table));
    this.#next(state, 'pausing');
  }

  async #fillTable(state: ApplyState, table: TableState, shadow: Shadow): Promise<void> {
    await shadow.create();
    if (table.marks === null) {
      table.marks = await shadow.marks();
      this.#save(state);
    }
    if (table.filled) return;
    const stretches = await stretchesOf(this.#o.http, table.name, ROWS_AT_ONCE);
    for (const [i, stretch] of stretches.entries()) {
      if (stretch.toUs <= (table.copiedUs ?? 0)) continue;
      await shadow.copy({ fromUs: Math.max(stretch.fromUs, table.copiedUs ?? 0), toUs: stretch.toUs });
      table.copiedUs = stretch.toUs;
      this.#save(state);
      await this.#step(`filling ${table.name}`, i + 1, stretches.length);
    }
    table.filled = true;
    this.#save(state);
  }

  async #catchUp(state: ApplyState, table: TableState, shadow: Shadow, source?: string): Promise<void> {
    const marks = await shadow.marks(source);
    await shadow.copySince(table.marks ?? [], source);
    table.marks = marks;
    this.#save(state);
  }

  /** Everybody's look shows the pause, or is too old to write on. Then the logs must stand still. */
  async #pause(state: ApplyState): Promise<void> {
    await this.#step('pausing', 0, 1);
    const { clock, http, log } = this.#o;
    const newest = await newestStep(http);
    if (newest?.step !== 'paused') await this.#say(state, 'paused');
    await sleep(clock, this.#o.reachMs ?? PAUSE_REACHES_MS);
    const names = [...Object.keys(SQL_CORRECTED), ...ROW_CORRECTED];
    const before = await presentTables(http, names);
    await sleep(clock, QUIET_MS);
    const after = await presentTables(http, names);
    const moving = names.filter((name) => before.get(name) !== after.get(name));
    if (moving.length > 0) {
      await this.#say(state, 'abandoned');
      throw stillWritten(moving);
    }
    log.info({ applyId: state.id }, 'database writes are paused; the tape keeps recording');
    this.#next(state, 'paused');
  }

  async #complete(state: ApplyState): Promise<void> {
    await this.#step('paused', 0, 1);
    const { http } = this.#o;
    await requireSettled(http, this.#o.clock, [...Object.keys(SQL_CORRECTED), ...ROW_CORRECTED], {
      waitMs: SETTLE_MS,
    });
    await this.#includeLateTables(state);
    for (const table of state.tables) {
      if (!isSqlCorrected(table.name)) continue;
      const shadow = this.#shadow(state, table);
      await this.#fillTable(state, table, shadow);
      await this.#catchUp(state, table, shadow);
      await this.#makeWhole(state, table, shadow);
    }
    await this.#restoreHiddenBars(state);
    await this.#correctRows(state);
    const present = await presentTables(
      http,
      state.tables.map(({ name }) => name),
    );
    for (const table of state.tables) table.txn = present.get(table.name) ?? null;
    this.#next(state, 'swapping');
  }

  /** Rows of a table that had none to correct when it began. */
  async #includeLateTables(state: ApplyState): Promise<void> {
    for (const name of Object.keys(SQL_CORRECTED) as SqlCorrected[]) {
      if (state.tables.some((table) => table.name === name)) continue;
      const table = tableState(name, state.id);
      const shadow = this.#shadow(state, table);
      for (const stretch of await stretchesOf(this.#o.http, name, Number.POSITIVE_INFINITY)) {
        const { lost, moved } = await shadow.reckon(stretch);
        if (moved + lost === 0) continue;
        state.tables.push(table);
        this.#save(state);
        break;
      }
    }
  }

  /** Fewer rows than there should be: something was written in an order that marks do not tell. Then everything is copied once more. */
  async #makeWhole(state: ApplyState, table: TableState, shadow: Shadow, source = table.name): Promise<void> {
    // Of bars fewer is right: those that stood twice are one.
    const { collides, values } = SQL_CORRECTED[shadow.table];
    if (collides || values.length > 0) return;
    const { copied, wanted } = await shadow.counts(source);
    if (copied >= wanted) return;
    await this.#step(`checking ${table.name}`, 0, 1);
    const stretches = await stretchesOf(this.#o.http, source, ROWS_AT_ONCE);
    for (const stretch of stretches) await shadow.copy(stretch, source);
    this.#save(state);
  }

  async #restoreHiddenBars(
    state: ApplyState,
    sources: ReadonlyMap<string, string> = new Map(),
  ): Promise<void> {
    const { clock, http } = this.#o;
    const bars = state.tables.find(({ name }) => name === 'bars');
    const revisions = state.tables.find(({ name }) => name === 'bar_revisions');
    if (bars === undefined || revisions === undefined) return;
    await requireSettled(http, clock, [bars.shadow, revisions.shadow], { waitMs: SETTLE_MS });
    const shadow = this.#shadow(state, revisions);
    const source = sources.get('bar_revisions') ?? 'bar_revisions';
    for (const stretch of await stretchesOf(http, source, ROWS_AT_ONCE)) {
      if ((await shadow.reckon(stretch, source)).moved === 0) continue;
      await restoreHiddenBars(http, { bars: bars.shadow, revisions: revisions.shadow, ...stretch });
      await requireSettled(http, clock, [bars.shadow], { waitMs: SETTLE_MS });
    }
  }

  async #correctRows(state: ApplyState): Promise<void> {
    const rows = await this.#rowTables(state);
    for (const name of ROW_CORRECTED) await this.#correctRowTable(state, name, rows, name);
  }

  async #correctRowTable(
    state: ApplyState,
    name: RowCorrected,
    rows: RowTables,
    source: string,
  ): Promise<void> {
    const known = state.tables.find((table) => table.name === name);
    const { changed } = await rows.correct(name, null, source);
    if (changed === 0 && known === undefined) return;
    const table = known ?? tableState(name, state.id);
    if (known === undefined) {
      state.tables.push(table);
      this.#save(state);
    }
    await createLike(this.#o.http, table.shadow, source);
    // A run that was killed here may have left claims that would not be made now.
    await emptyTable(this.#o.http, table.shadow);
    await rows.correct(name, table.shadow, source);
    await this.#step(`writing ${name}`, 1, 1);
  }

  /** `sources`: where the old tables stand now. */
  async #rowTables(state: ApplyState, sources: ReadonlyMap<string, string> = new Map()): Promise<RowTables> {
    const lost: (LostHour & { table: string })[] = [];
    for (const table of state.tables) {
      if (!isSqlCorrected(table.name)) continue;
      const found = await this.#shadow(state, table).lost(sources.get(table.name) ?? table.name);
      lost.push(...found.map((hour) => ({ ...hour, table: table.name })));
    }
    const { clock, http } = this.#o;
    const claims = sources.get('coverage') ?? 'coverage';
    return RowTables.make({ http, servers: state.servers, lost, nowUs: clock.nowUs(), claims });
  }

  async #swap(state: ApplyState): Promise<void> {
    await this.#step('swapping', 0, state.tables.length);
    const { clock, http } = this.#o;
    const names = state.tables.flatMap(({ before, name, shadow }) => [before, name, shadow]);
    for (const table of state.tables) {
      const there = await presentTables(http, names);
      if (there.has(table.before)) continue;
      if (!there.has(table.name) || !there.has(table.shadow))
        throw inBetween(table.name, { there: [...there.keys()] });
      await renameTable(http, table.name, table.before);
      await this.#step(`away ${table.name}`, 1, 1);
    }
    // Nobody can write the old tables any more. What was written after all, at the last moment, is in them.
    for (const table of state.tables) {
      const there = await presentTables(http, names);
      if (!there.has(table.shadow)) continue;
      const sources = new Map(state.tables.map((each) => [each.name, each.before]));
      if ((there.get(table.before) ?? 0) !== (table.txn ?? 0) + 1)
        await this.#lateRows(state, table, sources);
      await requireSettled(http, clock, [table.shadow], { waitMs: SETTLE_MS });
      if (there.has(table.name)) throw inBetween(table.name, { there: [...there.keys()] });
      await renameTable(http, table.shadow, table.name);
      await this.#step(`swapped ${table.name}`, 1, 1);
    }
    this.#next(state, 'swapped');
  }

  /** The rename is an entry of the log itself; more than that one was a late row. */
  async #lateRows(state: ApplyState, table: TableState, sources: ReadonlyMap<string, string>): Promise<void> {
    if (!isSqlCorrected(table.name)) {
      await requireSettled(this.#o.http, this.#o.clock, [table.before], { waitMs: SETTLE_MS });
      const rows = await this.#rowTables(state, sources);
      await rows.correct(table.name as RowCorrected, table.shadow, table.before);
      return;
    }
    const shadow = this.#shadow(state, table);
    await this.#catchUp(state, table, shadow, table.before);
    await this.#makeWhole(state, table, shadow, table.before);
    if (table.name === 'bars') await this.#restoreHiddenBars(state, sources);
  }

  async #release(state: ApplyState): Promise<void> {
    await this.#step('swapped', 0, 1);
    await restoreViews(this.#o.http);
    await this.#say(state, 'applied');
    this.#next(state, 'done');
    await this.#step('done', 1, 1);
  }

  #shadow(state: ApplyState, { name, shadow }: TableState): Shadow {
    const { clock, http } = this.#o;
    return new Shadow({
      http,
      clock,
      table: name as SqlCorrected,
      shadow,
      clocks: wallClocks(state.servers),
    });
  }

  #say(state: ApplyState, step: 'paused' | 'applied' | 'abandoned'): Promise<void> {
    const { clock, http } = this.#o;
    const evidence = JSON.stringify({ tables: state.tables.map(({ name }) => name) });
    const servers = state.servers.map(({ rule, server }) => ({ server, ruleId: parseClockRule(rule).id }));
    return writeStep(http, clock, { applyId: state.id, step, servers, evidence });
  }

  #next(state: ApplyState, step: ApplyStep): void {
    state.step = step;
    this.#save(state);
  }

  #save(state: ApplyState): void {
    this.#o.journal.save(state);
  }

  async #step(step: string, done: number, of: number): Promise<void> {
    await this.#o.onStep?.(step, done, of);
  }
}

const tableState = (name: string, id: string): TableState => ({
  name,
  shadow: `${name}_corrected_${id}`,
  before: `${name}_before_${id}`,
  marks: null,
  copiedUs: null,
  filled: false,
  txn: null,
});

const sleep = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.setTimeout(resolve, ms));
