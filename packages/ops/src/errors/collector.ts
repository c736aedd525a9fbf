// Errors of recording an account.
import { state, terminal, transient } from './entry.ts';

export const collectorErrors = {
  ACCOUNT_NOT_FOUND: transient(
    'no account of the key matches `match` in the configuration',
    'Link the account on FxSocket, or correct `match` in the configuration',
  ),
  ACCOUNT_RECORDED_ELSEWHERE: terminal(
    'another data folder, named in the message, records this account or its feed into the same database; this one opens no socket and sends no rows',
    'Stop that recorder: this one then starts by itself within two minutes, and the time between is a gap. Or give each its own database with QDB_CLIENT_CONF',
  ),
  RECORDER_ID_UNKNOWN: transient(
    'the file `recorder-id`, which identifies the data folder, cannot be read or created; recording to the tape goes on, rows wait',
    'Fix the disk or the permissions; fxtape tries again by itself. If the file contains no id, remove it, provided no other folder records the same account',
  ),
  ACCOUNT_MISMATCH: terminal(
    'the tape of this name, or its row in `accounts`, belongs to another login or server',
    'Give the other account its own name in the configuration',
  ),
  FEED_WAITS: state(
    "the account took over a feed, and another account's tape has older ticks of it that QuestDB may lack; the other account may no longer be configured. Those are sent first, so that history does not add them a second time; recording goes on",
    "If the named account is configured, see its state, or remove it from the configuration: its tape is then sent without its gateway. Otherwise see its lines in the collector's log",
  ),
};
