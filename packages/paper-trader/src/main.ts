// The paper trader as a process: every account that the demonstration's gateway lists is traded a little, until a signal. It works on a
// gateway of this machine only, and with the key of the demonstration, which no other gateway takes.

import { setTimeout as wait } from 'node:timers/promises';
import {
  accountUrls,
  FxSocketError,
  FxSocketManagement,
  FxSocketRest,
  type WireAccountRow,
} from '@fxtape/fxsocket';
import { FxSocketTrading } from '@fxtape/fxsocket-trading';
import {
  createLog,
  exitOnUncaught,
  FxtapeError,
  Metrics,
  Shutdown,
  startHealthServer,
  writePidFile,
} from '@fxtape/ops';
import { paperTraderEnv } from './env.ts';
import { PaperTrader } from './paper-trader.ts';

const KEY = 'fxs_live_demo';
const STEP_MS = 2000;
const LOOK_FOR_ACCOUNTS_MS = 1000;

const env = paperTraderEnv();
const log = createLog({ service: 'paper-trader', level: env.LOG_LEVEL });
exitOnUncaught(log);
const baseUrl = onThisMachine(env.FXSOCKET_BASE_URL);
const shutdown = new Shutdown({ log, deadlineMs: 5000 });
shutdown.onSignals();

const ending = new AbortController();
let trading: Promise<unknown> = Promise.resolve();
shutdown.add('trading', async () => {
  ending.abort();
  await trading;
});
const health = await startHealthServer({
  addr: env.FXTAPE_HEALTH_ADDR,
  token: env.FXTAPE_API_TOKEN,
  ready: () => ({ ready: true, reasons: [] }),
  metrics: new Metrics(),
});
shutdown.add('health', () => health.close());
const removePidFile = writePidFile(env.FXTAPE_DATA_DIR, 'paper-trader', {
  pid: process.pid,
  http: health.addr,
});
shutdown.add('pid file', async () => removePidFile());
trading = tradeAll();

async function tradeAll(): Promise<void> {
  const management = new FxSocketManagement({ baseUrl, apiKey: KEY });
  let accounts: WireAccountRow[] = [];
  while (accounts.length === 0 && !ending.signal.aborted) {
    accounts = await management.accounts().catch((error: unknown) => {
      if (!(error instanceof FxSocketError)) throw error;
      log.debug({ code: error.code }, 'the gateway does not answer yet');
      return [];
    });
    if (accounts.length === 0) await pause(LOOK_FOR_ACCOUNTS_MS);
  }
  await management.close();
  await Promise.all(accounts.map(tradeOne));
}

async function tradeOne(account: WireAccountRow): Promise<void> {
  const client = { baseUrl: accountUrls(account, baseUrl).restUrl, apiKey: KEY };
  const rest = new FxSocketRest(client);
  const orders = new FxSocketTrading(client);
  const run = `paper ${process.pid}`;
  const trader = new PaperTrader({ rest, trading: orders, random: Math.random, run });
  while (!ending.signal.aborted) {
    try {
      log.debug({ account: account.nickname }, await trader.step());
    } catch (error) {
      // Faults of the demonstration's gateway are no reason to end.
      if (!(error instanceof FxSocketError)) throw error;
      log.warn({ account: account.nickname, code: error.code }, error.message);
    }
    await pause(STEP_MS);
  }
  await Promise.all([rest.close(), orders.close()]);
}

/** Ends early when the process is to end. */
const pause = (ms: number): Promise<unknown> =>
  wait(ms, undefined, { signal: ending.signal }).catch(() => undefined);

function onThisMachine(url: string): string {
  const { hostname } = new URL(url);
  if (['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return url;
  throw new FxtapeError({
    code: 'PAPER_TRADER_REFUSED',
    kind: 'terminal',
    message: `the paper trader refuses to trade at ${hostname}: it is only for the simulated gateway on this machine`,
    hint: 'Set FXSOCKET_BASE_URL to the address of the simulated gateway, or do not start the paper trader',
    context: { hostname },
  });
}
