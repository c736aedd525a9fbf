// Errors of the command `fxtape`.
import { check, state, terminal, transient } from './entry.ts';

export const commandErrors = {
  KEY_MISSING: terminal(
    'the variable that an account names holds no key; at `/request`: the console has no key for the account (status 409)',
    'Set the variable that the message names; a read-only key (fxs_ro_…) is enough',
  ),
  DEMO_TICKS_MISSING: terminal(
    '`up --demo=real` was given no tick file',
    'Add `--ticks FILE`, or set FXTAPE_DEMO_TICKS',
  ),
  SERVICE_START_FAILED: terminal(
    '`up`: a service exited four times before it was up; the message says why',
    'Fix the cause and start again; its lines in the log above say more',
  ),
  ALREADY_RUNNING: terminal(
    'another `fxtape up`, or the same service, is running on this data folder; the message names its process',
    'Stop it first, or choose another folder with FXTAPE_DATA_DIR',
  ),
  DATA_DIR_UNUSABLE: terminal(
    '`FXTAPE_DATA_DIR` is a file, or cannot be created or written',
    'Fix its permissions or the disk, or point FXTAPE_DATA_DIR at a folder that you own',
  ),
  NOT_RUNNING: terminal(
    'the command needs QuestDB or Redis; no `fxtape up` is running on the data folder, and no variable names them',
    'Start `fxtape up`; or, if it runs on another data folder, set FXTAPE_DATA_DIR to that folder; or set the variable that the message names',
  ),
  READER_UNKNOWN: terminal(
    '`sql`: fxtape did not start this QuestDB and knows no read-only user of it',
    'Set pg.readonly.user.enabled=true, pg.readonly.user=reader and pg.readonly.password=… in its server.conf, restart it, and give QUESTDB_READER_URL=postgresql://reader:…@HOST:8812/qdb to fxtape',
  ),
  TERMINAL_NOT_READY: check(
    '`doctor`: the terminal is not running, not connected to its broker, or not logged in',
    'Check the account on FxSocket; until it is back, the missing data is a gap',
  ),
  NO_SYMBOL: check(
    '`doctor`: the broker lists none of the configured symbols',
    'Correct `symbols`; spell them as the broker does',
  ),
  DISK_FULL: check(
    '`doctor`: less than 1 GB is free for the data folder',
    'Free disk space, or shorten `retention` of the tape',
  ),
  SCHEDULER_SILENT: transient(
    '`backfill`: no scheduler picked up the planning request within ten seconds',
    'Start `fxtape up`, or `fxtape run scheduler` with the same REDIS_URL: it picks up the waiting request',
  ),
  WORKERS_SILENT: transient(
    '`backfill --wait`: no worker serves the accounts whose jobs wait',
    'Start `fxtape up`, or `fxtape run backfill` with the same REDIS_URL',
  ),
  PLAN_FAILED: terminal(
    '`backfill`: the scheduler could not plan; the message says why',
    'Fix the cause, or narrow the request; the log of the scheduler says more',
  ),
  PLAN_UNREADABLE: terminal(
    "`backfill`: the scheduler's answer cannot be read, usually because it is another release",
    'Run the same release of fxtape everywhere; `fxtape status` shows the waiting jobs',
  ),
  REPLAY_EMPTY: terminal(
    '`replay`: nothing was received in the period, or neither tape nor tables have it any more',
    'Choose another period: `fxtape tape check ACCOUNT` lists what the tape holds',
  ),
  JOB_GONE: state(
    '`backfill --wait`: a job was withdrawn several times while the command waited for it',
    'Check whether its account is still configured',
  ),
};
