// Removes the tables that corrections have replaced, once nothing of them is missing. In: the database, and what each correction covered.
// Out: each old table is compared with its replacement; rows that are missing there are added, and then the old table is dropped.
import type { Clock } from '@fxtape/ops';
import {
  asObjects,
  CorrectedRows,
  dropTable,
  isSqlCorrected,
  keptSinceUs,
  lastEntries,
  missingRows,
  type QuestDbHttp,
  requireSettled,
  type SqlCorrected,
  sqlText,
  type WallClock,
} from '@fxtape/questdb';
import { type ApplyJournal, beforeOf, type ServerClock } from './apply-state.ts';
import { lateRows } from './errors.ts';
import { type OldTable, oldTables } from './places.ts';
import { wallClocks } from './server-clocks.ts';

const SETTLE_MS = 600_000;

export interface DroppedTable {
  readonly name: string;
  /** Rows of it that were missing, and were put where they belong. */
  readonly putBack: number;
}

export interface DropOldOptions {
  readonly http: QuestDbHttp;
  readonly clock: Clock;
  readonly journal: ApplyJournal;
  /** The servers as they are now: an older release did not say whose rows it replaced. */
  readonly servers: readonly ServerClock[];
}

/** Nothing is dropped before all of it was found. Errors: CLOCK_APPLY_LATE_ROWS and those of `exec`. */
export async function dropOldTables(o: DropOldOptions): Promise<DroppedTable[]> {
  const all = await oldTables(o.http);
  const found: DroppedTable[] = [];
  // A copy that never took a name has nothing that is not in its table.
  for (const old of all)
    found.push({ name: old.name, putBack: old.kind === 'corrected' ? 0 : await keepAll(o, old, all) });
  for (const { name } of found) await dropTable(o.http, name);
  return found;
}

async function keepAll(o: DropOldOptions, old: OldTable, all: readonly OldTable[]): Promise<number> {
  if (isSqlCorrected(old.table)) return await putMissing(o, old, old.table, all);
  const state = await o.journal.load(old.id);
  const entry = state?.tables.find(({ name }) => name === old.table)?.entry ?? null;
  const now = (await lastEntries(o.http, [old.name])).get(old.name) ?? null;
  if (entry !== null && now !== entry) throw lateRows(old.name, null);
  return 0;
}

async function putMissing(
  o: DropOldOptions,
  old: OldTable,
  table: SqlCorrected,
  all: readonly OldTable[],
): Promise<number> {
  const { clock, http } = o;
  // A later correction replaced what this one had made.
  const later = all.find((each) => each.kind === 'before' && each.table === table && each.id > old.id);
  const into = later?.name ?? table;
  await requireSettled(http, clock, [old.name, into], { waitMs: SETTLE_MS });
  const there = new Set(all.map(({ name }) => name));
  const sourceOf = (name: string): string =>
    there.has(beforeOf(name, old.id)) ? beforeOf(name, old.id) : name;
  const clocks = await clocksOf(o, old.id);
  const rows = new CorrectedRows({ http, table, clocks, sourceOf });
  const sinceUs = await keptSinceUs(http, into, clock.nowUs());
  const missing = await missingRows(http, rows, into, { put: true, sinceUs });
  if (missing === 0) return 0;
  await requireSettled(http, clock, [into], { waitMs: SETTLE_MS });
  const left = await missingRows(http, rows, into, { put: false, sinceUs });
  if (left > 0) throw lateRows(old.name, left);
  return missing;
}

/** The clocks that a correction went by. Of an older release only the rules are known, and not which hours were told. */
async function clocksOf({ http, journal, servers }: DropOldOptions, id: string): Promise<WallClock[]> {
  const state = await journal.load(id);
  if (state !== null) return wallClocks(state.servers);
  const said = asObjects(
    await http.exec(`SELECT DISTINCT server, rule_id FROM clock_applies WHERE apply_id = ${sqlText(id)}`),
  );
  const ruleOf = new Map(said.map((row) => [String(row['server']), String(row['rule_id'])]));
  return wallClocks(
    servers.flatMap((each) => {
      const rule = said.length === 0 ? each.rule : ruleOf.get(each.server);
      return rule === undefined ? [] : [{ ...each, rule, oldRules: [], splits: [] }];
    }),
  );
}
