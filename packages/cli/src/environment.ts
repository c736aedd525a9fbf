// The variables in force, as they may be shown. In: the environment of a command and the names of the variables that hold keys. Out: for
// each its value without secrets, and where it came from.
import { Redactor } from '@fxtape/ops';
import { type CliEnv, isGiven, readKey } from './env.ts';
import { isFullKey } from './run-mode.ts';

export interface Variable {
  readonly value: string;
  readonly from: 'given' | 'default' | 'chosen by fxtape up' | 'not given';
}

const DEFAULTS: Readonly<Partial<Record<keyof CliEnv, string>>> = {
  QDB_CLIENT_CONF: 'http::addr=127.0.0.1:9000;',
  QUESTDB_PG_URL: 'postgresql://admin:quest@127.0.0.1:8812/qdb',
  REDIS_URL: 'redis://127.0.0.1:6379',
};

export function environmentInForce(env: CliEnv, keyVariables: readonly string[]): Record<string, Variable> {
  const shown: Record<string, Variable> = {};
  for (const variable of new Set(keyVariables)) {
    const key = readKey(variable);
    shown[variable] =
      key === undefined
        ? { value: '', from: 'not given' }
        : { value: isFullKey(key) ? '[a full key]' : '[a key]', from: 'given' };
  }
  for (const [name, value] of Object.entries(env) as [keyof CliEnv, string | undefined][]) {
    if (value === undefined) continue;
    const chosen = DEFAULTS[name] !== undefined && value !== DEFAULTS[name];
    const from = isGiven(name) ? 'given' : chosen ? 'chosen by fxtape up' : 'default';
    shown[name] = { value: name === 'FXTAPE_API_TOKEN' ? '[a token]' : withoutSecrets(value), from };
  }
  return shown;
}

/** A semicolon inside a value of a QuestDB configuration string is written twice. */
export function withoutSecrets(value: string): string {
  return new Redactor().redact(value.replaceAll(/\b(password|token)=(?:[^;]|;;)*/g, '$1=[redacted]'));
}
