// Reads the configuration file. In: its path. Out: the Config, or an error that tells a missing file, an unreadable one and a wrong
// one apart.
import { readFile } from 'node:fs/promises';
import { FxtapeError } from '@fxtape/ops';
import type { Config } from './config.ts';
import { parseConfig } from './parse.ts';

/** @throws CONFIG_NOT_FOUND, CONFIG_UNREADABLE, CONFIG_INVALID. */
export async function loadConfig(path: string): Promise<Config> {
  return parseConfig(await readConfigText(path), path);
}

/** @throws CONFIG_NOT_FOUND, CONFIG_UNREADABLE. */
export async function readConfigText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? 'unknown';
    const missing = errno === 'ENOENT';
    throw new FxtapeError({
      code: missing ? 'CONFIG_NOT_FOUND' : 'CONFIG_UNREADABLE',
      message: missing ? `there is no configuration file at ${path}` : `${path} cannot be read (${errno})`,
      hint: missing
        ? 'Write the file, or point FXTAPE_CONFIG at it'
        : errno === 'EISDIR'
          ? 'It is a folder: point FXTAPE_CONFIG at the file inside it'
          : 'Fix its permissions, or point FXTAPE_CONFIG elsewhere',
      context: { path, errno },
      cause,
    });
  }
}
