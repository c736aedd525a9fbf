// The environment as tests see it. In: this process's environment. Out: which engines the tests use, and the few variables of the
// machine that child processes get. Keys and addresses of the person who runs the tests never reach a child by accident.
import { type Env, readEnv } from '@fxtape/ops';
import { z } from 'zod';

/** `docker`: Testcontainers. `local`: the pinned binaries. `auto`: Docker where an engine answers and has the images, else local. */
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

/** What describes the machine and nothing else. */
export function machineEnv(): Env {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => MACHINE.test(name)));
}
