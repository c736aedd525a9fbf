// The correction itself: tables whose times were made with another clock rule are replaced by corrected ones, without downloading anything.
// In: the servers and their rules, a database, the id of this data folder. Out: corrected tables under the old names, with the old tables
// beside them.
//   fill the copies (everything goes on) ─► pause ─► all permits are over ─► the copies are proved, small tables ─► old names away (nobody can
//   write them any more) ─► what still came ─► copies take the names ─► views ─► `applied`: writing goes on, with the new rule
//
// From an earlier run only the list of tables is taken over: table names show which step was reached, and counting shows what a copy
// contains. Every step may run twice, and until `applied` all of it can be rolled back.
import { type Clock, type Log, pause } from '@fxtape/ops';
import {
  CorrectedRows,
  endStatements,
  endSync,
  isSqlCorrected,
  isSyncing,
  lastEntries,
  type LostHour,
  PAUSE_REACHES_MS,
  type QuestDbHttp,
  renameTable,
  requireSettled,
  ROW_CORRECTED,
  SQL_CORRECTED,
  type SqlCorrected,
  syncToDisk,
  TableCopy,
  type WallClock,
} from '@fxtape/questdb';
import {
  type ApplyJournal,
  type ApplyState,
  beforeOf,
  isUnfinished,
  nextId,
  type ServerClock,
  shadowOf,
} from './apply-state.ts';
import { requireAlone, requireNoOtherPause, requireStill, stepOf } from './apply-fences.ts';
import { elsewhere, inBetween, stillWritten } from './errors.ts';
import { RECKONED_AT_ONCE, reckonTable } from './measure.ts';
import { CORRECTED_TABLES, oldTables, placesOf } from './places.ts';
import { RowTables } from './row-tables.ts';
import { wallClocks } from './server-clocks.ts';
import { restoreViews } from './views.ts';

const QUIET_MS = 2000;
const SETTLE_MS = 600_000;
/** Rounds while something writes although writing is paused; the rest is copied once the old names are gone. */
const MOST_ROUNDS = 2;

export interface ApplyOptions {
  readonly http: QuestDbHttp;
  readonly journal: ApplyJournal;
  /** Name of the data folder. */
  readonly owner: string;
  readonly clock: Clock;
  readonly log: Log;
  /** How long a pause takes to reach everybody, and how long logs have to stand still then; for tests. */
  readonly reachMs?: number;
  readonly quietMs?: number;
  /** Called before each step and after each stretch; for progress. */
  readonly onStep?: (step: string, done: number, of: number) => void | Promise<void>;
}

export class ClockApply {
  readonly #o: ApplyOptions;
  readonly #copies = new Map<string, TableCopy>();
  /** Tables whose rows are under another name, by table. */
  readonly #standing = new Map<string, string>();
  /** Up to which entry of its log a table is known to need no correction. */
  readonly #right = new Map<string, number>();
  #clocks: readonly WallClock[] | null = null;
  /** The inputs from which the small tables were last made. */
  #rowsMadeOf = '';

  constructor(options: ApplyOptions) {
    this.#o = options;
  }

  /** What an earlier run of this data folder left unfinished; null when there is nothing. Errors: CLOCK_APPLY_ELSEWHERE. */
  async unfinished(): Promise<ApplyState | null> {
    const { journal, owner } = this.#o;
    const steps = (await journal.steps()).filter(isUnfinished);
    const states = await Promise.all(steps.map(({ applyId }) => journal.load(applyId)));
    const foreign = steps.find((_, i) => states[i]?.owner !== owner);
    if (foreign !== undefined) throw elsewhere(foreign.applyId, foreign.step === 'paused');
    return states.at(-1) ?? null;
  }

  /** Begins a correction of these tables. Errors: CLOCK_APPLY_ELSEWHERE when somebody else has begun one too. */
  async begin(servers: readonly ServerClock[], tables: readonly SqlCorrected[]): Promise<ApplyState> {
    const { clock, http, journal, owner } = this.#o;
    const known = [
      ...(await journal.steps()).map(({ applyId }) => applyId),
      ...(await oldTables(http)).map((old) => old.id),
    ];
    const id = nextId(clock.nowMs(), known);
    const state: ApplyState = {
      id,
      owner,
      step: 'filling',
      syncing: false,
      servers,
      tables: tables.map((name) => ({ name, entry: null, copyEntry: null })),
    };
    await journal.save(state);
    try {
      await requireAlone(this.#o.journal, state.id);
    } catch (error) {
      state.step = 'abandoned';
      await journal.save(state);
      throw error;
    }
    return state;
  }

  /** True while no table has lost its name. */
  async canGoBack({ id, step }: ApplyState): Promise<boolean> {
    return (
      step !== 'swapping' && [...(await placesOf(this.#o.http, id)).values()].every(({ before }) => !before)
    );
  }

  /** Goes on from where it stands until everything is replaced. Errors: CLOCK_APPLY_WRITERS, _ELSEWHERE, _STATE, _UNLIKE, those of QuestDB. */
  async run(state: ApplyState): Promise<void> {
    const { clock, http } = this.#o;
    // A run that was killed may have left a statement that the server goes on with.
    await endStatements(http, clock, [shadowOf('', state.id)]);
    if (state.syncing) await this.#endSync(state);
    for (const [name, place] of await placesOf(http, state.id))
      if (place.before) this.#standing.set(name, beforeOf(name, state.id));
    if (state.step === 'filling' && this.#standing.size === 0) await this.#fill(state);
    try {
      if (state.step !== 'swapping') await this.#pause(state);
      await requireStill(this.#o.journal, state.id);
      await this.#complete(state);
      await this.#sync(state);
    } catch (error) {
      await this.#endPause(state);
      throw error;
    }
    await this.#swap(state);
    await this.#release(state);
  }

  /** While every table has its old name, writers need not wait for somebody to fix what went wrong. */
  async #endPause(state: ApplyState): Promise<void> {
    const { journal, log } = this.#o;
    try {
      if ((await stepOf(journal, state.id)) !== 'paused' || !(await this.canGoBack(state))) return;
      state.step = 'filling';
      await journal.save(state);
    } catch (error) {
      log.warn({ err: error }, 'database writes stay paused until `fxtape clock apply` runs again');
    }
  }

  async #fill(state: ApplyState): Promise<void> {
    await this.#step('filling', 0, 1);
    // The second time copies what came during the first, so that little is left when writing is paused.
    for (const _ of [1, 2])
      for (const { name } of state.tables)
        if (isSqlCorrected(name))
          await this.#copy(state, name).follow((done, of) => this.#step(`filling ${name}`, done, of));
    await this.#includeLateTables(state);
    await this.#sync(state);
  }

  /** Waits until every writer has seen the pause, or has no valid permit. Then the logs must stand still. */
  async #pause(state: ApplyState): Promise<void> {
    await this.#step('pausing', 0, 1);
    const { clock, http, log, quietMs, reachMs } = this.#o;
    await requireNoOtherPause(this.#o.journal, state.id);
    state.step = 'paused';
    await this.#o.journal.save(state);
    await pause(clock, reachMs ?? PAUSE_REACHES_MS);
    await requireStill(this.#o.journal, state.id);
    const before = await lastEntries(http, CORRECTED_TABLES);
    await pause(clock, quietMs ?? QUIET_MS);
    const after = await lastEntries(http, CORRECTED_TABLES);
    const moving = CORRECTED_TABLES.filter((name) => before.get(name) !== after.get(name));
    if (moving.length > 0) throw stillWritten(moving);
    log.info({ applyId: state.id }, 'database writes are paused; the tape keeps recording');
    await this.#step('paused', 0, 1);
  }

  /**
   * Afterwards every copy has what its table had when the last round began. If something still writes, rows may be missing; once the old names
   * are gone, that is impossible.
   */
  async #complete(state: ApplyState): Promise<void> {
    const { clock, http } = this.#o;
    for (let round = 1; ; round++) {
      const sources = CORRECTED_TABLES.map((name) => this.#source(name));
      // Read first: what is written from here on is found by the next round. What was written before has to be seen by every query below.
      const entries = await lastEntries(http, sources);
      await requireSettled(http, clock, sources, { waitMs: SETTLE_MS });
      await this.#includeLateTables(state);
      for (const name of await this.#open(state))
        if (isSqlCorrected(name) && !(await this.#prove(state, name))) entries.delete(this.#source(name));
      await this.#correctRows(state, entries);
      const copies = (await this.#open(state)).map((name) => shadowOf(name, state.id));
      // A copy that is suspended must not take a name.
      await requireSettled(http, clock, copies, { waitMs: SETTLE_MS });
      const now = await lastEntries(http, sources);
      const isStill = state.tables.every(({ name }) => {
        const source = this.#source(name);
        return entries.get(source) === now.get(source);
      });
      if (!isStill && round < MOST_ROUNDS) continue;
      await this.#noteEntries(state, entries);
      return;
    }
  }

  #prove(state: ApplyState, name: SqlCorrected): Promise<boolean> {
    return this.#copy(state, name).prove((done, of) => this.#step(`checking ${name}`, done, of));
  }

  async #noteEntries(state: ApplyState, entries: ReadonlyMap<string, number>): Promise<void> {
    const made = await lastEntries(
      this.#o.http,
      state.tables.map(({ name }) => shadowOf(name, state.id)),
    );
    for (const table of state.tables) {
      const entry = entries.get(this.#source(table.name)) ?? null;
      // As the log of the old table stands once its name was taken away, which is an entry of its own.
      table.entry = entry === null || this.#standing.has(table.name) ? entry : entry + 1;
      table.copyEntry = made.get(shadowOf(table.name, state.id)) ?? table.copyEntry;
    }
  }

  /** Adds tables that had nothing to correct when the correction began. */
  async #includeLateTables(state: ApplyState): Promise<void> {
    const { http } = this.#o;
    for (const name of SQL_CORRECTED) {
      if (state.tables.some((table) => table.name === name)) continue;
      const entry = (await lastEntries(http, [name])).get(name);
      if (entry === undefined || this.#right.get(name) === entry) continue;
      await requireSettled(http, this.#o.clock, [name], { waitMs: SETTLE_MS });
      const { lost, moved } = await reckonTable(this.#rows(state, name));
      if (moved + lost === 0) this.#right.set(name, entry);
      else state.tables.push({ name, entry: null, copyEntry: null });
    }
  }

  async #correctRows(state: ApplyState, entries: ReadonlyMap<string, number>): Promise<void> {
    const { clock, http } = this.#o;
    const open = await this.#open(state);
    const lost: LostHour[] = [];
    for (const { name } of state.tables)
      if (isSqlCorrected(name)) lost.push(...(await this.#lost(state, name)));
    const madeOf = JSON.stringify([lost, ROW_CORRECTED.map((name) => entries.get(this.#source(name)))]);
    if (madeOf === this.#rowsMadeOf) return;
    const sourceOf = (name: string): string => this.#source(name);
    const rows = await RowTables.make({ http, clock, servers: state.servers, lost, sourceOf });
    for (const name of ROW_CORRECTED) {
      const isKnown = state.tables.some((table) => table.name === name);
      // Positions also after their copy took the name: the rows left out of them are cut out of coverage.
      const { changed } = await rows.reckon(name);
      if (isKnown ? !open.includes(name) : changed === 0) continue;
      if (!isKnown) state.tables.push({ name, entry: null, copyEntry: null });
      await rows.copy(name, shadowOf(name, state.id));
      await this.#step(`writing ${name}`, 1, 1);
    }
    this.#rowsMadeOf = madeOf;
  }

  async #lost(state: ApplyState, name: SqlCorrected): Promise<readonly LostHour[]> {
    const rows = this.#rows(state, name);
    await rows.refresh();
    return await rows.lost(RECKONED_AT_ONCE);
  }

  async #swap(state: ApplyState): Promise<void> {
    const { clock, http } = this.#o;
    state.step = 'swapping';
    await this.#o.journal.save(state);
    await this.#step('swapping', 0, state.tables.length);
    for (;;) {
      await this.#takeNamesAway(state);
      // Nobody can write to the old tables any more. Rows that came at the last moment are in them.
      const entries = await lastEntries(
        http,
        state.tables.map(({ name }) => beforeOf(name, state.id)),
      );
      const late = (await this.#open(state)).filter(
        (name) =>
          entries.get(beforeOf(name, state.id)) !== state.tables.find((each) => each.name === name)?.entry,
      );
      if (late.length === 0) break;
      await this.#complete(state);
      await this.#o.journal.save(state);
    }
    for (const name of await this.#open(state)) {
      await requireSettled(http, clock, [shadowOf(name, state.id)], { waitMs: SETTLE_MS });
      await requireStill(this.#o.journal, state.id);
      await renameTable(http, shadowOf(name, state.id), name);
      await this.#step(`swapped ${name}`, 1, 1);
    }
  }

  async #takeNamesAway(state: ApplyState): Promise<void> {
    const { http } = this.#o;
    for (const { name } of state.tables) {
      const place = (await placesOf(http, state.id)).get(name);
      if (place === undefined || (place.before && place.own && place.shadow))
        throw inBetween(name, { ...place });
      if (place.before) continue;
      if (!place.own || !place.shadow) throw inBetween(name, { ...place });
      await requireStill(this.#o.journal, state.id);
      await renameTable(http, name, beforeOf(name, state.id));
      this.#standing.set(name, beforeOf(name, state.id));
      await this.#step(`away ${name}`, 1, 1);
    }
  }

  async #release(state: ApplyState): Promise<void> {
    await this.#step('swapped', 0, 1);
    await restoreViews(this.#o.http);
    // Before writing resumes: a power cut must not bring back the old names with newer rows.
    await this.#sync(state);
    await requireStill(this.#o.journal, state.id);
    state.step = 'applied';
    await this.#o.journal.save(state);
    await this.#step('done', 1, 1);
  }

  /** Tables whose copy has not taken the name yet. */
  async #open(state: ApplyState): Promise<string[]> {
    const places = await placesOf(this.#o.http, state.id);
    return state.tables.flatMap(({ name }) => {
      const place = places.get(name);
      const isDone = place !== undefined && place.before && place.own && !place.shadow;
      return isDone ? [] : [name];
    });
  }

  #source(name: string): string {
    return this.#standing.get(name) ?? name;
  }

  #rows(state: ApplyState, table: SqlCorrected): CorrectedRows {
    this.#clocks ??= wallClocks(state.servers);
    const sourceOf = (name: string): string => this.#source(name);
    return new CorrectedRows({ http: this.#o.http, table, clocks: this.#clocks, sourceOf });
  }

  #copy(state: ApplyState, table: SqlCorrected): TableCopy {
    const known = this.#copies.get(table);
    if (known !== undefined) return known;
    const { clock, http } = this.#o;
    const name = shadowOf(table, state.id);
    const copy = new TableCopy({ http, clock, rows: this.#rows(state, table), name });
    this.#copies.set(table, copy);
    return copy;
  }

  /** Everything that the server has answered for is on its disk, when it can be had. */
  async #sync(state: ApplyState): Promise<void> {
    const { http, journal, log } = this.#o;
    // Saved only if the checkpoint will be this run's own: the next run ends what a killed run began.
    state.syncing = !(await isSyncing(http));
    await journal.save(state);
    if (!state.syncing || !(await syncToDisk(http)))
      log.warn(
        'QuestDB cannot be made to write everything to disk now: another checkpoint is in progress, or its platform does not support checkpoints',
      );
    state.syncing = false;
    await journal.save(state);
  }

  async #endSync(state: ApplyState): Promise<void> {
    await endSync(this.#o.http);
    state.syncing = false;
    await this.#o.journal.save(state);
  }

  async #step(step: string, done: number, of: number): Promise<void> {
    await this.#o.onStep?.(step, done, of);
  }
}
