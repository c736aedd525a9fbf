// The servers' own settings, read from infra/ so that the local stack, the containers and the tests run the same. In: a file of
// KEY=VALUE lines (QuestDB, the format of Docker's env files) or of `key value` lines (Redis). Out: the pairs, in order.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FxtapeError } from '@fxtape/ops';
import { ADMIN, READER } from './questdb-address.ts';

const INFRA = new URL('../../../infra/', import.meta.url);

export type Settings = Readonly<Record<string, string>>;

/** infra/questdb/server.env: the environment of every QuestDB that fxtape starts. Addresses and ports are set by who starts it. */
export function questDbSettings(
  path: string = fileURLToPath(new URL('questdb/server.env', INFRA)),
): Settings {
  return readSettings(path, /^([A-Z][A-Z0-9_]*)=(.*)$/, 'KEY=VALUE');
}

/** What makes a QuestDB ask for passwords and have a user that only reads. `files`: where it finds the two passwords. */
export function questDbPasswordSettings(files: { admin: string; reader: string }): Settings {
  return {
    QDB_HTTP_USER: ADMIN,
    QDB_HTTP_PASSWORD_FILE: files.admin,
    QDB_PG_USER: ADMIN,
    QDB_PG_PASSWORD_FILE: files.admin,
    QDB_PG_READONLY_USER_ENABLED: 'true',
    QDB_PG_READONLY_USER: READER,
    QDB_PG_READONLY_PASSWORD_FILE: files.reader,
  };
}

/** The line of a settings file that makes a Redis ask for a password. */
export const redisPasswordSetting = (password: string): string => `requirepass ${password}\n`;

/** infra/redis/redis.conf: the settings of every Redis that fxtape starts. */
export function redisSettings(path: string = fileURLToPath(new URL('redis/redis.conf', INFRA))): Settings {
  return readSettings(path, /^([a-z][a-z0-9-]*) +(.*)$/, 'key value');
}

/** The settings as arguments of redis-server: `--key value`. */
export function redisArguments(settings: Settings): string[] {
  return Object.entries(settings).flatMap(([key, value]) => [`--${key}`, value === '""' ? '' : value]);
}

/** @throws ENGINE_SETTINGS when the file cannot be read or a line is neither a pair, a comment nor empty. */
function readSettings(path: string, shape: RegExp, format: string): Settings {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new FxtapeError({ code: 'ENGINE_SETTINGS', message: `cannot read ${path}`, cause });
  }
  const settings: Record<string, string> = {};
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [, key, value] = shape.exec(line) ?? [];
    if (key === undefined || value === undefined) {
      throw new FxtapeError({
        code: 'ENGINE_SETTINGS',
        message: `${path}:${index + 1} is not ${format}`,
        hint: `Write ${format}, or start the line with #`,
      });
    }
    settings[key] = value.trim();
  }
  return settings;
}
