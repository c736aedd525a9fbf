// What can stand in the way of a correction. In: the facts. Out: errors with a stable code and what to do.
import { FxtapeError } from '@fxtape/ops';

const terminal = (
  code: string,
  message: string,
  hint: string,
  context: Record<string, unknown> = {},
): FxtapeError => new FxtapeError({ code, kind: 'terminal', message, hint, context });

export const nothingToDo = (): FxtapeError =>
  terminal(
    'CLOCK_APPLY_NOTHING',
    'every row has the time that the clock rules of its broker give it',
    'Nothing to do; `fxtape clock` shows the rules',
  );

export const provisional = (server: string, rule: string): FxtapeError =>
  terminal(
    'CLOCK_APPLY_PROVISIONAL',
    `the clock rule of ${server} is not settled: ${rule} is provisional`,
    'Wait for evidence (`fxtape clock` says which), or set a rule that you know: `fxtape clock set RULE --account NAME`',
    { server, rule },
  );

export const rulesDisagree = (server: string, rules: readonly string[]): FxtapeError =>
  terminal(
    'CLOCK_RULES_DISAGREE',
    `the configuration names several rules for one server, ${server}: ${rules.join(', ')}`,
    'Give all accounts of one server the same rule: a server has one clock',
    { server, rules },
  );

export const noRoom = (needBytes: number, freeBytes: number, where: string): FxtapeError =>
  terminal(
    'CLOCK_APPLY_NO_ROOM',
    `the corrected tables need ${needBytes} bytes beside the old ones, and ${freeBytes} are free at ${where}`,
    'Make room there; `fxtape clock apply --drop-old` removes the old tables of an earlier correction',
    { needBytes, freeBytes, where },
  );

export const stillWritten = (tables: readonly string[]): FxtapeError =>
  terminal(
    'CLOCK_APPLY_WRITERS',
    `somebody writes ${tables.join(', ')} although writing is paused; nothing was replaced, and writing goes on`,
    'Stop services of an older release and programs that write these tables, then type it again: what is copied is kept',
    { tables },
  );

/** `paused`: nobody writes because of it. */
export const elsewhere = (applyId: string, paused: boolean): FxtapeError =>
  terminal(
    'CLOCK_APPLY_ELSEWHERE',
    `another correction of this database (${applyId}) has not ended${paused ? ', and writing is paused for it' : ''}; another data folder, or an older release, began it`,
    'Type `fxtape clock apply` where it was begun: it goes on. If that place is gone, `fxtape clock apply --abort` here puts everything back',
    { applyId, paused },
  );

export const takenBack = (applyId: string): FxtapeError =>
  terminal(
    'CLOCK_APPLY_TAKEN_BACK',
    `the correction ${applyId} was ended by somebody else while it ran`,
    'Type `fxtape clock apply` again: it begins anew',
    { applyId },
  );

export const noneUnderWay = (): FxtapeError =>
  terminal('CLOCK_APPLY_NOTHING', 'no correction is under way', 'Nothing to do: nothing is paused');

export const ownColumns = (table: string, columns: readonly string[]): FxtapeError =>
  terminal(
    'CLOCK_APPLY_OWN_COLUMNS',
    `the table ${table} has columns that are not fxtape's, and its rows would lose them: ${columns.join(', ')}`,
    `Keep them in a table of your own, then: ${columns.map((name) => `ALTER TABLE ${table} DROP COLUMN ${name}`).join('; ')}`,
    { table, columns },
  );

export const lateRows = (table: string, rows: number | null): FxtapeError =>
  terminal(
    'CLOCK_APPLY_LATE_ROWS',
    rows === null
      ? `somebody wrote into ${table} after it was replaced; it is kept`
      : `${rows} rows of ${table} are not in the table that took its place; it is kept`,
    `Look at them; when nothing of it is needed any more: DROP TABLE ${table}`,
    { table, rows },
  );

export const notStored = (table: string, reason: string): FxtapeError =>
  new FxtapeError({
    code: 'QDB_REFUSED',
    kind: 'transient',
    message: `QuestDB did not take corrected rows into ${table}: ${reason}`,
    hint: 'Type `fxtape clock apply` again: it goes on where it stood',
    context: { table },
  });

export const running = (cause: unknown): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_RUNS',
    kind: 'terminal',
    message: 'another `fxtape clock apply` works on this data folder at this moment',
    hint: 'Wait until it has ended',
    cause,
  });

export const unfinished = (applyId: string): FxtapeError =>
  terminal(
    'CLOCK_APPLY_UNFINISHED',
    `the correction ${applyId} has not ended; its old tables are still needed`,
    'Type `fxtape clock apply` first: it goes on or goes back',
    { applyId },
  );

export const inBetween = (table: string, facts: object): FxtapeError =>
  terminal(
    'CLOCK_APPLY_STATE',
    `the table ${table} is not as this correction left it`,
    'Somebody else renamed or made tables meanwhile; put them back by hand, then type it again, or `fxtape clock apply --abort`',
    { table, ...facts },
  );
