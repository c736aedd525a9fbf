// What a job needs to know about its account: configuration, server, feed, the REST client of its terminal, the broker's clock rule and the
// broker's time. In: the configuration in force, the tables `accounts` and `clock_rules`, the management API. Out: one context per account, cached
// because addresses and rules rarely change and jobs are many.
import { type AccountConfig, requireKey, unknownName } from '@fxtape/config';
import { accountUrls, FxSocketManagement, FxSocketRest } from '@fxtape/fxsocket';
import {
  type BrokerMs,
  type ClockRule,
  parseBrokerTime,
  parseClockRule,
  type TableRow,
  utcMs,
} from '@fxtape/market';
import { abortable, type Clock, FxtapeError } from '@fxtape/ops';
import type { HistoryReader } from '@fxtape/questdb';
import type { Purpose } from './numbers.ts';

export interface AccountContext {
  readonly config: AccountConfig;
  readonly account: string;
  /** Null: the account records no market data. */
  readonly feed: string | null;
  readonly server: string;
  readonly rest: FxSocketRest;
  readonly rule: ClockRule;
  readonly ruleId: string;
  /** The broker's wall clock now. For a gateway that replays an old day: its `serverTime`, up to a few seconds late, never early. */
  brokerNowMs(signal: AbortSignal): Promise<BrokerMs>;
  /** The same moment in UTC microseconds. */
  nowUs(signal: AbortSignal): Promise<number>;
}

/** Asks the gateway of one account. */
export interface Asking {
  readonly account: AccountContext;
  /**
   * Sends one request within the account's budget, and counts it. `of`: what makes requests of a route comparable. `optional`: the bridge may
   * lack the route.
   * @throws ACCOUNT_AWAY, and what `work` throws.
   */
  readonly ask: <T>(
    question: {
      readonly route: string;
      readonly of?: string;
      readonly purpose: Purpose;
      readonly optional?: boolean;
    },
    work: (signal: AbortSignal) => Promise<T>,
  ) => Promise<T>;
}

export interface AccountContextsOptions {
  /** The configuration in force. */
  readonly accounts: () => readonly AccountConfig[];
  /** The key in a variable; empty when there is none. */
  readonly keyOf: (variable: string) => string;
  /** Management base, without `/v1`. */
  readonly baseUrl: string;
  readonly reader: Pick<HistoryReader, 'accounts' | 'clockRules'>;
  readonly clock: Clock;
}

/** How long a context is used before it is checked again. */
const KEEP_MS = 30_000;
/** How often the addresses of terminals are asked for. */
const ADDRESS_MS = 600_000;
const SERVER_TIME_MS = 3000;

interface Decision {
  /** Id of a clock rule. */
  readonly rule: string;
  readonly confidence: string;
}

interface Kept {
  readonly context: AccountContext;
  readonly config: AccountConfig;
  readonly untilMs: number;
}

interface Terminal {
  readonly rest: FxSocketRest;
  readonly restUrl: string;
  readonly key: string;
  /** Which TLS and plain-HTTP settings the client was made with. */
  readonly trust: string;
  readonly untilMs: number;
}

export class AccountContexts {
  readonly #o: AccountContextsOptions;
  readonly #kept = new Map<string, Kept>();
  readonly #making = new Map<string, Promise<AccountContext>>();
  readonly #terminals = new Map<string, Terminal>();
  readonly #retired = new Set<FxSocketRest>();

  constructor(options: AccountContextsOptions) {
    this.#o = options;
  }

  /**
   * @throws ACCOUNT_UNKNOWN, KEY_MISSING (terminal); ACCOUNT_NOT_SEEN, CLOCK_UNKNOWN (transient); and the errors of database and client.
   */
  async get(account: string, signal: AbortSignal): Promise<AccountContext> {
    signal.throwIfAborted();
    const accounts = this.#o.accounts();
    const config = accounts.find((each) => each.name === account);
    if (config === undefined) throw unknownAccount(account, accounts);
    const kept = this.#kept.get(account);
    if (kept?.config === config && this.#o.clock.monoMs() < kept.untilMs) return kept.context;
    // Shared by all callers that wait, so the signal of the first one must not end it.
    const making = this.#making.get(account) ?? this.#begin(account, config);
    return abortable(making, signal);
  }

  /** Drops the cached context, so that the next job looks everything up again. */
  forget(account: string): void {
    this.#kept.delete(account);
    const terminal = this.#terminals.get(account);
    if (terminal !== undefined) this.#terminals.set(account, { ...terminal, untilMs: 0 });
  }

  async close(): Promise<void> {
    const clients = [...[...this.#terminals.values()].map(({ rest }) => rest), ...this.#retired];
    this.#terminals.clear();
    this.#kept.clear();
    await Promise.all(clients.map((rest) => rest.close()));
  }

  #begin(account: string, config: AccountConfig): Promise<AccountContext> {
    const making = this.#make(account, config).finally(() => this.#making.delete(account));
    this.#making.set(account, making);
    return making;
  }

  async #make(account: string, config: AccountConfig): Promise<AccountContext> {
    const row = (await this.#o.reader.accounts()).find((each) => each.account === account);
    const { account_id: accountId, server } = row ?? {};
    if (typeof accountId !== 'string' || typeof server !== 'string') throw notSeen(account);
    const rest = await this.#rest(config, accountId);
    const decision = await this.#decision(config, server);
    const rule = parseClockRule(decision.rule);
    const context = contextOf({ config, server, rest, rule, clock: this.#o.clock });
    // A provisional rule is replaced soon after the first evidence, and the next job must use the new one.
    const keepMs = decision.confidence === 'provisional' ? 0 : KEEP_MS;
    this.#kept.set(account, { context, config, untilMs: this.#o.clock.monoMs() + keepMs });
    return context;
  }

  async #rest(config: AccountConfig, accountId: string): Promise<FxSocketRest> {
    const { baseUrl, clock, keyOf } = this.#o;
    const apiKey = requireKey(config, keyOf);
    const { allowHttp, name, tlsVerify } = config;
    const trust = `${tlsVerify} ${allowHttp}`;
    const known = this.#terminals.get(name);
    const same = known !== undefined && known.key === apiKey && known.trust === trust;
    if (same && clock.monoMs() < known.untilMs) return known.rest;
    const management = new FxSocketManagement({ baseUrl, apiKey, allowHttp });
    const restUrl = await addressOf(management, accountId, { baseUrl, allowHttp });
    const untilMs = clock.monoMs() + ADDRESS_MS;
    if (same && known.restUrl === restUrl) {
      this.#terminals.set(name, { ...known, untilMs });
      return known.rest;
    }
    // Running jobs may still use the old client; its connections close when idle.
    if (known !== undefined) this.#retired.add(known.rest);
    const rest = new FxSocketRest({ baseUrl: restUrl, apiKey, tlsVerify, allowHttp });
    this.#terminals.set(name, { rest, restUrl, key: apiKey, trust, untilMs });
    return rest;
  }

  async #decision(config: AccountConfig, server: string): Promise<Decision> {
    if (config.clock.rule !== 'auto') return { rule: config.clock.rule, confidence: 'configured' };
    const decided = newestDecision(await this.#o.reader.clockRules(server));
    if (decided === null) throw clockUnknown(config.name, server);
    return decided;
  }
}

async function addressOf(
  management: FxSocketManagement,
  accountId: string,
  o: { readonly baseUrl: string; readonly allowHttp: boolean },
): Promise<string> {
  try {
    return accountUrls(await management.account(accountId), o.baseUrl, o).restUrl;
  } finally {
    await management.close();
  }
}

/**
 * The newest decision about a server's clock. Its `rule_id` is the whole rule, with the broker's changes of rule, so each instant of
 * history is read with the rule of its time.
 */
export const newestDecision = (rows: readonly TableRow<'clock_rules'>[]): Decision | null => {
  let newest: TableRow<'clock_rules'> | null = null;
  for (const row of rows) {
    if (typeof row.rule_id === 'string' && (newest === null || row.ts_decided >= newest.ts_decided))
      newest = row;
  }
  return newest === null ? null : { rule: newest.rule_id as string, confidence: newest.confidence ?? '' };
};

function contextOf(o: {
  config: AccountConfig;
  server: string;
  rest: FxSocketRest;
  rule: ClockRule;
  clock: Clock;
}): AccountContext {
  const { clock, config, rest, rule } = o;
  let asked: { readonly time: Promise<BrokerMs>; readonly fromMs: number } | null = null;
  const ask = async (): Promise<BrokerMs> => {
    const time = parseBrokerTime((await rest.serverTimezone()).serverTime);
    if (time === null) throw serverTimeUnreadable(config.name);
    return time.ms;
  };
  const brokerNowMs = async (signal: AbortSignal): Promise<BrokerMs> => {
    if (!config.clock.replayed) return rule.toBroker(utcMs(clock.nowMs()));
    // All jobs share one request. Its result is kept for 3 s, even if it failed.
    if (asked === null || clock.monoMs() - asked.fromMs >= SERVER_TIME_MS)
      asked = { time: ask(), fromMs: clock.monoMs() };
    return abortable(asked.time, signal);
  };
  return {
    config,
    account: config.name,
    feed: config.marketData?.feed ?? null,
    server: o.server,
    rest,
    rule,
    ruleId: rule.id,
    brokerNowMs,
    async nowUs(signal) {
      if (!config.clock.replayed) return clock.nowUs();
      return rule.read(await brokerNowMs(signal), { fold: 1 }).ms * 1000;
    },
  };
}

/** The catalogue's hint: it is a job that names the account, not a person. */
function unknownAccount(account: string, accounts: readonly AccountConfig[]): FxtapeError {
  const known = accounts.map(({ name }) => name);
  const { context, message } = unknownName('account', account, known);
  return new FxtapeError({ code: 'ACCOUNT_UNKNOWN', message, context });
}

const notSeen = (account: string): FxtapeError =>
  new FxtapeError({
    code: 'ACCOUNT_NOT_SEEN',
    message: `the table \`accounts\` has no row for "${account}" yet`,
    context: { account },
  });

const clockUnknown = (account: string, server: string): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_UNKNOWN',
    message: `cannot read history of "${account}": no clock rule is decided yet for ${server}`,
    context: { account, server },
  });

const serverTimeUnreadable = (account: string): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_UNKNOWN',
    message: `cannot read the server time of "${account}"`,
    hint: 'Check the account on FxSocket: its terminal may not be ready',
    context: { account },
  });
