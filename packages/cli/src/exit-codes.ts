// What each command ends with. In: the words of a command. Out: its exit codes and their meaning, for its help and for docs/commands.md.

/** A command line that cannot be parsed ends with 64. */
const EXIT_CODES: Readonly<Record<string, string>> = {
  up: '0 stopped, 1 failed',
  run: '0 stopped, 1 failed',
  backfill: '0 done, 1 a job failed, 130 left with Ctrl-C',
  status: '0 well, 1 degraded, 2 down',
  sql: '0 done, 1 refused',
  doctor: '0 fine, 1 a check failed',
  'dataset export': '0 done, 1 failed, 130 stopped with Ctrl-C',
  export: '0 done, 1 failed, 130 stopped with Ctrl-C',
  'dataset update': '0 done, 1 failed, 130 stopped with Ctrl-C',
  'dataset check': '0 the version is intact, 1 failed, 2 something is wrong with it, 130 stopped with Ctrl-C',
  'dataset diff': '0 equal, 1 failed, 2 different, 130 stopped with Ctrl-C',
  'dataset import': '0 done, 1 failed, 130 stopped with Ctrl-C',
  'dataset vacuum': '0 done, 1 failed, 130 stopped with Ctrl-C',
  replay: '0 everything was sent, or stopped with Ctrl-C; 1 failed',
  backup: '0 done, 1 failed, 130 stopped with Ctrl-C',
  restore: '0 done, 1 failed, 130 stopped with Ctrl-C',
  'tape check': '0 all readable, 1 failed, 2 something cannot be read',
};

/** By the words of a command, such as `clock set`. */
export const exitCodesOf = (command: string): string => EXIT_CODES[command] ?? '0 done, 1 failed';
