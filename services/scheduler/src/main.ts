// The scheduler process: plans what every configured account is missing, or stands by while another scheduler does. It reads its environment
// and configuration, waits for the tables, and follows changes of the configuration.
import { configInForce, configVariables, engineVariables, followConfig } from '@fxtape/config';
import { beginService, openHealth, readEnv, serviceVariables } from '@fxtape/ops';
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
import { z } from 'zod';
import { Scheduler } from './scheduler.ts';

const env = readEnv(z.object({ ...serviceVariables, ...configVariables, ...engineVariables }));
const config = await configInForce(env);
const service = beginService('scheduler', env, 9000);
const { clock, log, metrics, shutdown } = service;
const keyOf = (variable: string): string => service.readSecret(variable) ?? '';

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
followConfig(env, config, service, (next) => scheduler.reconfigure(next));
const startedAt = new Date(clock.nowMs()).toISOString();
const health = await openHealth('scheduler', env, service, {
  ready: () => {
    const wait = waiting();
    const reasons = wait === null ? scheduler.reasons() : [wait];
    return { ready: reasons.length === 0, reasons };
  },
  json: { '/state': () => ({ service: 'scheduler', startedAt, waiting: waiting(), ...scheduler.state() }) },
});
log.info({ http: health.addr, accounts: config.accounts.length, source: config.source }, 'planning');
