// An outflow connected to the process's database: it may write once the database is ready, the recorder holds the account and the write
// gate is open, and it knows whether this database has what an earlier one confirmed. In: what all accounts share, and one account's parts.
import { FxtapeError } from '@fxtape/ops';
import type {
  AppliedWatch,
  Database,
  Reader,
  RecorderLease,
  SentRow,
  TableWriter,
  WriteGate,
} from '@fxtape/questdb';
import { listSegments } from '@fxtape/tape';
import type { ClockKeeper } from '../clock/clock-keeper.ts';
import type { Intake } from '../intake/intake.ts';
import { condemnedNote } from '../tape/condemned.ts';
import { Outflow, type OutflowOptions } from './outflow.ts';

/** What the accounts of a process share on the way to the database. */
export interface DatabaseParts extends Pick<OutflowOptions, 'clock' | 'inHand' | 'troubles'> {
  readonly writer: TableWriter;
  readonly applied: AppliedWatch;
  readonly reader: Reader;
  readonly gate: WriteGate;
  readonly database: Pick<Database, 'epoch' | 'ready' | 'restored' | 'trouble'>;
  readonly lease: Pick<RecorderLease, 'acquire' | 'isFree' | 'release'>;
}

type Account = Pick<
  OutflowOptions,
  'account' | 'checkpoints' | 'dir' | 'isOver' | 'log' | 'memory' | 'replayed' | 'tape' | 'untilFeedSent'
> & { readonly intake: Pick<Intake, 'note'>; readonly keeper: ClockKeeper };

export const connectOutflow = (shared: DatabaseParts, own: Account): Outflow => {
  const { applied, clock, database, gate, inHand, lease, reader, troubles, writer } = shared;
  const { account, checkpoints, dir, intake, keeper, log, memory } = own;
  return new Outflow({
    ...own,
    writer,
    applied,
    troubles,
    inHand,
    clock,
    enter: async (until) => {
      await database.ready(until);
      const { epoch } = database;
      const lost = await lease.acquire({ account, feed: memory.ledger.state.feed }, until);
      const permit = await gate.enter(AbortSignal.any([until, lost]));
      const corrected = memory.binding === null ? undefined : permit.applied.get(memory.binding.server);
      if (corrected !== undefined) keeper.corrected(corrected);
      return AbortSignal.any([permit.signal, epoch, lost]);
    },
    knowsDatabase: async (until) => {
      const identity = await database.ready(until);
      const confirmed = checkpoints.confirmed !== null;
      const wasOf = checkpoints.database;
      if (await checkpoints.belongTo(identity, (row) => stillHas(reader, row, until))) return true;
      // An older copy of the same database: what others know of it is as old.
      if (wasOf === identity) database.restored();
      if (!confirmed) return false;
      const [oldest] = await listSegments(dir);
      log.warn(
        { code: 'DATABASE_REPLACED', from: oldest && new Date(oldest.segment / 1000).toISOString() },
        'this database lacks rows that were confirmed; sending the whole tape again. Rows older than its first line exist only in the old database',
      );
      return false;
    },
    condemned: (table, row, reason) => {
      const note = condemnedNote(table, row, reason);
      if (memory.condemned.has(note)) return;
      log.error(
        { code: 'ROW_CONDEMNED', table, reason },
        'QuestDB will never accept this row; it goes to `rejected`, with a gap',
      );
      if (table === 'rejected' || table === 'gap_events') return;
      intake.note('condemned', note);
    },
  });
};

/** Whether the database still has a row that it confirmed. While the table lags behind its log, the answer is taken to be yes. */
export const stillHas = async (reader: Reader, row: SentRow, signal: AbortSignal): Promise<boolean> => {
  try {
    return await reader.hasRow(row, { signal });
  } catch (error) {
    const behind = error instanceof FxtapeError && ['QDB_SUSPENDED', 'QDB_NOT_APPLIED'].includes(error.code);
    if (!behind) throw error;
    return true;
  }
};
