// Errors of `fxtape clock apply`, which rewrites rows that were written with another clock rule.
import { terminal, transient } from './entry.ts';

export const clockApplyErrors = {
  CLOCK_APPLY_UNDER_WAY: transient(
    '`fxtape clock apply` has paused writing, or has just replaced tables; rows wait on the tape, jobs in their queue',
    'Wait. If it is no longer running, run `fxtape clock apply` where it was started: it finishes or rolls back. `--abort` rolls it back from any machine',
  ),
  CLOCK_APPLY_NOTHING: terminal(
    "every row already has the time that its broker's clock rule gives; with `--abort`: no correction is under way",
    'Nothing to do; `fxtape clock` shows the rules',
  ),
  CLOCK_APPLY_PROVISIONAL: terminal(
    'no row has to be corrected, except perhaps rows of a broker whose clock rule is only provisional',
    'Wait for more evidence (`fxtape clock` says which), or set the rule if you know it: `fxtape clock set RULE --account NAME`',
  ),
  CLOCK_APPLY_NO_ROOM: terminal(
    'there is no disk space for the corrected tables beside the old ones',
    'Free disk space there; `fxtape clock apply --drop-old` removes the old tables of an earlier correction',
  ),
  CLOCK_APPLY_WRITERS: terminal(
    'something still writes rows although writing is paused: a service of an older release, or a program of yours; no table was replaced',
    'Stop services of an older release and programs that write these tables, then run `fxtape clock apply` again: finished copies are kept',
  ),
  CLOCK_APPLY_ELSEWHERE: terminal(
    'a correction of this database, started by another data folder or an older release, is not finished',
    'Run `fxtape clock apply` where it was started: it finishes. If that place is gone, `fxtape clock apply --abort` here rolls it back',
  ),
  CLOCK_APPLY_RUNS: terminal(
    'another `fxtape clock apply` is running on this data folder',
    'Wait until it has finished',
  ),
  CLOCK_APPLY_UNFINISHED: terminal(
    '`--drop-old` while a correction is not finished',
    'Run `fxtape clock apply` first: it finishes or rolls back',
  ),
  CLOCK_APPLY_STATE: terminal(
    'another program renamed or created a table while a correction was under way',
    'Another program renamed or created tables meanwhile. Rename them back (their names end in `_before_…` and `_corrected_…`) and run `fxtape clock apply` again, or roll back with `--abort`',
  ),
  CLOCK_APPLY_TAKEN_BACK: terminal(
    'the correction was rolled back by somebody else while it ran',
    'Run `fxtape clock apply` again: it starts from the beginning',
  ),
  CLOCK_APPLY_UNLIKE: terminal(
    'a corrected copy does not hold the rows it should, although it was made twice; no table was replaced by it',
    'Run `fxtape clock apply --abort`, which puts everything back, and report it with the log of QuestDB',
  ),
  CLOCK_APPLY_OWN_COLUMNS: terminal(
    'a small table has columns of your own, which its corrected rows would lose',
    'Keep them in a table of your own, and drop them there',
  ),
  CLOCK_APPLY_LATE_ROWS: terminal(
    '`--drop-old` found rows in a replaced table that the new table lacks and that cannot be put there; nothing was dropped',
    'Look at them; when you need nothing of the table any more, drop it by hand',
  ),
};
