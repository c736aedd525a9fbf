// The scheduler: one process that plans what is missing of every configured account, or stands by while another one does. It reads its
// environment and configuration, waits for the tables, and follows changes of the configuration.
import { type Config, demoConfig, loadConfig, watchConfig } from '@fxtape/config';
import {
  createLog,
  exitOnUncaught,
  Metrics,
  redactorOf,
  secretReader,
  Shutdown,
  startHealthServer,
  systemClock,
  writePidFile,
} from '@fxtape/ops';
import {
  AppliedWatch,
  AppliedWriter,
  Database,
  HistoryReader,
  AuditReader,
  TradeReader,
  PlanningReader,
  QuestDbHttp,
  TableWriter,
} from '@fxtape/questdb';
import { readSchedulerEnv } from './env.ts';
import { Scheduler } from './scheduler.ts';

const env = readSchedulerEnv();
const demo = env.FXTAPE_DEMO;
const config: Config =
  demo === undefined
    ? await loadConfig(env.FXTAPE_CONFIG)
    : demoConfig({ simulatorUrl: env.FXSOCKET_BASE_URL, demo });
const redactor = redactorOf(env);
const readSecret = secretReader(redactor);
const keyOf = (variable: string): string => readSecret(variable) ?? '';
const log = createLog({ service: 'scheduler', level: env.LOG_LEVEL, redactor });
exitOnUncaught(log);
const clock = systemClock();
const metrics = new Metrics({ process: true });
const shutdown = new Shutdown({ log, deadlineMs: 9000 });
shutdown.onSignals();

const http = new QuestDbHttp({ conf: env.QDB_CLIENT_CONF });
const tableWriter = new TableWriter({
  http,
  log,
  clock,
  random: Math.random,
  metrics,
  tables: ['accounts', 'streams', 'clock_rules'],
});
shutdown.add('writer', async () => tableWriter.close());
const scheduler = new Scheduler({
  config,
  keyOf,
  baseUrl: env.FXSOCKET_BASE_URL,
  redisUrl: env.REDIS_URL,
  readers: {
    history: new HistoryReader({ http, clock }),
    planning: new PlanningReader({ http, clock }),
    audit: new AuditReader({ http, clock }),
    trades: new TradeReader({ http, clock }),
  },
  writer: new AppliedWriter({ writer: tableWriter, applied: new AppliedWatch({ http, clock }) }),
  metrics,
  clock,
  log,
});
shutdown.add('scheduler', () => scheduler.stop());

const stopping = new AbortController();
shutdown.add('database', async () => stopping.abort());
const database = new Database({ http, log, clock });
void database.watch(stopping.signal);
const forgetting = (): void =>
  database.epoch.addEventListener(
    'abort',
    () => {
      scheduler.forget();
      forgetting();
    },
    { once: true },
  );
forgetting();
void database.ready(stopping.signal).then(
  () => scheduler.start(),
  () => log.info('stopped before QuestDB was ready'),
);
const waiting = (): string | null =>
  database.trouble === null ? null : `QuestDB is not ready (${database.trouble.message})`;
if (demo === undefined) {
  const onError = (error: unknown): void =>
    log.error({ err: error }, 'the changed configuration is invalid; keeping the previous one');
  const watch = watchConfig(env.FXTAPE_CONFIG, (next) => scheduler.reconfigure(next), onError);
  shutdown.add('configuration', async () => watch.close());
}
const startedAt = new Date(clock.nowMs()).toISOString();
const health = await startHealthServer({
  addr: env.FXTAPE_HEALTH_ADDR,
  token: env.FXTAPE_API_TOKEN,
  metrics,
  ready: () => {
    const wait = waiting();
    const reasons = wait === null ? scheduler.reasons() : [wait];
    return { ready: reasons.length === 0, reasons };
  },
  json: { '/state': () => ({ service: 'scheduler', startedAt, waiting: waiting(), ...scheduler.state() }) },
});
shutdown.add('health', () => health.close());
writePidFile(env.FXTAPE_DATA_DIR, 'scheduler', { pid: process.pid, http: health.addr });
log.info({ http: health.addr, accounts: config.accounts.length, source: config.source }, 'planning');
