// What can prevent a correction. In: the facts. Out: errors with a stable code and what to do.
import { FxtapeError } from '@fxtape/ops';

export const nothingToDo = (): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_NOTHING',
    message: 'every row already has the time that its broker’s clock rule gives',
  });

export const provisional = (server: string, rule: string): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_PROVISIONAL',
    message: `the clock rule of ${server} is not settled: ${rule} is provisional`,
    context: { server, rule },
  });

export const rulesDisagree = (server: string, rules: readonly string[]): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_RULES_DISAGREE',
    message: `the configuration names several rules for one server, ${server}: ${rules.join(', ')}`,
    context: { server, rules },
  });

export const noRoom = (needBytes: number, freeBytes: number, where: string): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_NO_ROOM',
    message: `the corrected tables need ${needBytes} bytes beside the old ones, and ${freeBytes} are free at ${where}`,
    context: { needBytes, freeBytes, where },
  });

export const stillWritten = (tables: readonly string[]): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_WRITERS',
    message: `something still writes to ${tables.join(', ')} although writing is paused; no table was replaced, and writing is allowed again`,
    context: { tables },
  });

/** `paused`: nobody writes because of it. */
export const elsewhere = (applyId: string, paused: boolean): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_ELSEWHERE',
    message: `another correction of this database (${applyId}) has not ended${paused ? ', and writing is paused for it' : ''}; another data folder, or an older release, began it`,
    context: { applyId, paused },
  });

export const takenBack = (applyId: string): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_TAKEN_BACK',
    message: `somebody else ended the correction ${applyId} while it was running`,
    context: { applyId },
  });

export const noneUnderWay = (): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_NOTHING',
    message: 'no correction is under way',
    hint: 'Nothing to do: writing is not paused',
  });

export const ownColumns = (table: string, columns: readonly string[]): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_OWN_COLUMNS',
    message: `the table ${table} has columns that are not fxtape's, and its rows would lose them: ${columns.join(', ')}`,
    hint: `Keep them in a table of your own, then: ${columns.map((name) => `ALTER TABLE ${table} DROP COLUMN ${name}`).join('; ')}`,
    context: { table, columns },
  });

export const lateRows = (table: string, rows: number | null): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_LATE_ROWS',
    message:
      rows === null
        ? `a program wrote to ${table} after it was replaced; the table is kept`
        : `${rows} rows of ${table} are missing from the table that replaced it; the old table is kept`,
    hint: `Look at these rows; when you no longer need them, run DROP TABLE ${table}`,
    context: { table, rows },
  });

export const notStored = (table: string, reason: string): FxtapeError =>
  new FxtapeError({
    code: 'QDB_REFUSED',
    message: `QuestDB did not accept corrected rows for ${table}: ${reason}`,
    hint: 'Run `fxtape clock apply` again: it resumes where it stopped',
    context: { table },
  });

export const running = (cause: unknown): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_RUNS',
    message: 'another `fxtape clock apply` is running on this data folder',
    cause,
  });

export const unfinished = (applyId: string): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_UNFINISHED',
    message: `the correction ${applyId} is not finished; its old tables are still needed`,
    context: { applyId },
  });

export const inBetween = (table: string, facts: object): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_STATE',
    message: `the table ${table} is no longer as this correction left it`,
    context: { table, ...facts },
  });
