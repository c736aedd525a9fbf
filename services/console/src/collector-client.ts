// Asks the collector how it is. In: where it listens (a URL, or the data folder in which it writes its address). Out: its state, or an
// error that tells whether it is not running, does not answer, or answers something else. The address is looked up for each question,
// because a restarted collector listens elsewhere.
import { FxtapeError, readServiceInfo } from '@fxtape/ops';
import { type CollectorState, collectorState } from './collector-state.ts';

export interface CollectorClientOptions {
  /** Base URL; default: from `run/collector.json` in the data folder. */
  readonly url?: string | undefined;
  readonly dataDir: string;
  /** Sent to `url`, never to an address from a run file: whoever listens there after a crash must not get it. */
  readonly token?: string | undefined;
  readonly deadlineMs?: number;
}

const DEADLINE_MS = 2000;
const MOST_BYTES = 64 * 1024 * 1024;

/** @throws COLLECTOR_NOT_RUNNING, COLLECTOR_UNREACHABLE, COLLECTOR_BAD_ANSWER (all transient), RUN_FILE_INVALID. */
export async function fetchCollectorState(options: CollectorClientOptions): Promise<CollectorState> {
  const { token, url } = collectorAt(options);
  const text = await get(new URL('/state', url), token, options);
  try {
    return collectorState.parse(JSON.parse(text));
  } catch (cause) {
    throw failure('COLLECTOR_BAD_ANSWER', url, 'answers with something other than its state', {
      hint: 'Check that collector and console run the same version',
      cause,
    });
  }
}

function collectorAt(options: CollectorClientOptions): { url: string; token: string | undefined } {
  if (options.url !== undefined) return { url: options.url, token: options.token };
  const info = readServiceInfo(options.dataDir, 'collector');
  if (info === null || info.http === null) {
    throw new FxtapeError({
      code: 'COLLECTOR_NOT_RUNNING',
      message: 'the collector is not running',
      context: { dataDir: options.dataDir },
    });
  }
  return { url: `http://${info.http}`, token: info.pass };
}

async function get(url: URL, token: string | undefined, options: CollectorClientOptions): Promise<string> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const signal = AbortSignal.timeout(options.deadlineMs ?? DEADLINE_MS);
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { headers, signal, redirect: 'error' });
    if (Number(response.headers.get('content-length')) > MOST_BYTES)
      throw new RangeError('the answer is too long');
    text = await response.text();
  } catch (cause) {
    const late = (cause as Error).name === 'TimeoutError';
    throw failure(
      'COLLECTOR_UNREACHABLE',
      url.origin,
      late ? 'does not answer in time' : 'cannot be reached',
      {
        cause,
      },
    );
  }
  if (response.status === 401) {
    throw failure('COLLECTOR_BAD_ANSWER', url.origin, 'requires another token', {
      hint: 'Give both the same FXTAPE_API_TOKEN',
    });
  }
  if (response.status !== 200) {
    throw failure('COLLECTOR_BAD_ANSWER', url.origin, `answered with status ${response.status}`, {
      hint: 'See its log',
    });
  }
  return text;
}

function failure(
  code: 'COLLECTOR_BAD_ANSWER' | 'COLLECTOR_UNREACHABLE',
  url: string,
  what: string,
  more: { hint?: string; cause?: unknown },
): FxtapeError {
  const { origin } = new URL(url);
  return new FxtapeError({
    code,
    message: `the collector at ${origin} ${what}`,
    context: { url: origin },
    ...more,
  });
}
