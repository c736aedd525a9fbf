// The connection to Redis. In: REDIS_URL and a purpose. Out: an ioredis client. A worker waits until Redis is back and then resumes; a
// producer gets an error at once, because its caller can plan again later. Both reconnect at least every second: with ioredis' own
// growing delays, a worker would sleep for many seconds after Redis is back.
import { FxtapeError, type Log } from '@fxtape/ops';
import { Redis } from 'ioredis';

export type ConnectionPurpose = 'worker' | 'producer';

const LONGEST_RETRY_MS = 1000;

/** Starts to connect and returns at once. */
export function connectRedis(url: string, purpose: ConnectionPurpose, log: Log): Redis {
  const redis = new Redis(url, {
    retryStrategy: (tries) => Math.min(tries * 100, LONGEST_RETRY_MS),
    connectTimeout: 3000,
    ...(purpose === 'worker'
      ? { maxRetriesPerRequest: null }
      : { maxRetriesPerRequest: 1, enableOfflineQueue: false, commandTimeout: 10_000 }),
  });
  let reported = false;
  redis.on('ready', () => {
    if (reported) log.info('connected to Redis again');
    reported = false;
  });
  redis.on('error', (error: Error) => {
    if (reported) return;
    reported = true;
    log.warn({ err: error }, 'cannot connect to Redis; retrying every second');
  });
  return redis;
}

/** Waits for a connection. @throws QUEUE_UNREACHABLE when there is none in time. */
export async function readyWithin(redis: Redis, ms: number): Promise<void> {
  if (redis.status === 'ready') return;
  const ready = Promise.withResolvers<void>();
  const onReady = () => ready.resolve();
  const timer = setTimeout(() => ready.reject(unreachable()), ms);
  redis.once('ready', onReady);
  try {
    await ready.promise;
  } finally {
    clearTimeout(timer);
    redis.off('ready', onReady);
  }
}

/** Gives the errors of the driver a code. */
export function queueError(error: unknown): unknown {
  if (error instanceof FxtapeError || !(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  const connection =
    error.name === 'MaxRetriesPerRequestError' ||
    /Connection is closed|isn't writeable|timed out/.test(error.message) ||
    ['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'].includes(code ?? '');
  if (connection) return unreachable(error);
  // LOADING: Redis reads its log after a start. READONLY: a replica that is not promoted yet.
  if (/^(LOADING|READONLY|OOM|MISCONF|NOAUTH|WRONGPASS)\b/.test(error.message)) {
    return new FxtapeError({
      code: 'QUEUE_REFUSED',
      message: `Redis refused the command: ${error.message}`,
      cause: error,
    });
  }
  return error;
}

function unreachable(cause?: unknown): FxtapeError {
  return new FxtapeError({
    code: 'QUEUE_UNREACHABLE',
    message: 'no connection to Redis',
    cause,
  });
}
