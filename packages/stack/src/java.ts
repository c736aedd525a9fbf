// The Java that runs QuestDB. In: the environment. Out: the command and its major version. A JRE is enough to run; fetching the
// engine the first time needs Maven and with it a JDK.
import { join } from 'node:path';
import { type Env, FxtapeError } from '@fxtape/ops';
import { runCommand } from './run-command.ts';

const OLDEST = 17;

export interface Java {
  readonly command: string;
  readonly major: number;
}

/**
 * Java from JAVA_HOME, else from the PATH.
 * @throws ENGINE_JAVA_MISSING when there is none or it is older than 17.
 */
export async function findJava(env: Env): Promise<Java> {
  const candidates = env['JAVA_HOME'] ? [join(env['JAVA_HOME'], 'bin', 'java'), 'java'] : ['java'];
  let found: number | null = null;
  for (const command of candidates) {
    const { code, stderr, stdout } = await runCommand(command, ['-version'], { env });
    const major = code === 0 ? javaMajor(stderr + stdout) : null;
    if (major !== null && major >= OLDEST) return { command, major };
    found ??= major;
  }
  const what = found === null ? 'no Java was found' : `the Java found is version ${found}`;
  throw new FxtapeError({
    code: 'ENGINE_JAVA_MISSING',
    message: `${what}, and QuestDB needs ${OLDEST} or newer`,
  });
}

/** The major version in what `java -version` prints: `"17.0.15"` is 17, the old `"1.8.0_292"` is 8, `"25-ea"` is 25. */
export function javaMajor(text: string): number | null {
  const match = /version "(?:1\.)?(\d+)/.exec(text);
  return match === null ? null : Number(match[1]);
}
