// Starts a service. In: its name and its checked environment. Out: a log that hides secrets, a clock, metrics and an orderly stop on a signal.
// `openHealth` opens its health port and writes the run file by which others find it.
import { z } from 'zod';
import { type Clock, systemClock } from './clock.ts';
import { exitOnUncaught } from './exit-on-uncaught.ts';
import { type HealthServer, type HealthServerOptions, startHealthServer } from './health-server.ts';
import { createLog, type Log } from './log.ts';
import { Metrics } from './metrics.ts';
import { writePidFile } from './run-files.ts';
import { redactorOf, secretReader } from './secret-reader.ts';
import { Shutdown } from './shutdown.ts';
import { listenAddr, logLevel } from './variables.ts';

/** Variables of every process. */
export const processVariables = {
  FXTAPE_DATA_DIR: z.string().default('./data'),
  FXTAPE_API_TOKEN: z.string().optional(),
  LOG_LEVEL: logLevel,
};

/** Variables of a process with a health port. */
export const serviceVariables = { ...processVariables, FXTAPE_HEALTH_ADDR: listenAddr('127.0.0.1:0') };

type ProcessEnv = z.output<z.ZodObject<typeof processVariables>>;
type ServiceEnv = z.output<z.ZodObject<typeof serviceVariables>>;

export interface Service {
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly shutdown: Shutdown;
  /** A variable that holds a key; undefined: it is not set. What was read never appears in the log. @throws ENV_INVALID */
  readonly readSecret: (variable: string) => string | undefined;
}

/** `deadlineMs`: for all steps of the stop together. */
export function beginService(name: string, env: ProcessEnv, deadlineMs: number): Service {
  const redactor = redactorOf(env);
  const log = createLog({ service: name, level: env.LOG_LEVEL, redactor });
  exitOnUncaught(log);
  const shutdown = new Shutdown({ log, deadlineMs });
  shutdown.onSignals();
  const readSecret = secretReader(redactor);
  return { log, clock: systemClock(), metrics: new Metrics({ process: true }), shutdown, readSecret };
}

/** Opens the health port until the stop, and writes the run file. @throws HTTP_LISTEN_FAILED, API_TOKEN_REQUIRED */
export async function openHealth(
  name: string,
  env: ServiceEnv,
  { metrics, shutdown }: Service,
  show: Pick<HealthServerOptions, 'ready' | 'json'>,
): Promise<HealthServer> {
  const { FXTAPE_API_TOKEN: token, FXTAPE_DATA_DIR: dataDir, FXTAPE_HEALTH_ADDR: addr } = env;
  const health = await startHealthServer({ addr, token, metrics, ...show });
  shutdown.add('health', () => health.close());
  writePidFile(dataDir, name, { pid: process.pid, http: health.addr, pass: health.pass });
  return health;
}
