// The environment of tests. In: this process's environment. Out: the tests' own variables, and the few machine variables that child processes get. The
// developer's keys and addresses never reach a child.
import { type Env, readEnv } from '@fxtape/ops';
import { z } from 'zod';

/** `docker`: Testcontainers. `local`: the pinned binaries. `auto`: Docker where an engine answers and has the image, otherwise local. */
export type TestEngines = 'auto' | 'docker' | 'local';

/** FXTAPE_TEST_ENGINES. @throws ENV_INVALID */
export function testEngines(): TestEngines {
  const schema = z.object({ FXTAPE_TEST_ENGINES: z.enum(['auto', 'docker', 'local']).default('auto') });
  return readEnv(schema).FXTAPE_TEST_ENGINES;
}

/** FXTAPE_TEST_BROWSER: the program of a Chromium. @throws ENV_INVALID */
export function testBrowser(): string | undefined {
  return readEnv(z.object({ FXTAPE_TEST_BROWSER: z.string().optional() })).FXTAPE_TEST_BROWSER;
}

/** FXTAPE_TEST_SEED: repeats what a run drew. @throws ENV_INVALID */
export function testSeed(): number | undefined {
  return readEnv(z.object({ FXTAPE_TEST_SEED: z.coerce.number().int().optional() })).FXTAPE_TEST_SEED;
}

const MACHINE =
  /^(PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TEMP|TMP|LANG|LC_.*|TZ|CI|JAVA_HOME|MAVEN_.*|M2_HOME|XDG_.*|DOCKER_.*|SSL_CERT_.*|NODE_EXTRA_CA_CERTS|NODE_COMPILE_CACHE|(?:https?|no|all)_proxy|SYSTEMROOT)$/i;

/** The variables that describe the machine. */
export function machineEnv(): Env {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => MACHINE.test(name)));
}
