// Reports when the configuration file changes. In: its path. Out: each new valid Config, and each error once while the previous Config
// stays in force. Editors and container volumes replace files instead of writing them, so the folder is watched, and the file is checked
// every two seconds in case the file system reports nothing.
import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { FxtapeError } from '@fxtape/ops';
import type { Config } from './config.ts';
import { readConfigText } from './load.ts';
import { parseConfig } from './parse.ts';

const SETTLE_MS = 150;
const POLL_MS = 2000;

/**
 * `onChange` gets what differs from `current` (default: from what the file holds now). Neither callback is called after `close`.
 */
export function watchConfig(
  path: string,
  onChange: (config: Config) => void,
  onError: (error: FxtapeError) => void,
  options: { current?: Config; settleMs?: number; pollMs?: number } = {},
): { close(): void } {
  let closed = false;
  let looked = false;
  let known = options.current;
  let lastText: string | null = null;
  let lastError = '';
  let settle: NodeJS.Timeout | undefined;
  let reading = Promise.resolve();

  /** The new configuration; null when there is nothing new, or nothing right. */
  const look = async (): Promise<Config | null> => {
    try {
      const text = await readConfigText(path);
      if (text === lastText) return null;
      lastText = text;
      const config = parseConfig(text, path);
      lastError = '';
      return config;
    } catch (error) {
      const problem = asFxtapeError(error, path);
      // A file that comes back after it was gone is news again.
      if (problem.code !== 'CONFIG_INVALID') lastText = null;
      if (!closed && problem.message !== lastError) onError(problem);
      lastError = problem.message;
      return null;
    }
  };
  const lookAndTell = async (): Promise<void> => {
    const first = !looked;
    looked = true;
    const config = await look();
    if (config === null || closed) return;
    const changed = known === undefined ? !first : !isDeepStrictEqual(config, known);
    known = config;
    if (!changed) return;
    try {
      onChange(config);
    } catch (error) {
      // Nobody awaits this look: what is thrown here would end the process, and with it every account.
      onError(asFxtapeError(error, path));
    }
  };
  const lookSoon = (): void => {
    clearTimeout(settle);
    settle = setTimeout(() => {
      reading = reading.then(lookAndTell);
    }, options.settleMs ?? SETTLE_MS);
  };

  const watcher = watchFolder(dirname(path), lookSoon);
  const poll = setInterval(() => {
    reading = reading.then(lookAndTell);
  }, options.pollMs ?? POLL_MS);
  poll.unref();
  reading = reading.then(lookAndTell);

  return {
    close() {
      closed = true;
      clearTimeout(settle);
      clearInterval(poll);
      watcher?.close();
    },
  };
}

/** null where the file system cannot watch: the regular look is enough then. */
function watchFolder(folder: string, onEvent: () => void): FSWatcher | null {
  try {
    const watcher = watch(folder, { persistent: false }, onEvent);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    // ENOSYS, ENOSPC (no watches left) or no such folder yet.
    return null;
  }
}

function asFxtapeError(error: unknown, path: string): FxtapeError {
  if (error instanceof FxtapeError) return error;
  return new FxtapeError({
    code: 'CONFIG_INVALID',
    message: `${path} could not be parsed`,
    context: { path },
    cause: error,
  });
}
