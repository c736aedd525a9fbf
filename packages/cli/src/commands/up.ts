// `fxtape up`: starts QuestDB and Redis unless they are given, then the services, in the foreground with one log. Without a configuration
// and a key it runs the demonstration: it records the simulated gateway, where a paper trader trades. A signal stops everything in reverse
// order: the services that fetch, plan and show, then the recorder, then what it needs.
import { join, relative, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DEMO_API_KEY } from '@fxtape/config';
import {
  createLog,
  type Env,
  exitOnUncaught,
  type Log,
  readServiceInfo,
  redactorOf,
  refuseUnfinishedRestore,
  Shutdown,
  systemClock,
} from '@fxtape/ops';
import { QuestDbHttp } from '@fxtape/questdb';
import { ApplyJournal, isUnfinished } from '../clock-apply/apply-state.ts';
import { holdDataDir, openDataDir, refuseBesideUp } from '../data-dir.ts';
import { type Demo, type DemoOptions, demoOf } from '../demo.ts';
import { type CliEnv, demoDataDir, isGiven, processEnv, readCliEnv, withVariables } from '../env.ts';
import { requireFreeAddresses } from '../free-addresses.ts';
import { isFullKey, requireKeys, runMode } from '../run-mode.ts';
import { serviceLine } from '../service-lines.ts';
import type { ProcessName } from '../processes.ts';
import { ServiceProcess } from '../service-process.ts';
import { StartScreen } from '../start-screen.ts';
import { ensureStack, type Stack } from '@fxtape/stack';
import { writeStackFile } from '../stack-file.ts';

const STOP_MS = 10_000;
/** Beyond this the greeting comes anyway, below the reasons. */
const LIVE_WITHIN_MS = 30_000;
/** Inner lists stop together, the last list first. */
const ORDER: readonly (readonly ProcessName[])[] = [
  ['simulator'],
  ['collector'],
  ['scheduler', 'backfill', 'console', 'paper-trader'],
];
/** Only in the demonstration. */
const OF_DEMO: readonly ProcessName[] = ['simulator', 'paper-trader'];
/** Jobs of a worker that is killed are taken over by the next one, from their checkpoints. */
const SERVICE_STOP_MS = {
  console: 2000,
  scheduler: 2000,
  backfill: 2000,
  collector: 6000,
  simulator: 2000,
  'paper-trader': 2000,
} as const;

const write = (text: string): void => void process.stdout.write(text);
const monoMs = (): number => performance.now();

export interface UpOptions extends DemoOptions {
  readonly json?: boolean;
  readonly withParent?: boolean;
}

/**
 * Resolves when everything runs; the process lives on until a signal. At a terminal it waits until every account is live too, so that the
 * greeting comes last. @throws RESTORE_UNFINISHED, CONFIG_*, KEY_MISSING, DEMO_*, SIMULATOR_*, ENGINE_*, SERVICE_START_FAILED, ENV_INVALID
 */
export async function up(options: UpOptions): Promise<void> {
  const env = readCliEnv();
  const json = options.json === true;
  const isVerbose = env.LOG_LEVEL === 'debug' || env.LOG_LEVEL === 'trace';
  const screen = process.stdout.isTTY && !json && !isVerbose ? new StartScreen({ write, monoMs }) : null;
  const log = createLog({
    service: 'fxtape',
    level: env.LOG_LEVEL,
    redactor: redactorOf(env),
    ...(json ? { pretty: false } : {}),
    ...(screen === null ? {} : { pretty: false, write: (line: string) => screen.take('fxtape', line) }),
  });
  exitOnUncaught(log);
  const asked = await demoOf(options, env);
  const mode = await runMode({ ...env, FXTAPE_DEMO: asked?.name });
  const demo = asked ?? (mode.demo === null ? null : await demoOf({ demo: 'simulated' }, env));
  requireKeys(mode);
  for (const { keyVariable, name } of mode.config.accounts) {
    if (isFullKey(mode.keyOf(keyVariable) ?? '')) {
      log.warn(`${keyVariable} of "${name}" can trade; a read-only key (fxs_ro_…) is enough for a recorder`);
    }
  }
  const dataDir = resolve(demo === null ? env.FXTAPE_DATA_DIR : demoDataDir(env.FXTAPE_DATA_DIR, demo.name));
  refuseBesideUp(dataDir);
  refuseUnfinishedRestore(dataDir);
  await requireFreeAddresses(env, demo !== null);
  if (openDataDir(dataDir)) log.warn(`${dataDir} was readable by other users; now only you can read it`);
  holdDataDir(dataDir, 'up');
  const shutdown = new Shutdown({ log, deadlineMs: STOP_MS });
  shutdown.onSignals();
  const logFile = join(dataDir, 'run', 'fxtape.log');
  screen?.begin(logFile);
  shutdown.add('the progress of the start', async () => screen?.end());
  const format = serviceLine({ terminal: process.stdout.isTTY === true, json });
  const line = (name: ProcessName, text: string): void =>
    screen === null ? write(`${format(name, text)}\n`) : screen.take(name, text);
  try {
    const stack = await startAll({ env, baseUrl: mode.baseUrl, demo, dataDir, log, shutdown, line });
    if (stack === null) return;
    if (json) return log.info({ demo: demo !== null, questdb: stack.questdb.httpUrl }, 'everything runs');
    if (screen !== null) {
      screen.step('Waiting until every account is live');
      if (await isLive(dataDir, LIVE_WITHIN_MS, shutdown)) screen.live();
      if (shutdown.stopping) return;
      screen.end();
    }
    write(
      greeting(stack, {
        demo: demo?.title ?? null,
        httpAddr: env.FXTAPE_HTTP_ADDR,
        logFile: screen === null ? null : relative(process.cwd(), logFile),
      }),
    );
  } catch (error) {
    await shutdown.run();
    throw error;
  }
}

/** The engines, then the services. Null when a signal came first. */
async function startAll(o: {
  env: CliEnv;
  baseUrl: string;
  demo: Demo | null;
  dataDir: string;
  log: Log;
  shutdown: Shutdown;
  line: (name: ProcessName, text: string) => void;
}): Promise<Stack | null> {
  const { dataDir, demo, log, shutdown } = o;
  const tell = { info: (text: string) => log.info(text), warn: (text: string) => log.warn(text) };
  const stack = await ensureStack({ env: processEnv(), dataDir, log: tell });
  shutdown.add('QuestDB and Redis', () => stack.stop());
  if (shutdown.stopping) return null;
  // Recording must not wait for the database to answer.
  void warnOfCorrection(stack.env.QDB_CLIENT_CONF, log);
  const names = ORDER.flat().filter((name) => demo !== null || !OF_DEMO.includes(name));
  const own = Object.entries(stack.env).filter(([name]) => !isGiven(name));
  const which = demo === null ? {} : { FXTAPE_DEMO: demo.name };
  writeStackFile(dataDir, {
    pid: process.pid,
    services: names,
    env: { ...Object.fromEntries(own), ...which },
  });
  const demoEnv = { FXSOCKET_BASE_URL: o.baseUrl, FXSOCKET_API_KEY: DEMO_API_KEY, ...which, ...demo?.env };
  const env: Env = withVariables(processEnv(), {
    ...stack.env,
    FXTAPE_DATA_DIR: dataDir,
    ...(demo === null ? {} : demoEnv),
  });
  const services = new Map(
    names.map((name) => [
      name,
      new ServiceProcess({ name, env, dataDir, line: (text) => o.line(name, text), warn: tell.warn }),
    ]),
  );
  for (const together of ORDER) {
    const stop = async (name: ProcessName) => services.get(name)?.stop(SERVICE_STOP_MS[name]);
    shutdown.add(together.join(', '), async () => void (await Promise.all(together.map(stop))));
  }
  log.info(`Starting ${names.join(', ')}`);
  await Promise.all([...services.values()].map((service) => service.start()));
  return stack;
}

/** Whether the collector says so within the time. */
async function isLive(dataDir: string, withinMs: number, shutdown: Shutdown): Promise<boolean> {
  for (const untilMs = monoMs() + withinMs; monoMs() < untilMs && !shutdown.stopping; ) {
    const http = readServiceInfo(dataDir, 'collector')?.http;
    const answer = await fetch(`http://${http}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(
      () => null,
    );
    if (answer?.status === 200) return true;
    await delay(200);
  }
  return false;
}

function greeting(
  { questdb }: Stack,
  o: { demo: string | null; httpAddr: string; logFile: string | null },
): string {
  return [
    '',
    o.demo === null ? '  fxtape is recording.' : `  fxtape records ${o.demo}.`,
    '  Ask                  pnpm fxtape sql "SELECT ts, symbol, bid, ask FROM ticks ORDER BY ts DESC LIMIT 10"',
    '  Connect a tool       pnpm fxtape sql  shows how (psql, Grafana, BI tools)',
    `  QuestDB console      ${questdb.httpUrl}/index.html  the password: pnpm fxtape sql --admin`,
    `  State and gaps       http://${o.httpAddr}/api/streams  /api/gaps  or: pnpm fxtape status`,
    `  Jobs                 http://${o.httpAddr}/queues  or: pnpm fxtape backfill --wait`,
    `  Build a request      http://${o.httpAddr}/request  (curl, TypeScript, Python)`,
    ...(o.logFile === null ? [] : [`  Log                  ${o.logFile}  or: LOG_LEVEL=debug npm start`]),
    '  Stop                 Ctrl-C',
    '',
    '',
  ].join('\n');
}

/** A correction of the tables that was killed: nobody may write until it goes on. */
async function warnOfCorrection(conf: string, log: Log): Promise<void> {
  const http = new QuestDbHttp({ conf });
  try {
    const steps = await new ApplyJournal({ http, clock: systemClock() }).steps();
    for (const { applyId, step } of steps.filter(isUnfinished))
      log.warn(
        { code: 'CLOCK_APPLY_UNDER_WAY', applyId, step },
        'a clock correction has not ended; rows may wait on the tape until you run `fxtape clock apply`, which finishes it or rolls it back',
      );
  } catch (error) {
    log.debug({ err: error }, 'cannot tell whether a clock correction is under way');
  } finally {
    http.close();
  }
}
