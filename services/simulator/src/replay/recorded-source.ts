// A recording as the source of a gateway. In: requests, and what was recorded up to the replay's now. Out: answers from it. What was not
// recorded is answered with the gateway's own errors: nothing is made up.

import type { Topic } from '@fxtape/fxsocket';
import {
  failed,
  notFound,
  ok,
  readOnly,
  type RestAnswer,
  timedOut,
  validation,
} from '../answers/envelope.ts';
import type { GatewaySource } from '../gateway/gateway-source.ts';
import { bounds } from '../gateway/history-query.ts';
import { publicRoute } from '../gateway/terminal-routes.ts';
import { isTimeframe } from '../history/timeframe.ts';
import type { Player } from './player.ts';
import type { RecordedAccount } from './recorded-account.ts';
import type { HistoryAnswer, HistoryRange, RecordedFacts } from './recording.ts';
import { fieldsOf } from './sight.ts';

type Route = (query: URLSearchParams) => RestAnswer | Promise<RestAnswer>;

export class RecordedSource implements GatewaySource<RecordedAccount> {
  readonly accounts: readonly RecordedAccount[];
  readonly #facts: RecordedFacts;
  readonly #player: Pick<Player, 'lastOf' | 'lastTick' | 'nowUs'>;
  readonly #indexOf: (symbol: string) => number;
  readonly #routes: ReadonlyMap<string, Route>;

  constructor(
    account: RecordedAccount,
    o: {
      facts: RecordedFacts;
      player: Pick<Player, 'lastOf' | 'lastTick' | 'nowUs'>;
      indexOf: (symbol: string) => number;
    },
  ) {
    this.accounts = [account];
    this.#facts = o.facts;
    this.#player = o.player;
    this.#indexOf = o.indexOf;
    const { facts } = o;
    const health: Route = () => ok({ status: 'ready', terminal: true, broker: true, account: true });
    this.#routes = new Map<string, Route>([
      ['/status', () => this.#status()],
      ['/healthz', health],
      ['/livez', health],
      ['/ServerTimezone', () => this.#serverTimezone()],
      ['/symbols', () => ok(facts.streams.symbols)],
      ['/SymbolInfo', (query) => this.#ofSymbol(query, 'SymbolSelect', (name) => this.#symbolInfo(name))],
      ['/getQuote', (query) => this.#ofSymbol(query, 'SymbolSelect', (name) => this.#quote(name))],
      ['/AccountInfo', () => this.#accountInfo()],
      ['/AccountSummary', () => this.#lastData('account', 'AccountInfo')],
      ['/OpenedOrders', () => this.#lastData('positions', 'PositionsTotal')],
      [
        '/PriceHistory',
        (query) => this.#ofSymbol(query, 'CopyRates', (name) => this.#priceHistory(name, query)),
      ],
      [
        '/QuoteTicks',
        (query) =>
          this.#ofSymbol(query, 'CopyTicks', (name) =>
            this.#history(query, 'CopyTicks', (range) => facts.ticks(name, range)),
          ),
      ],
      ['/OrderHistory', (query) => this.#history(query, 'HistorySelect', (range) => facts.deals(range))],
      [
        '/PositionHistory',
        (query) => this.#history(query, 'HistorySelect', (range) => facts.positions(range)),
      ],
    ]);
  }

  open({ account }: RecordedAccount, path: string, base: string): Promise<RestAnswer | null> {
    return publicRoute(path, { account, history: { quoteTicks: 'full' }, base });
  }

  async read(_account: RecordedAccount, path: string, query: URLSearchParams): Promise<RestAnswer> {
    return (await this.#routes.get(path)?.(query)) ?? notFound;
  }

  /** No key of a replay may trade. */
  trade(): RestAnswer {
    return readOnly();
  }

  #ofSymbol(
    query: URLSearchParams,
    call: string,
    answer: (symbol: string) => RestAnswer | Promise<RestAnswer>,
  ): RestAnswer | Promise<RestAnswer> {
    const name = query.get('symbol');
    if (name === null || name === '') return validation('missing query parameter "symbol"');
    return this.#indexOf(name) < 0 ? failed(call) : answer(name);
  }

  /** Broker time as the newest heartbeat stated it; before the first one, by the clock rule; null: no rule is known. */
  #serverMs(): number | null {
    const beat = this.#player.lastOf.get('terminal');
    const data = beat === undefined ? null : (fieldsOf(beat)?.['data'] as Record<string, unknown> | null);
    const stated = Date.parse(String(data?.['serverTime']));
    if (Number.isFinite(stated)) return stated;
    const utcMs = this.#player.nowUs / 1000;
    const offsetS = this.#facts.offsetS(utcMs);
    return offsetS === null ? null : Math.floor(utcMs + offsetS * 1000);
  }

  #status(): RestAnswer {
    const { account, identity } = this.#facts;
    const serverMs = this.#serverMs();
    return ok({
      status: 'ready',
      terminal: { alive: true },
      broker: { connected: true, server: account.server },
      account: {
        loggedIn: true,
        login: account.login,
        ...(identity?.currency ? { currency: identity.currency } : {}),
        tradeAllowed: false,
      },
      bridge: { tradeEaReady: false, symbolsSynced: true },
      ...(serverMs === null ? {} : { serverTime: new Date(serverMs).toISOString() }),
    });
  }

  #serverTimezone(): RestAnswer {
    const serverMs = this.#serverMs();
    const utcOffsetSeconds = this.#facts.offsetS(this.#player.nowUs / 1000);
    if (serverMs === null || utcOffsetSeconds === null) return failed('TimeTradeServer');
    return ok({ serverTime: `${new Date(serverMs).toISOString().slice(0, 19)}Z`, utcOffsetSeconds });
  }

  async #symbolInfo(name: string): Promise<RestAnswer> {
    const info = await this.#facts.symbolInfo(name, this.#player.nowUs);
    if (info === null) return failed('SymbolSelect');
    const { ask, bid } = this.#tickOf(name) ?? {};
    return ok({ ...info, ...(bid === undefined ? {} : { bid, ask }) });
  }

  #quote(name: string): RestAnswer {
    const tick = this.#tickOf(name);
    return tick === null ? failed('SymbolInfoTick') : ok({ symbol: name, ...tick });
  }

  /** The data of a symbol's newest tick that was played; null: none yet. */
  #tickOf(name: string): Record<string, unknown> | null {
    const frame = this.#player.lastTick[this.#indexOf(name)];
    return frame === undefined
      ? null
      : ((fieldsOf(frame)?.['data'] ?? null) as Record<string, unknown> | null);
  }

  #accountInfo(): RestAnswer {
    const { account, identity } = this.#facts;
    if (identity === null || identity.currency === null) return failed('AccountInfo');
    const known = Object.entries(identity).filter(([, value]) => value !== null);
    const { login, server } = account;
    return ok({ login, server, ...Object.fromEntries(known), tradeAllowed: false });
  }

  #lastData(topic: Topic, call: string): RestAnswer {
    const frame = this.#player.lastOf.get(topic);
    const data = frame === undefined ? undefined : fieldsOf(frame)?.['data'];
    return data === undefined ? failed(call) : ok(data);
  }

  #priceHistory(name: string, query: URLSearchParams): RestAnswer | Promise<RestAnswer> {
    const timeframe = query.get('timeframe');
    if (!isTimeframe(timeframe)) return validation(`invalid timeframe "${timeframe ?? ''}"`);
    return this.#history(query, 'CopyRates', (range) => this.#facts.bars(name, timeframe, range));
  }

  async #history(
    query: URLSearchParams,
    call: string,
    rows: (range: HistoryRange) => Promise<HistoryAnswer>,
  ): Promise<RestAnswer> {
    const asked = bounds(query);
    if (typeof asked === 'string') return validation(asked);
    const nowMs = this.#serverMs();
    if (nowMs === null) return failed(call);
    const answer = await rows({ ...asked, nowMs });
    if (answer === 'too_many') return timedOut(call);
    return answer === null ? failed(call) : ok(answer);
  }
}
