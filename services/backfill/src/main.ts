// A backfill process: takes jobs of all accounts from the queue and writes the history they ask for. Any number of processes share the work. It
// reads its environment and configuration, waits for the tables to be up to date, works, and hands its jobs back when it is stopped.
import { type Config, configInForce, configVariables, engineVariables, followConfig } from '@fxtape/config';
import { JobWorkers } from '@fxtape/jobs';
import { aborted, beginService, openHealth, readEnv, serviceVariables } from '@fxtape/ops';
import {
  AppliedWatch,
  AppliedWriter,
  AuditReader,
  HistoryReader,
  Database,
  QuestDbHttp,
  Reader,
  TableWriter,
  TradeReader,
  WriteGate,
} from '@fxtape/questdb';
import { z } from 'zod';
import { AccountContexts } from './context/account-context.ts';
import { backfillHandlers } from './handlers.ts';
import { backfillParts } from './context/parts.ts';
import { Readiness } from './readiness.ts';

const env = readEnv(z.object({ ...serviceVariables, ...configVariables, ...engineVariables }));
let current: Config = await configInForce(env);
const service = beginService('backfill', env, 4500);
const { clock, log, metrics, shutdown } = service;
const keyOf = (variable: string): string => service.readSecret(variable) ?? '';

const http = new QuestDbHttp({ conf: env.QDB_CLIENT_CONF });
const readiness = new Readiness();
const gate = new WriteGate({ http, clock, log });
const table = new TableWriter({
  gate: gate.check,
  http,
  log,
  clock,
  random: Math.random,
  metrics,
  commitEveryMs: 20,
  onState: (state) => readiness.writer(state),
});
shutdown.add('writer', async () => table.close());
const applied = new AppliedWatch({ http, clock, onState: (state) => readiness.applied(state) });
const reader = new HistoryReader({ http, clock });
const contexts = new AccountContexts({
  accounts: () => current.accounts,
  keyOf,
  baseUrl: env.FXSOCKET_BASE_URL,
  reader,
  clock,
});
shutdown.add('gateways', () => contexts.close());
const parts = backfillParts({
  contexts,
  reader,
  audit: new AuditReader({ http, clock }),
  trades: new TradeReader({ http, clock }),
  gaps: new Reader({ http, clock }),
  writer: new AppliedWriter({ writer: table, applied }),
  clock,
  log,
  metrics,
});
let workers: JobWorkers | null = null;
const health = await openHealth('backfill', env, service, {
  ready: () => readiness.now(clock.nowMs(), gate.paused),
  json: {
    '/state': () => ({ service: 'backfill', lanes: workers?.state() ?? [], writer: table.state() }),
  },
});

const stopping = new AbortController();
shutdown.add('jobs', async () => {
  stopping.abort(new Error('stopping'));
  await workers?.stop();
});
followConfig(env, current, service, (next) => {
  current = next;
});

const database = new Database({ http, log, clock });
void database.watch(stopping.signal);
await database.ready(stopping.signal).then(
  () => readiness.migrated(),
  () => log.info('stopped before QuestDB was ready'),
);
gate.watch(stopping.signal);
// While tables are being corrected, jobs are handed back: their rows were read with the old rule. They are also handed back after the database
// was replaced, because what they know of it is outdated.
while (!stopping.signal.aborted) {
  const permit = await gate.enter(stopping.signal).catch((error: unknown) => {
    if (!stopping.signal.aborted) throw error;
    return null;
  });
  if (permit === null) break;
  const { epoch } = database;
  for (const { name } of current.accounts) {
    contexts.forget(name);
    parts.historyGaps.changed(name);
  }
  const serving = new JobWorkers({
    redisUrl: env.REDIS_URL,
    handlers: backfillHandlers(parts),
    log,
    serves: (account) => current.accounts.some((each) => each.name === account),
    metrics,
    clock,
  });
  workers = serving;
  readiness.watch(serving);
  log.info({ http: health.addr, member: serving.member, source: current.source }, 'serving jobs');
  await aborted(AbortSignal.any([permit.signal, epoch, stopping.signal]));
  await serving.stop();
}
