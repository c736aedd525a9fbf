// Looks the account up while it is recorded. In: what the recording was started with. Out: the reason to restart it: the account moved to
// another host, its key was renewed, or another account took its place. A failed look-up changes nothing.
import { isDeepStrictEqual } from 'node:util';
import { requireKey } from '@fxtape/config';
import { type Clock, FxtapeError, type Log, pause } from '@fxtape/ops';
import type { Parts } from './begin.ts';
import { look } from './find-account.ts';

/** How often the account is looked up while its socket is live, unless the configuration says, and while it is not. */
const EVERY_MS = 300_000;
const SOON_MS = 30_000;

export interface WatchAddressOptions {
  readonly baseUrl: string;
  /** The key in a variable, as it is now. */
  readonly keyOf: (variable: string) => string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Resolves with why the recording has to restart; null: the signal was aborted. */
export const watchAddress = async (
  { apiKey, binding, config, stream }: Pick<Parts, 'apiKey' | 'binding' | 'config' | 'stream'>,
  { baseUrl, clock, keyOf, log, signal }: WatchAddressOptions,
): Promise<string | null> => {
  const everyMs = config.discoverMs ?? EVERY_MS;
  let [lookedMs, liveMs] = [clock.monoMs(), clock.monoMs()];
  for (;;) {
    await pause(clock, Math.min(everyMs, SOON_MS), signal);
    if (signal.aborted) return null;
    const isLive = stream.state().phase === 'live';
    if (isLive) liveMs = clock.monoMs();
    if (isLive && clock.monoMs() - lookedMs < everyMs) continue;
    lookedMs = clock.monoMs();
    const working = lookedMs - liveMs < EVERY_MS ? binding : null;
    try {
      const key = requireKey(config, keyOf);
      if (key !== apiKey) return 'the key was renewed';
      const found = await look({ config, apiKey: key, baseUrl, signal }, binding, working);
      if (!isDeepStrictEqual(found, binding)) return 'the account has new addresses';
    } catch (error) {
      if (signal.aborted) return null;
      if (error instanceof FxtapeError && error.code === 'ACCOUNT_MISMATCH') return error.message;
      log.debug({ err: error }, 'the account cannot be looked up; recording continues');
    }
  }
};
