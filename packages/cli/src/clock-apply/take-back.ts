// Rolls a correction back. In: its id, and what is known about it. Out: the old tables are back under their names, writing is allowed
// again, and the copies are gone. May run twice, and from any machine.
import type { Clock, Log } from '@fxtape/ops';
import {
  dropTable,
  endStatements,
  endSync,
  lastEntries,
  type QuestDbHttp,
  renameTable,
} from '@fxtape/questdb';
import { type ApplyJournal, type ApplyState, beforeOf, shadowOf } from './apply-state.ts';
import { oldTables, placesOf } from './places.ts';
import { restoreViews } from './views.ts';

export interface TakeBackOptions {
  readonly http: QuestDbHttp;
  readonly clock: Clock;
  readonly journal: ApplyJournal;
  readonly log: Log;
}

/** Returns the tables that are kept under other names because another program created them, or wrote to them. Errors: as `exec`. */
export async function takeBack(
  { clock, http, journal, log }: TakeBackOptions,
  id: string,
): Promise<readonly string[]> {
  const state = await journal.load(id);
  const kept: string[] = [];
  await endStatements(http, clock, [shadowOf('', id)]);
  if (state?.syncing === true) await endSync(http);
  for (const [name, place] of await placesOf(http, id)) {
    if (!place.before) continue;
    // With the copy still there, another program must have created this table while the name was free.
    if (place.own && place.shadow) kept.push(await keep(http, name, `${name}_made_${id}`));
    else if (place.own) await renameTable(http, name, shadowOf(name, id));
    await renameTable(http, beforeOf(name, id), name);
  }
  await restoreViews(http);
  const copies: string[] = [];
  for (const [name, place] of await placesOf(http, id)) {
    if (!place.shadow) continue;
    const copy = shadowOf(name, id);
    if (await wasWritten(http, copy, state, name)) kept.push(await keep(http, copy, `${name}_written_${id}`));
    else copies.push(copy);
  }
  // Only now: until then nobody writes, and a killed run starts again from here.
  if (state === null) await journal.abandon(id);
  else await journal.save({ ...state, step: 'abandoned', syncing: false });
  for (const copy of copies) await dropTable(http, copy);
  log.info({ applyId: id, kept }, 'the correction was rolled back');
  return kept;
}

async function keep(http: QuestDbHttp, from: string, as: string): Promise<string> {
  await renameTable(http, from, as);
  return as;
}

/** Taking the name and losing it are one entry each; more entries are another program's. */
async function wasWritten(
  http: QuestDbHttp,
  copy: string,
  state: ApplyState | null,
  name: string,
): Promise<boolean> {
  const made = state?.tables.find((table) => table.name === name)?.copyEntry ?? null;
  if (made === null) return false;
  return ((await lastEntries(http, [copy])).get(copy) ?? made) > made + 2;
}

/** Corrections whose rows the database has lost while their tables are renamed, after a power cut. Errors: as `exec`. */
export async function strandedIds(http: QuestDbHttp, journal: ApplyJournal): Promise<string[]> {
  const applied = new Set(
    (await journal.steps()).flatMap(({ applyId, step }) => (step === 'applied' ? [applyId] : [])),
  );
  const ids = new Set<string>();
  for (const { id, kind, table } of await oldTables(http))
    if (kind === 'before' && !applied.has(id) && (await placesOf(http, id)).get(table)?.own === false)
      ids.add(id);
  return [...ids];
}
