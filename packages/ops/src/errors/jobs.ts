// Errors of the job queues and their workers.
import { terminal, transient } from './entry.ts';

export const jobsErrors = {
  QUEUE_UNREACHABLE: transient(
    'no connection to Redis',
    'Start `fxtape up` if it is not running; if Redis runs elsewhere, check REDIS_URL. Jobs are planned again from QuestDB',
  ),
  QUEUE_REFUSED: transient(
    'Redis answers but refuses: it is loading its data after a start, is a replica, is full, or requires a password',
    'Check the Redis log: Redis must accept writes and never evict keys (maxmemory-policy noeviction)',
  ),
  JOB_PAYLOAD: terminal(
    "a job's payload does not match its kind, usually because another release wrote it",
    'Nothing to do: the job is planned again if it is still wanted. If this keeps happening, run the same release everywhere',
  ),
  JOB_UNKNOWN: transient(
    'a worker received a job for which it has no handler',
    'Run the same release of scheduler and backfill everywhere',
  ),
  JOB_DEADLINE: transient(
    'one attempt took longer than its kind allows',
    'Nothing to do: the job resumes from its checkpoint. If it keeps happening, the gateway is too slow for the range',
  ),
  JOB_NOT_OURS: transient(
    'a run tried to save a checkpoint after its job was handed back or given to another worker',
    'Nothing to do: the job continues elsewhere, from its checkpoint',
  ),
  JOB_UNEXPECTED: transient(
    'a handler threw an error without a code',
    'Look at the log line of the failed job and report it',
  ),
};
