// The collector: one process that records every configured account. It reads its environment and configuration, brings up one
// pipeline per account, and follows changes of the configuration.
import { join } from 'node:path';
import { type Config, configInForce, configVariables, engineVariables, followConfig } from '@fxtape/config';
import {
  beginService,
  openHealth,
  readEnv,
  refuseUnfinishedRestore,
  serviceVariables,
  Supervisor,
} from '@fxtape/ops';
import { type LiveTableName, liveTables } from '@fxtape/market';
import {
  AppliedWatch,
  Database,
  QuestDbHttp,
  Reader,
  RecorderLease,
  type RecorderPlace,
  TableWriter,
  WriteGate,
} from '@fxtape/questdb';
import { z } from 'zod';
import { stillHas } from './send/connect-outflow.ts';
import { FeedOrder } from './feed/feed-order.ts';
import { inHand } from './send/in-hand.ts';
import { exportMetrics } from './state/numbers.ts';
import { Pipeline } from './pipeline.ts';
import { accountReport, momentOf, reasonsOf } from './state/report.ts';
import { Retirement } from './retire.ts';
import { thisRecorder } from './start/this-recorder.ts';

const { QDB_CLIENT_CONF } = engineVariables;
const env = readEnv(z.object({ ...serviceVariables, ...configVariables, QDB_CLIENT_CONF }));
const demo = env.FXTAPE_DEMO;
refuseUnfinishedRestore(env.FXTAPE_DATA_DIR);
const config = await configInForce(env);
const service = beginService('collector', env, 9000);
const { clock, log, metrics, shutdown } = service;
const keyOf = (variable: string): string => service.readSecret(variable) ?? '';

let troubles = 0;
const http = new QuestDbHttp({ conf: env.QDB_CLIENT_CONF });
const self = (): RecorderPlace => thisRecorder(env.FXTAPE_DATA_DIR);
const lease = new RecorderLease({ http, clock, log, self });
const gate = new WriteGate({ http, clock, log, precondition: (signal) => lease.check(signal) });
const writer = new TableWriter({
  gate: gate.check,
  tables: Object.keys(liveTables) as LiveTableName[],
  http,
  log,
  clock,
  random: Math.random,
  metrics,
  onState: (state) => {
    if (state.phase === 'retrying') troubles++;
  },
});
shutdown.add('writer', async () => writer.close());
const stopping = new AbortController();
const database = new Database({ http, log, clock });
void database.watch(stopping.signal);
void database.ready(stopping.signal).then(
  () => gate.watch(stopping.signal),
  () => log.info('stopped before QuestDB was ready'),
);

const shared = {
  baseUrl: env.FXSOCKET_BASE_URL,
  retentionMs: () => current.retention.tapeMs,
  writer,
  applied: new AppliedWatch({ http, clock }),
  reader: new Reader({ http, clock }),
  gate,
  database,
  lease,
  troubles: () => troubles,
  inHand: () => inHand(current.accounts.length),
  agreed: { us: 0 },
  clock,
};
let current: Config = config;
const tapes = join(env.FXTAPE_DATA_DIR, 'tape');
const pipelines = new Map<string, Pipeline>();
const listed = Promise.withResolvers<void>();
const order = new FeedOrder({
  tapes,
  accounts: () => [...pipelines.values(), ...retirement.neighbours],
  listed: listed.promise,
  knows: async (checkpoints, signal) => {
    const identity = await database.ready(signal);
    return checkpoints.isOf(identity, (row) => stillHas(shared.reader, row, signal));
  },
  clock,
  log,
});
const ruleOf = (server: string): string | null => {
  const known = [...pipelines.values()].find(({ parts }) => parts?.binding.server === server)?.parts;
  return known?.keeper.current?.confirmed === true ? known.keeper.current.rule : null;
};
const retirement = new Retirement({ shared, tapes, order, ruleOf, log });

/** One change after the other, each with the newest configuration: what comes meanwhile is taken up by the next one. */
let following: Promise<void> = Promise.resolve();
const inTurn = (work: () => Promise<void>): Promise<void> => {
  following = following.then(work, work);
  return following;
};
const follow = (next: Config): Promise<void> => {
  current = next;
  return inTurn(takeUp);
};
const takeUp = async (): Promise<void> => {
  const { accounts } = current;
  const names = new Set(accounts.map(({ name }) => name));
  for (const account of accounts) pipelines.get(account.name)?.reconfigure(account);
  const gone = [...pipelines].filter(([name]) => !names.has(name));
  const ended = await Promise.allSettled(gone.map(([, pipeline]) => pipeline.stop()));
  for (const each of ended)
    if (each.status === 'rejected') log.error({ err: each.reason }, 'an account did not stop cleanly');
  for (const [name] of gone) {
    retirement.add(name);
    pipelines.delete(name);
  }
  for (const [index, account] of accounts.entries()) {
    const { name } = account;
    if (pipelines.has(name) || stopping.signal.aborted) continue;
    await retirement.giveBack(name);
    const dir = join(tapes, name);
    const pipeline = new Pipeline({
      ...shared,
      config: account,
      index,
      keyOf,
      dir,
      former: () => retirement.former,
      order,
      log: log.child({ account: name }),
    });
    pipelines.set(name, pipeline);
    pipeline.start();
  }
};
await follow(config);
// The demonstration has accounts of its own: what others there are is not its business.
const retireOthers = () =>
  inTurn(async () => {
    if (demo === undefined) await retirement.addAll(new Set(pipelines.keys()));
  });
const retiring = new Supervisor({ clock, log, signal: stopping.signal });
void retiring.run('tapes of former accounts', retireOthers).then(listed.resolve);
shutdown.add('accounts', async () => {
  stopping.abort();
  await Promise.allSettled([following]);
  await Promise.allSettled([
    retirement.stop(),
    ...[...pipelines.values()].map((pipeline) => pipeline.stop()),
  ]);
});
followConfig(env, config, service, follow);
const startedAt = new Date(clock.nowMs()).toISOString();
const health = await openHealth('collector', env, service, {
  ready: () => {
    const reasons = reasonsOf([...pipelines.values()], momentOf(clock));
    return { ready: reasons.length === 0, reasons };
  },
  json: {
    '/state': () => ({
      service: 'collector',
      startedAt,
      accounts: [...pipelines.values()].map((pipeline) => accountReport(pipeline, momentOf(clock))),
    }),
  },
});
exportMetrics(metrics, () => [...pipelines.values()], clock);
log.info({ http: health.addr, accounts: config.accounts.length, source: config.source }, 'recording');
