// The secrets of a process, registered as they are read. In: its environment, read and checked; then names of variables that hold keys. Out: a
// redactor for its log, and the keys. So what the configuration names later, and what was renewed in its file, is taken out as well.
import { type Env, readVariable } from './env.ts';
import { Redactor } from './redact.ts';

/** Variables that are a secret, or have one in an address or a connection string. */
const SETTINGS = [
  'FXTAPE_API_TOKEN',
  'FXTAPE_SIMULATOR_CONTROL_KEY',
  'QDB_CLIENT_CONF',
  'QUESTDB_PG_URL',
  'QUESTDB_READER_URL',
  'REDIS_URL',
] as const;

/** A redactor that knows these settings. Settings that a service does not have are skipped. */
export function redactorOf(env: Readonly<Record<string, unknown>>): Redactor {
  const redactor = new Redactor();
  for (const name of SETTINGS) {
    const setting = env[name];
    if (typeof setting === 'string') redactor.addSetting(setting);
  }
  return redactor;
}

/** Reads a variable; undefined: it is not set. The reader throws as `readVariable`. */
export const secretReader =
  (redactor: Redactor, env?: Env) =>
  (variable: string): string | undefined => {
    const value = readVariable(variable, env);
    if (value !== undefined) redactor.add(value);
    return value;
  };
