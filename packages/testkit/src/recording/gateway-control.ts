// The control API of a simulated gateway. In: its address. Out: faults on command, its state, its true history, and the ledger of all ticks with the
// connection that each was written to.

/** One tick of the simulated market. `conn` is null when nobody was connected; `withheld`: the gateway dropped it. */
export interface LedgerTick {
  readonly n: number;
  readonly conn: number | null;
  readonly symbol: string;
  readonly brokerMs: number;
  readonly utcMs: number;
  readonly bid: number;
  readonly ask: number;
  readonly withheld: boolean;
}

/** A true bar. `utcMs` and `brokerMs` are its open; `closed`: its end has passed. */
export interface TruthBar {
  readonly utcMs: number;
  readonly brokerMs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly tickVolume: number;
  readonly spread: number;
  readonly closed: boolean;
}

/** A row of `/OrderHistory` with its UTC time. */
export interface TruthDeal {
  readonly ticket: number;
  readonly order: number;
  readonly position: number;
  readonly symbol: string;
  readonly type: string;
  readonly entry: string;
  readonly volume: number;
  readonly price: number;
  readonly profit: number;
  readonly swap: number;
  readonly commission: number;
  readonly magic: number;
  readonly comment: string;
  readonly time: string;
  readonly utcMs: number;
}

/** A row of `/PositionHistory` with its UTC times. */
export interface TruthPosition {
  readonly positionId: number;
  readonly symbol: string;
  readonly type: string;
  readonly volume: number;
  readonly openPrice: number;
  readonly closePrice: number;
  readonly profit: number;
  readonly swap: number;
  readonly commission: number;
  readonly netProfit: number;
  readonly magic: number;
  readonly comment: string;
  readonly openUtcMs: number;
  readonly closeUtcMs: number;
}

/** Requests of one route, or of all history routes of an account. */
export interface RouteUse {
  readonly count: number;
  /** Requests whose path and query came before … */
  readonly repeated: number;
  /** … and were answered with 200. */
  readonly repeatedAfterOk: number;
  readonly untold: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly concurrentMax: number;
  /** Average concurrency, from the first request to the end of the last. */
  readonly concurrency: number;
  /** Real milliseconds with 0, 1, 2, … concurrent requests, over the same time. */
  readonly busyMs: readonly number[];
}

export interface RequestReport {
  readonly windowMs: number;
  readonly accounts: readonly {
    readonly account: string;
    readonly history: RouteUse;
    readonly routes: Readonly<Record<string, RouteUse>>;
  }[];
}

export interface GatewayState {
  readonly generated: number;
  readonly [field: string]: unknown;
}

export class GatewayControl {
  readonly #control: string;
  readonly #headers: Record<string, string>;

  /** `http://host:port` of the control API, and its key if it asks for one. */
  constructor(controlUrl: string, key?: string) {
    this.#control = `${controlUrl}/__fx`;
    this.#headers = key === undefined ? {} : { 'x-control-key': key };
  }

  /** A command of the control API. @throws Error with the answer when it is refused. */
  async command(path: string, body: object = {}): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.#control}/${path}`, {
      method: 'POST',
      headers: this.#headers,
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path} ${JSON.stringify(body)}: ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  }

  fault(kind: string, parameters: object = {}): Promise<Record<string, unknown>> {
    return this.command('fault', { kind, ...parameters });
  }

  /** Applies a fault; returns whether it had an effect. */
  async faultApplied(kind: string, parameters: object = {}): Promise<boolean> {
    const { accounts } = await this.fault(kind, parameters);
    return (accounts as { readonly applied: boolean }[]).some(({ applied }) => applied);
  }

  async state(): Promise<GatewayState> {
    return (await (await fetch(`${this.#control}/state`, { headers: this.#headers })).json()) as GatewayState;
  }

  ledger(account?: string): Promise<LedgerTick[]> {
    return this.#lines<LedgerTick>('ledger', { account });
  }

  /** Bars with an open in [from, to) of UTC (ISO texts), without fault or cap. */
  truthBars(of: {
    symbol: string;
    timeframe: string;
    from?: string | undefined;
    to?: string | undefined;
    account?: string | undefined;
  }): Promise<TruthBar[]> {
    return this.#lines<TruthBar>('bars', of);
  }

  /** Every deal of an account (default the first). Tickets beyond 2^53 lose digits here. */
  truthDeals(account?: string): Promise<TruthDeal[]> {
    return this.#lines<TruthDeal>('deals', { account });
  }

  truthPositions(account?: string): Promise<TruthPosition[]> {
    return this.#lines<TruthPosition>('positions', { account });
  }

  /** Adds a round trip (or without a symbol a balance correction) with a past time and without a frame. */
  async lateDeal(late: {
    account?: string;
    utc: string;
    symbol?: string;
    holdMs?: number;
    amount?: number;
  }): Promise<TruthDeal[]> {
    return (await this.command('late-deal', late))['deals'] as TruthDeal[];
  }

  /**
   * Changes the bar that contains `utc`: a minute and every bar folded from it, or one bar of a longer timeframe; null undoes the change. Returns the
   * bar before and after.
   */
  async revise(of: {
    symbol: string;
    timeframe?: string;
    utc: string;
    change: Partial<Record<'open' | 'high' | 'low' | 'close' | 'tickVolume' | 'spread', number>> | null;
  }): Promise<{ before: TruthBar; after: TruthBar }> {
    return (await this.command('revise', of)) as unknown as { before: TruthBar; after: TruthBar };
  }

  /** REST requests since the start or the last reset. */
  async requests(): Promise<RequestReport> {
    return (await (
      await fetch(`${this.#control}/requests`, { headers: this.#headers })
    ).json()) as RequestReport;
  }

  async resetRequests(): Promise<void> {
    await this.command('requests/reset');
  }

  async #lines<T>(path: string, query: Readonly<Record<string, string | undefined>>): Promise<T[]> {
    const given = Object.entries(query).filter((pair): pair is [string, string] => pair[1] !== undefined);
    const answer = await fetch(`${this.#control}/${path}?${new URLSearchParams(given).toString()}`, {
      headers: this.#headers,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${text}`);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  }
}
