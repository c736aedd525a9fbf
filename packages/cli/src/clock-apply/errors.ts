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

export const elsewhere = (applyId: string): FxtapeError =>
  terminal(
    'CLOCK_APPLY_ELSEWHERE',
    `another correction (${applyId}) has paused this database, and this data folder knows nothing of it`,
    'Type `fxtape clock apply` where it was begun: it goes on or goes back',
    { applyId },
  );

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

export const stateUnreadable = (path: string, cause: unknown): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_STATE',
    kind: 'terminal',
    message: `${path} is not a file that \`fxtape clock apply\` wrote`,
    hint: 'Restore it; without it nobody knows which tables were replaced (their names end in _before_… and _corrected_…)',
    context: { path },
    cause,
  });

export const inBetween = (table: string, facts: object): FxtapeError =>
  terminal(
    'CLOCK_APPLY_STATE',
    `the table ${table} is not as this correction left it`,
    'Somebody else renamed or made tables meanwhile; put them back by hand, then type it again',
    { table, ...facts },
  );
