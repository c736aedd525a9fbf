// What can prevent a correction. In: the facts. Out: errors with a stable code and what to do.
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
    'every row already has the time that its broker’s clock rule gives',
    'Nothing to do; `fxtape clock` shows the rules',
  );

export const provisional = (server: string, rule: string): FxtapeError =>
  terminal(
    'CLOCK_APPLY_PROVISIONAL',
    `the clock rule of ${server} is not settled: ${rule} is provisional`,
    'Wait for more evidence (`fxtape clock` says which), or set the rule if you know it: `fxtape clock set RULE --account NAME`',
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
    'Free disk space there; `fxtape clock apply --drop-old` removes the old tables of an earlier correction',
    { needBytes, freeBytes, where },
  );

export const stillWritten = (tables: readonly string[]): FxtapeError =>
  terminal(
    'CLOCK_APPLY_WRITERS',
    `something still writes to ${tables.join(', ')} although writing is paused; no table was replaced, and writing is allowed again`,
    'Stop services of an older release and programs that write these tables, then run `fxtape clock apply` again: finished copies are kept',
    { tables },
  );

/** `paused`: nobody writes because of it. */
export const elsewhere = (applyId: string, paused: boolean): FxtapeError =>
  terminal(
    'CLOCK_APPLY_ELSEWHERE',
    `another correction of this database (${applyId}) has not ended${paused ? ', and writing is paused for it' : ''}; another data folder, or an older release, began it`,
    'Run `fxtape clock apply` where it was started: it finishes. If that place is gone, `fxtape clock apply --abort` here rolls it back',
    { applyId, paused },
  );

export const takenBack = (applyId: string): FxtapeError =>
  terminal(
    'CLOCK_APPLY_TAKEN_BACK',
    `somebody else ended the correction ${applyId} while it was running`,
    'Run `fxtape clock apply` again: it starts from the beginning',
    { applyId },
  );

export const noneUnderWay = (): FxtapeError =>
  terminal('CLOCK_APPLY_NOTHING', 'no correction is under way', 'Nothing to do: writing is not paused');

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
      ? `a program wrote to ${table} after it was replaced; the table is kept`
      : `${rows} rows of ${table} are missing from the table that replaced it; the old table is kept`,
    `Look at these rows; when you no longer need them, run DROP TABLE ${table}`,
    { table, rows },
  );

export const notStored = (table: string, reason: string): FxtapeError =>
  new FxtapeError({
    code: 'QDB_REFUSED',
    kind: 'transient',
    message: `QuestDB did not accept corrected rows for ${table}: ${reason}`,
    hint: 'Run `fxtape clock apply` again: it resumes where it stopped',
    context: { table },
  });

export const running = (cause: unknown): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_RUNS',
    kind: 'terminal',
    message: 'another `fxtape clock apply` is running on this data folder',
    hint: 'Wait until it has finished',
    cause,
  });

export const unfinished = (applyId: string): FxtapeError =>
  terminal(
    'CLOCK_APPLY_UNFINISHED',
    `the correction ${applyId} is not finished; its old tables are still needed`,
    'Run `fxtape clock apply` first: it finishes or rolls back',
    { applyId },
  );

export const inBetween = (table: string, facts: object): FxtapeError =>
  terminal(
    'CLOCK_APPLY_STATE',
    `the table ${table} is no longer as this correction left it`,
    'Another program renamed or created tables meanwhile. Put them back by hand and run `fxtape clock apply` again, or roll back with `--abort`',
    { table, ...facts },
  );
