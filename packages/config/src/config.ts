// The configuration after parsing: every default filled in, every duration in milliseconds, every account complete in itself. Made from
// fxtape.yaml by `parseConfig`, or for the demonstration by `demoConfig`.

import { isOfAccount, STREAMS, type Timeframe } from '@fxtape/market/tables';

export { type Timeframe, TIMEFRAMES } from '@fxtape/market/tables';

export const ACCOUNT_DATA = STREAMS.filter(isOfAccount);
export type AccountData = (typeof ACCOUNT_DATA)[number];

/** How far back history is fetched: milliseconds before the start, everything, or not at all. */
export type Depth = number | 'all' | null;

export interface BackfillConfig {
  /** Timeframes without an entry are not backfilled. */
  readonly bars: Readonly<Partial<Record<Timeframe, Depth>>>;
  readonly ticks: Depth;
  readonly deals: Depth;
}

export interface AccountConfig {
  /** Names folders, rows and log lines; unique. */
  readonly name: string;
  /** UUID on FxSocket; null when the account is found by `match`. */
  readonly id: string | null;
  /** Globs over the account list; null when `id` is given. */
  readonly match: { readonly server?: string; readonly nickname?: string } | null;
  /** How often the account list is searched again; null when `id` is given. */
  readonly discoverMs: number | null;
  /** Name of the environment variable that holds the key. Never the key. */
  readonly keyVariable: string;
  readonly tlsVerify: boolean;
  /** Addresses without TLS are taken beyond this machine too. */
  readonly allowHttp: boolean;
  /** Globs over the broker's symbol list, or null: no market data of this account. */
  readonly marketData: { readonly feed: string; readonly symbols: readonly string[] } | null;
  readonly accountData: readonly AccountData[];
  readonly timeframes: readonly Timeframe[];
  readonly clock: {
    /** A clock rule, or `auto`: inferred. */
    readonly rule: string;
    /** The gateway plays an old day: the guard against wrong rules is off. */
    readonly replayed: boolean;
  };
  readonly backfill: BackfillConfig;
}

export interface Config {
  readonly accounts: readonly AccountConfig[];
  readonly retention: { readonly tapeMs: number };
  /** Path of the file, or what else it came from; for people. */
  readonly source: string;
}
