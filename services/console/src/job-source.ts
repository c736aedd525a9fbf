// Where the console gets the jobs from: the questions it asks. The answer comes from Redis through packages/jobs; without Redis both are
// errors with a code, never an empty answer.
import type { JobQueues } from '@fxtape/jobs';

/** @throws QUEUE_UNREACHABLE, QUEUE_REFUSED. */
export type JobSource = Pick<JobQueues, 'report' | 'boardQueues'>;
