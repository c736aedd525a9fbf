// `fxtape doctor`: the gateway. In: the configuration with its keys. Out: a check for each key (set, accepted, read-only) and for each
// account (found, and the one its tape belongs to), and the history that its terminal offers. Keys never leave this file.
import { join } from 'node:path';
import { findAccount, tapeOwner } from '@fxtape/collector';
import type { AccountConfig } from '@fxtape/config';
import { FxSocketManagement, FxSocketRest, type WireAccountRow } from '@fxtape/fxsocket';
import { isFullKey, keyMissing, type RunMode } from '../run-mode.ts';
import { count } from '../print/quantity.ts';
import { type Check, failedBy, ok, warning } from './check.ts';
import type { HistoryOffer } from './depth.ts';
import { examineTerminal } from './terminal.ts';

const DEADLINE_MS = 8000;

export interface GatewayFindings {
  readonly checks: readonly Check[];
  /** Of the accounts whose terminal answers. */
  readonly offers: readonly HistoryOffer[];
}

export async function examineGateway(mode: RunMode, dataDir: string): Promise<GatewayFindings> {
  const offers: HistoryOffer[] = [];
  const variables = [...new Set(mode.config.accounts.map((account) => account.keyVariable))];
  const checks = await Promise.all(
    variables.map(async (variable) => {
      const accounts = mode.config.accounts.filter((account) => account.keyVariable === variable);
      return examineKey(variable, accounts, mode, dataDir, offers);
    }),
  );
  return { checks: checks.flat(), offers };
}

async function examineKey(
  variable: string,
  accounts: readonly AccountConfig[],
  mode: RunMode,
  dataDir: string,
  offers: HistoryOffer[],
): Promise<Check[]> {
  const name = mode.demo !== null ? 'key of the demo' : `key ${variable}`;
  const apiKey = mode.keyOf(variable);
  if (apiKey === undefined) return [failedBy(name, keyMissing(variable, accounts[0]?.name ?? ''))];
  const allowHttp = accounts.some((account) => account.allowHttp);
  let management: FxSocketManagement | null = null;
  try {
    management = new FxSocketManagement({ baseUrl: mode.baseUrl, apiKey, allowHttp });
    const rows = await management.accounts({ deadlineMs: DEADLINE_MS });
    const key = keyCheck(name, apiKey, rows.length);
    const shared = { apiKey, dataDir, management, mode, offers, rows };
    const each = await Promise.all(accounts.map((account) => examineAccount({ ...shared, account })));
    return [key, ...each.flat()];
  } catch (error) {
    const check = failedBy(name, error, `asked at ${new URL(mode.baseUrl).origin}`);
    return [mode.demo ? { ...check, todo: 'Start `fxtape up`: the simulated gateway runs with it' } : check];
  } finally {
    await management?.close();
  }
}

function keyCheck(name: string, apiKey: string, reached: number): Check {
  const reach = `is accepted and reaches ${count(reached, 'account')}`;
  if (isFullKey(apiKey)) {
    const todo = 'Use a read-only key (fxs_ro_…) from FxSocket: a recorder never needs to trade';
    return warning(name, [reach, 'is a full key: it can trade'], todo);
  }
  return ok(
    name,
    reach,
    apiKey.startsWith('fxs_ro_') ? 'is read-only' : 'is a kind of key that fxtape does not know',
  );
}

async function examineAccount(o: {
  account: AccountConfig;
  apiKey: string;
  dataDir: string;
  management: FxSocketManagement;
  mode: RunMode;
  offers: HistoryOffer[];
  rows: readonly WireAccountRow[];
}): Promise<Check[]> {
  const { account, apiKey, management, mode } = o;
  const name = `account ${account.name}`;
  const signal = AbortSignal.timeout(DEADLINE_MS);
  try {
    const { allowHttp, tlsVerify } = account;
    const owner = await tapeOwner(join(o.dataDir, 'tape', account.name));
    const bound = owner?.binding ?? null;
    const found = await findAccount({ config: account, management, baseUrl: mode.baseUrl, bound, signal });
    const status = o.rows.find((row) => row.server === found.server && row.login === found.login)?.status;
    const check = ok(
      name,
      `login ${found.login} on ${found.server}${status === undefined ? '' : `, ${status}`}`,
      bound === null ? 'nothing of it is recorded yet' : 'is the account to which its tape belongs',
    );
    const rest = new FxSocketRest({ baseUrl: found.restUrl, apiKey, tlsVerify, allowHttp });
    try {
      const { checks, offer } = await examineTerminal(account, rest, owner);
      o.offers.push(offer);
      return [check, ...checks];
    } finally {
      await rest.close();
    }
  } catch (error) {
    return [failedBy(name, error)];
  }
}
