// The paper trader as a process: trades a little on every account of the demonstration's gateway, until a signal. It accepts only a gateway on
// this machine, and uses the demonstration's key, which no other gateway accepts.

import {
  accountUrls,
  FxSocketError,
  FxSocketManagement,
  FxSocketRest,
  type WireAccountRow,
} from '@fxtape/fxsocket';
import { FxSocketTrading } from '@fxtape/fxsocket-trading';
import { beginService, FxtapeError, openHealth, pause, readEnv, serviceVariables } from '@fxtape/ops';
import { z } from 'zod';
import { PaperTrader } from './paper-trader.ts';

const KEY = 'fxs_live_demo';
const STEP_MS = 2000;
const LOOK_FOR_ACCOUNTS_MS = 1000;

// There is no variable for a key: the trader uses only the demonstration's, which no real gateway accepts.
const env = readEnv(
  z.object({ ...serviceVariables, FXSOCKET_BASE_URL: z.string().default('http://127.0.0.1:7080') }),
);
const service = beginService('paper-trader', env, 5000);
const { clock, log, shutdown } = service;
const baseUrl = onThisMachine(env.FXSOCKET_BASE_URL);

const ending = new AbortController();
let trading: Promise<unknown> = Promise.resolve();
shutdown.add('trading', async () => {
  ending.abort();
  await trading;
});
await openHealth('paper-trader', env, service, { ready: () => ({ ready: true, reasons: [] }) });
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
    if (accounts.length === 0) await pause(clock, LOOK_FOR_ACCOUNTS_MS, ending.signal);
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
      // The demonstration's gateway may inject faults; keep going.
      if (!(error instanceof FxSocketError)) throw error;
      log.warn({ account: account.nickname, code: error.code }, error.message);
    }
    await pause(clock, STEP_MS, ending.signal);
  }
  await Promise.all([rest.close(), orders.close()]);
}

function onThisMachine(url: string): string {
  const { hostname } = new URL(url);
  if (['127.0.0.1', 'localhost', '[::1]'].includes(hostname)) return url;
  throw new FxtapeError({
    code: 'PAPER_TRADER_REFUSED',
    message: `the paper trader refuses to trade at ${hostname}: it is only for the simulated gateway on this machine`,
    context: { hostname },
  });
}
