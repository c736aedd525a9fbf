// Errors of backups.
import { terminal, transient } from './entry.ts';

export const backupErrors = {
  BACKUP_CUT_SHORT: transient(
    'an export for a backup has fewer rows than the table',
    'Run `fxtape backup` again; files that are stored already are not stored twice',
  ),
  BACKUP_DAMAGED: terminal(
    'a file of a backup is missing, or is not what was written',
    'Bring the file back from a copy, or restore an older backup (`--at`) into another empty data folder and database',
  ),
  BACKUP_NEWER: terminal(
    'a backup was made by a newer release',
    'Restore it with that release, or a newer one',
  ),
  BACKUP_OF_ANOTHER: terminal(
    'an address has backups of another recording',
    'Give each recording an address of its own; check FXTAPE_DATA_DIR, and whether `fxtape up` runs',
  ),
  BACKUP_NOT_FOUND: terminal(
    'there is no backup at this address, or none that is old enough',
    'Check the address; `--at` takes a time after the first backup',
  ),
  RESTORE_COUNTS_DIFFER: terminal(
    'a restored table has more or fewer rows than the backup',
    'Something else writes into this database, or keys were equal; restore into an empty data folder and database',
  ),
  RESTORE_NOT_EMPTY: terminal(
    'the data folder or the database already holds a recording',
    'Restore into a new data folder (FXTAPE_DATA_DIR) and an empty database; nothing was changed',
  ),
  RESTORE_ROW_REFUSED: terminal(
    'a table refuses a row of the backup',
    'Please report it, with the message; the backup is unchanged',
  ),
  RESTORE_STUCK: transient(
    'the database takes no rows of a restore',
    'Look at the disk and the log of QuestDB, then run `fxtape restore` again: it goes on',
  ),
  RESTORE_UNFINISHED: terminal(
    '`fxtape restore` into this data folder was not finished',
    'Run `fxtape restore` with the same address again: it goes on where it stopped',
  ),
};
