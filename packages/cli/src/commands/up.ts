// `fxtape up`: QuestDB and Redis found or started, then the services, in the foreground with one log. Without a configuration and
// without a key it is the demonstration: the simulated gateway is recorded, and a paper trader trades there. A signal stops everything in reverse order: those that only
// fetch, plan and show first and together, then the recorder, then what it needs.
import { resolve } from 'node:path';
import { DEMO_API_KEY } from '@fxtape/config';
import {
  createLog,
  type Env,
  exitOnUncaught,
  type Log,
  redactorOf,
  Shutdown,
  systemClock,
} from '@fxtape/ops';
import { QuestDbHttp } from '@fxtape/questdb';
import { ApplyJournal, isUnfinished } from '../clock-apply/apply-state.ts';
import { holdDataDir, openDataDir, refuseBesideUp } from '../data-dir.ts';
import { type DemoOptions, demoOf } from '../demo.ts';
import { demoDataDir, isGiven, processEnv, readCliEnv, withVariables } from '../env.ts';
import { requireFreeAddresses } from '../free-addresses.ts';
import { isFullKey, requireKeys, runMode } from '../run-mode.ts';
import { serviceLine } from '../service-lines.ts';
import type { ProcessName } from '../processes.ts';
import { ServiceProcess } from '../service-process.ts';
import { ensureStack, type Stack } from '@fxtape/stack';
import { writeStackFile } from '../stack-file.ts';

const STOP_MS = 10_000;
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

export interface UpOptions extends DemoOptions {
  readonly json?: boolean;
  readonly withParent?: boolean;
}

/** Resolves when everything runs; the process lives on until a signal. Errors: CONFIG_*, KEY_MISSING, DEMO_*, SIMULATOR_*, ENGINE_*, SERVICE_START_FAILED, ENV_INVALID. */
export async function up(options: UpOptions): Promise<void> {
  const env = readCliEnv();
  const json = options.json === true;
  const log = createLog({
    service: 'fxtape',
    level: env.LOG_LEVEL,
    redactor: redactorOf(env),
    ...(json ? { pretty: false } : {}),
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
  await requireFreeAddresses(env, demo !== null);
  if (openDataDir(dataDir)) log.warn(`${dataDir} was readable by other users; now only you can read it`);
  holdDataDir(dataDir, 'up');
  const shutdown = new Shutdown({ log, deadlineMs: STOP_MS });
  shutdown.onSignals();
  const tell = { info: (line: string) => log.info(line), warn: (line: string) => log.warn(line) };
  const stack = await ensureStack({ env: processEnv(), dataDir, log: tell });
  shutdown.add('QuestDB and Redis', () => stack.stop());
  if (shutdown.stopping) return;
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
  const demoEnv = { FXSOCKET_BASE_URL: mode.baseUrl, FXSOCKET_API_KEY: DEMO_API_KEY, ...which, ...demo?.env };
  const serviceEnv: Env = withVariables(processEnv(), {
    ...stack.env,
    FXTAPE_DATA_DIR: dataDir,
    ...(demo === null ? {} : demoEnv),
  });
  const format = serviceLine({ terminal: process.stdout.isTTY === true, json });
  const services = new Map(
    names.map((name) => [
      name,
      new ServiceProcess({
        name,
        env: serviceEnv,
        dataDir,
        line: (line) => void process.stdout.write(`${format(name, line)}\n`),
        warn: tell.warn,
      }),
    ]),
  );
  for (const together of ORDER) {
    const stop = async (name: ProcessName) => services.get(name)?.stop(SERVICE_STOP_MS[name]);
    shutdown.add(together.join(', '), async () => void (await Promise.all(together.map(stop))));
  }
  try {
    await Promise.all([...services.values()].map((service) => service.start()));
  } catch (error) {
    await shutdown.run();
    throw error;
  }
  if (json) log.info({ demo: demo !== null, questdb: stack.questdb.httpUrl }, 'everything runs');
  else process.stdout.write(greeting(stack, { demo: demo?.title ?? null, httpAddr: env.FXTAPE_HTTP_ADDR }));
}

function greeting({ questdb }: Stack, o: { demo: string | null; httpAddr: string }): string {
  return [
    '',
    o.demo === null ? '  fxtape is recording.' : `  fxtape records ${o.demo}.`,
    '  Ask                  pnpm fxtape sql "SELECT ts, symbol, bid, ask FROM ticks ORDER BY ts DESC LIMIT 10"',
    '  Connect a tool       pnpm fxtape sql  shows how (psql, Grafana, BI tools)',
    `  QuestDB console      ${questdb.httpUrl}/index.html  the password: pnpm fxtape sql --admin`,
    `  State and gaps       http://${o.httpAddr}/api/streams  /api/gaps  or: pnpm fxtape status`,
    `  Jobs                 http://${o.httpAddr}/queues  or: pnpm fxtape backfill --wait`,
    `  Build a request      http://${o.httpAddr}/request  (curl, TypeScript, Python)`,
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
