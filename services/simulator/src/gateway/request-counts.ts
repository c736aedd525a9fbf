// Statistics of REST requests. In: the start and end of each request of an account. Out: per account and route their number, concurrency and repeats.
// A reset starts new statistics, in which pending requests count too.

import { HISTORY_PATHS } from '../answers/answer-shape.ts';

/** Different requests remembered per account to recognise repeats; later ones count as `untold`. */
const MOST_REMEMBERED = 500_000;

export interface RouteUse {
  readonly count: number;
  /** Requests whose path and query came before … */
  readonly repeated: number;
  /** … and had been answered with 200. */
  readonly repeatedAfterOk: number;
  /** Requests that may or may not be repeats. */
  readonly untold: number;
  /** Answers by status; `0` for broken-off ones. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly concurrentMax: number;
  /** Average concurrency, from the first request to the end of the last. */
  readonly concurrency: number;
  /** Real milliseconds with 0, 1, 2, … concurrent requests, over the same time. */
  readonly busyMs: readonly number[];
}

export interface RequestReport {
  /** Real milliseconds since the start or the last reset. */
  readonly windowMs: number;
  readonly accounts: readonly {
    readonly account: string;
    /** The history routes together. */
    readonly history: RouteUse;
    readonly routes: Readonly<Record<string, RouteUse>>;
  }[];
}

class UseCounter {
  readonly #monoMs: () => number;
  readonly #statuses: Record<string, number> = {};
  /** Time at each level up to `#changedAt`; the last level may still run. */
  #busyMs: number[] = [];
  #level: number;
  #changedAt: number;
  #max: number;
  count = 0;
  repeated = 0;
  repeatedAfterOk = 0;
  untold = 0;

  constructor(monoMs: () => number, level = 0) {
    this.#monoMs = monoMs;
    this.#level = level;
    this.#max = level;
    this.#changedAt = monoMs();
  }

  get level(): number {
    return this.#level;
  }

  begin(): void {
    if (this.count++ === 0 && this.#level === 0) this.#changedAt = this.#monoMs();
    this.#step(1);
  }

  end(status: number): void {
    this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
    this.#step(-1);
  }

  report(): RouteUse {
    if (this.#level > 0) this.#step(0);
    const busyMs = this.#busyMs.map((ms) => Math.round(ms * 1000) / 1000);
    const spent = busyMs.reduce((total, ms) => total + ms, 0);
    const weighted = busyMs.reduce((total, ms, level) => total + ms * level, 0);
    return {
      count: this.count,
      repeated: this.repeated,
      repeatedAfterOk: this.repeatedAfterOk,
      untold: this.untold,
      statuses: { ...this.#statuses },
      concurrentMax: this.#max,
      concurrency: spent === 0 ? 0 : weighted / spent,
      busyMs,
    };
  }

  #step(by: number): void {
    const now = this.#monoMs();
    while (this.#busyMs.length <= this.#level) this.#busyMs.push(0);
    this.#busyMs[this.#level] = (this.#busyMs[this.#level] as number) + now - this.#changedAt;
    this.#changedAt = now;
    this.#level += by;
    this.#max = Math.max(this.#max, this.#level);
  }
}

interface AccountPage {
  readonly history: UseCounter;
  readonly routes: Map<string, UseCounter>;
  /** Path and query → it was answered with 200. */
  readonly asked: Map<string, boolean>;
}

export class RequestCounts {
  readonly #monoMs: () => number;
  #since: number;
  #pages = new Map<string, AccountPage>();

  constructor(monoMs: () => number) {
    this.#monoMs = monoMs;
    this.#since = monoMs();
  }

  /** A request begins. Call the returned function once, when its answer has ended. */
  begin(account: string, path: string, query: string): (status: number) => void {
    const counters = this.#counters(account, path);
    for (const counter of counters) counter.begin();
    const isHistory = HISTORY_PATHS.some((one) => one === path);
    const key = `${path}${query}`;
    if (isHistory) this.#remember(account, key, counters);
    return (status) => {
      // There may have been a reset meanwhile.
      for (const counter of this.#counters(account, path)) counter.end(status);
      const { asked } = this.#page(account);
      if (isHistory && status === 200 && asked.has(key)) asked.set(key, true);
    };
  }

  report(): RequestReport {
    return {
      windowMs: this.#monoMs() - this.#since,
      accounts: [...this.#pages].map(([account, { history, routes }]) => ({
        account,
        history: history.report(),
        routes: Object.fromEntries([...routes].map(([path, counter]) => [path, counter.report()])),
      })),
    };
  }

  reset(): void {
    this.#since = this.#monoMs();
    const fresh = ({ level }: UseCounter): UseCounter => new UseCounter(this.#monoMs, level);
    this.#pages = new Map(
      [...this.#pages].map(([account, { history, routes }]) => [
        account,
        {
          history: fresh(history),
          routes: new Map([...routes].map(([path, counter]) => [path, fresh(counter)])),
          asked: new Map(),
        },
      ]),
    );
  }

  #remember(account: string, key: string, counters: readonly UseCounter[]): void {
    const { asked } = this.#page(account);
    const answered = asked.get(key);
    const room = asked.size < MOST_REMEMBERED;
    if (answered === undefined && room) asked.set(key, false);
    for (const counter of counters) {
      if (answered !== undefined) counter.repeated++;
      else if (!room) counter.untold++;
      if (answered === true) counter.repeatedAfterOk++;
    }
  }

  #counters(account: string, path: string): readonly UseCounter[] {
    const { history, routes } = this.#page(account);
    let counter = routes.get(path);
    if (counter === undefined) {
      counter = new UseCounter(this.#monoMs);
      routes.set(path, counter);
    }
    return HISTORY_PATHS.some((one) => one === path) ? [counter, history] : [counter];
  }

  #page(account: string): AccountPage {
    let page = this.#pages.get(account);
    if (page === undefined) {
      page = { history: new UseCounter(this.#monoMs), routes: new Map(), asked: new Map() };
      this.#pages.set(account, page);
    }
    return page;
  }
}
