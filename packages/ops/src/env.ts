// Reads environment variables, once, into a checked object. In: a zod object whose keys are the variable names. Out: its parsed
// value. Each NAME may be given as NAME_FILE instead, a file whose trimmed content is the value, which keeps secrets out of
// process listings and container definitions. An empty variable counts as not given.
import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { FxtapeError } from './errors/fxtape-error.ts';

export type Env = Readonly<Record<string, string | undefined>>;

/**
 * @throws ENV_INVALID naming each variable and what it should be. Values are never shown: any of them may be a secret.
 */
export function readEnv<S extends z.ZodObject>(schema: S, env: Env = process.env): z.output<S> {
  const values: Record<string, string> = {};
  const problems: string[] = [];
  for (const name of Object.keys(schema.shape)) {
    try {
      const value = readVariable(name, env);
      if (value !== undefined) values[name] = value;
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  const parsed = schema.safeParse(values);
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(`${issue.path.join('.')}: ${issue.message}`);
  }
  if (problems.length > 0 || !parsed.success) {
    throw new FxtapeError({
      code: 'ENV_INVALID',
      message: `the environment is not usable: ${problems.join('; ')}`,
      context: { problems },
    });
  }
  return parsed.data;
}

/**
 * One variable, or the content of the file that `NAME_FILE` names; undefined when neither is given.
 * @throws ENV_INVALID when both are given or the file cannot be read.
 */
export function readVariable(name: string, env: Env = process.env): string | undefined {
  const direct = env[name] === '' ? undefined : env[name];
  const file = env[`${name}_FILE`];
  if (file === undefined || file === '') return direct;
  if (direct !== undefined) throw invalid(`${name} and ${name}_FILE are both set`, `Keep one of them`, name);
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? 'unreadable';
    throw invalid(
      `${name}_FILE: cannot read ${file} (${why})`,
      'Correct the path, or fix its permissions',
      name,
      cause,
    );
  }
  if (text === '') throw invalid(`${name}_FILE: ${file} is empty`, 'Write the value into the file', name);
  return text;
}

function invalid(message: string, hint: string, variable: string, cause?: unknown): FxtapeError {
  return new FxtapeError({
    code: 'ENV_INVALID',
    message,
    hint,
    context: { variable },
    cause,
  });
}
