// The console as a process: environment → application → listening port, and an orderly stop.
import { configInForce } from '@fxtape/config';
import { JobQueues } from '@fxtape/jobs';
import { beginService, HttpGuard, listenFailed, parseListenAddr, writePidFile } from '@fxtape/ops';
import { HistoryReader, QuestDbHttp, QuestDbPg, Reader } from '@fxtape/questdb';
import { gatherClocks } from './account-clocks.ts';
import { createApp } from './app.ts';
import { fetchCollectorState } from './collector-client.ts';
import { consoleEnv } from './env.ts';
import { questDbGaps } from './questdb-gaps.ts';
import { GatewayAccounts } from './request-builder/accounts.ts';

const env = consoleEnv();
const service = beginService('console', env, 5000);
const { clock, log, metrics, shutdown } = service;
const { FXTAPE_API_TOKEN: token, FXTAPE_HTTP_ADDR: address } = env;
const guard = new HttpGuard({ addr: address, variable: 'FXTAPE_HTTP_ADDR', token });

const http = new QuestDbHttp({ conf: env.QDB_CLIENT_CONF });
// Connects by itself whenever Redis is there; the console does not need it to start or to stay.
const jobs = new JobQueues({ redisUrl: env.REDIS_URL, log });
const config = () => configInForce(env);
const asReader = env.QUESTDB_READER_URL === undefined ? null : new QuestDbPg({ url: env.QUESTDB_READER_URL });
if (asReader === null)
  log.warn('QUESTDB_READER_URL is not set: the console reads as the user of QDB_CLIENT_CONF, who can write');
const recorded = { http: asReader ?? http, clock };
const history = new HistoryReader(recorded);
const collectorUrl = env.FXTAPE_COLLECTOR_URL;
const app = await createApp({
  collector: () =>
    fetchCollectorState({
      dataDir: env.FXTAPE_DATA_DIR,
      url: collectorUrl,
      token,
    }),
  // Asked the way that rows take.
  gaps: questDbGaps(http, new Reader(recorded)),
  clocks: async () => gatherClocks((await config()).accounts, history),
  jobs,
  accounts: new GatewayAccounts({
    config,
    keyOf: service.readSecret,
    baseUrl: env.FXSOCKET_BASE_URL,
  }),
  metrics,
  log,
  guard,
});
const addr = parseListenAddr(address);
await app.listen({ ...addr }).catch((cause: Error) => {
  throw listenFailed(addr, cause, 'FXTAPE_HTTP_ADDR');
});
shutdown.add('queues', () => jobs.close());
shutdown.add('http', () => app.close());
if (asReader !== null) shutdown.add('reader', () => asReader.close());
const removePidFile = writePidFile(env.FXTAPE_DATA_DIR, 'console', {
  pid: process.pid,
  http: address,
});
shutdown.add('pid file', async () => removePidFile());
log.info({ http: address }, 'console is listening');
