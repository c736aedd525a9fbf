// Finds the account's terminal: by id, or by match in the account list, otherwise where the tape last found it. In: the configuration and
// the management API. Out: server, login and the two addresses. The account that a tape belongs to never changes.
import { type AccountConfig, matchAccount } from '@fxtape/config';
import { accountUrls, FxSocketManagement, type WireAccountRow } from '@fxtape/fxsocket';
import { FxtapeError, type Log } from '@fxtape/ops';
import type { Binding } from '../tape/tape-memory.ts';

type Management = Pick<FxSocketManagement, 'account' | 'accounts'>;

const search = async (
  config: AccountConfig,
  management: Management,
  signal: AbortSignal,
): Promise<WireAccountRow> => {
  if (config.id !== null) return management.account(config.id, { signal });
  const found = matchAccount(config, await management.accounts({ signal }));
  if (found !== undefined) return found;
  throw new FxtapeError({
    code: 'ACCOUNT_NOT_FOUND',
    message: `no account of this key matches ${JSON.stringify(config.match)}`,
    context: { account: config.name },
  });
};

/** @throws ACCOUNT_NOT_FOUND, ACCOUNT_MISMATCH, and the client's errors. */
export const findAccount = async (o: {
  config: AccountConfig;
  management: Management;
  baseUrl: string;
  /** Whose the tape is. */
  bound: Binding | null;
  /** Addresses that work: those that the list leaves empty are unknown, as while a terminal is started. */
  working?: Binding | null;
  signal: AbortSignal;
}): Promise<Binding> => {
  const row = await search(o.config, o.management, o.signal);
  const { bound } = o;
  if (bound !== null && (bound.server !== row.server || bound.login !== row.login)) {
    throw new FxtapeError({
      code: 'ACCOUNT_MISMATCH',
      message: `the tape of "${o.config.name}" belongs to login ${bound.login} on ${bound.server}, not to ${row.login} on ${row.server}`,
      context: { account: o.config.name },
    });
  }
  const { restUrl, wsUrl } = accountUrls(known(row, o.working ?? null), o.baseUrl, o.config);
  return { server: row.server, login: row.login, restUrl, wsUrl };
};

const known = (row: WireAccountRow, working: Binding | null): WireAccountRow => {
  if (working === null) return row;
  const rest_url = row.rest_url || working.restUrl;
  return { ...row, rest_url, ws_url: row.ws_url || (rest_url === working.restUrl ? working.wsUrl : null) };
};

export interface LookOptions {
  readonly config: AccountConfig;
  readonly apiKey: string;
  /** Management base, without `/v1`. */
  readonly baseUrl: string;
  readonly signal: AbortSignal;
}

/** The account as the gateway lists it. @throws ACCOUNT_NOT_FOUND, ACCOUNT_MISMATCH, and the client's errors. */
export const look = async (
  { apiKey, baseUrl, config, signal }: LookOptions,
  bound: Binding | null,
  working: Binding | null = null,
): Promise<Binding> => {
  const management = new FxSocketManagement({ baseUrl, apiKey, allowHttp: config.allowHttp });
  try {
    return await findAccount({ config, management, baseUrl, bound, working, signal });
  } finally {
    await management.close();
  }
};

/** The same for a start. While the list cannot be reached, a known account is found where the tape last found it. */
export const bind = async (
  o: LookOptions,
  bound: Binding | null,
  log: Pick<Log, 'warn'>,
): Promise<Binding> => {
  try {
    return await look(o, bound);
  } catch (error) {
    const refused = error instanceof FxtapeError && error.kind === 'terminal';
    if (bound === null || refused) throw error;
    log.warn({ err: error }, 'the account list cannot be reached; using the addresses from the tape');
    return bound;
  }
};
