// A realistic gateway: not ready at first, late, slow, sometimes dropping. In: a seed. Out: account settings and faults drawn from it, the same for
// the same seed. All troubles are bounded, so that a recording settles: late rows come, short lists become complete, drops are reported.
//
//   start ── unsynced, 10 to 45 s ──► synced, trade history up to 15 s later ──► late rows, slow and torn answers, first frames that
//                                                                                straggle, a drop now and then: until the end

import { Random } from './prices/random.ts';
import { FaultRegistry, type FaultInput } from './faults/registry.ts';
import type { AccountSpec, Scenario } from './scenario.ts';
import type { Terminal } from './terminal/terminal.ts';

const SECOND = 1000;
/** Beyond what any clock has: a terminal that reports it does not know. */
const NO_OFFSETS_S = [-172_800, -90_061, 98_765, 199_999];

export class Life {
  readonly #scenario: Scenario;
  readonly #seed: number;
  readonly #drops: boolean;
  /** A separate registry, so that a test that releases its faults does not end these. */
  readonly #faults: FaultRegistry;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(
    { drops, seed }: NonNullable<Scenario['life']>,
    scenario: Scenario,
    terminals: readonly Terminal[],
  ) {
    this.#drops = drops;
    this.#seed = seed;
    this.#scenario = scenario;
    this.#faults = new FaultRegistry(terminals);
  }

  /** Starts the troubles of a terminal. */
  begin({ account, market }: Terminal): void {
    const { below, between, draw } = this.#chance(`terminal/${account.id}`);
    const unsyncedMs = between(10 * SECOND, 45 * SECOND);
    const apply = (fault: FaultInput): void => void this.#faults.apply({ account: account.id, ...fault });
    apply({ kind: 'symbols_short', keep: below(market.symbols.length), ms: unsyncedMs });
    apply({ kind: 'history_empty', ms: unsyncedMs });
    apply({ kind: 'history_empty', synced: true, ms: unsyncedMs + between(0, 15 * SECOND) });
    for (const path of ['/PriceHistory', '/QuoteTicks'])
      apply({ kind: 'history_not_ready', path, ms: unsyncedMs });
    apply({ kind: 'history_late', rowMs: between(0, 20 * SECOND), costMs: between(0, 30 * SECOND) });
    apply({ kind: 'linger_snapshots', fromMs: 0, toMs: between(500, 5 * SECOND) });
    const kinds = ['slow', 'cut', 'reset', 'unavailable'];
    apply({
      kind: 'random_faults',
      kinds,
      rate: 0.02 * draw(),
      slowMs: between(200, 2000),
      seed: this.#seed,
    });
    this.#delaySymbol(account, market.symbols);
    if (this.#drops) this.#drop(account, between, between(30 * SECOND, 150 * SECOND));
  }

  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#faults.release();
  }

  /** One symbol is minutes late, the same on every account. Its history would contradict its ticks, so it must have none. */
  #delaySymbol(account: AccountSpec, symbols: readonly { readonly name: string }[]): void {
    const { below, between, draw } = this.#chance('delayed symbol');
    const symbol = symbols[below(symbols.length)]?.name;
    if (this.#scenario.history.quoteTicks !== 'off' || symbols.length < 2 || draw() < 0.5) return;
    const byMs = -between(60 * SECOND, 25 * 60 * SECOND);
    this.#faults.apply({ kind: 'other_time', account: account.id, symbol, byMs });
  }

  #drop(account: AccountSpec, between: Between, inMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#faults.apply({
        kind: 'drop_ticks',
        account: account.id,
        tells: 'before_heartbeats',
        ms: between(300, 4 * SECOND),
      });
      // Each drop opens gaps that reach back a minute; with more drops nothing would have to be complete.
      this.#drop(account, between, between(120 * SECOND, 300 * SECOND));
    }, inMs);
    this.#timers.add(timer);
  }

  #chance(name: string) {
    const random = new Random(this.#seed, `life/${name}`);
    const below = (limit: number): number => random.below(limit);
    const between: Between = (least, most) => least + below(most - least + 1);
    return { below, between, draw: () => random.next() };
  }
}

type Between = (least: number, most: number) => number;

/** Some brokers stop their clock while the market is closed, and some terminals report an impossible offset. */
export function lifelike(scenario: Scenario): Scenario {
  const { life } = scenario;
  if (life === null) return scenario;
  const isNow = scenario.source.kind === 'market' && scenario.source.startUtc === undefined;
  const accounts = scenario.accounts.map((account): AccountSpec => {
    const random = new Random(life.seed, `life/account/${account.id}`);
    const kind = random.below(3);
    if (kind === 0) return { ...account, freezesWhileShut: true };
    // Without a clock that runs with ours nothing else tells of the first rule.
    if (kind === 1 && isNow && account.statedOffsetS === null)
      return { ...account, statedOffsetS: NO_OFFSETS_S[random.below(NO_OFFSETS_S.length)] ?? null };
    return account;
  });
  return { ...scenario, accounts };
}
