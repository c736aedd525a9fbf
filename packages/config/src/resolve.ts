// From the file's form to what is in force: defaults filled in, durations in milliseconds, and the rules that span several values
// checked. In: the checked file. Out: a Config, or the sentences of what does not fit together, with their places.
import {
  ACCOUNT_DATA,
  type AccountConfig,
  type BackfillConfig,
  type Config,
  type Depth,
  type Timeframe,
} from './config.ts';
import { durationMs } from './duration.ts';
import type { AccountEntry, ConfigFile } from './file-schema.ts';
import type { Path } from './sentences.ts';

export interface Conflict {
  readonly path: Path;
  /** Continues the name of the place: `must …`. */
  readonly message: string;
}

const DEFAULT_TIMEFRAMES: readonly Timeframe[] = ['M1', 'D1'];
const DEFAULT_BACKFILL = { bars: { M1: '30d', D1: 'all' }, ticks: '7d', deals: 'all' } as const;
const DEFAULT_KEY_VARIABLE = 'FXSOCKET_API_KEY';
const DEFAULT_DISCOVER = '5m';
const DEFAULT_TAPE_RETENTION = '30d';

export function resolve(file: ConfigFile, source: string): Config {
  return {
    accounts: file.accounts.map((entry) => resolveAccount(entry, file.defaults ?? {})),
    retention: { tapeMs: ms(file.retention?.tape ?? DEFAULT_TAPE_RETENTION) },
    source,
  };
}

/** Rules that the shape of the file cannot say. Empty when all is well. */
export function conflicts(file: ConfigFile): Conflict[] {
  const found: Conflict[] = [];
  const names = new Map<string, string>();
  const ids = new Map<string, string>();
  const feeds = new Map<string, string>();
  for (const [index, entry] of file.accounts.entries()) {
    const path = ['accounts', index];
    // Folders are named after accounts, and not every file system tells Ab from ab.
    claim(names, entry.name.toLowerCase(), entry.name, {
      path: [...path, 'name'],
      message: 'is already used by another account; every account needs its own name',
    });
    if (entry.id !== undefined)
      claim(ids, entry.id.toLowerCase(), entry.name, {
        path: [...path, 'id'],
        message: 'is listed twice; an account has one socket, so it can be recorded only once',
      });
    if (entry.market_data !== false) {
      const feed = entry.market_data.feed ?? entry.name;
      claim(feeds, feed.toLowerCase(), entry.name, {
        path: [...path, 'market_data'],
        message: `writes feed "${feed}", which another account already writes; give it its own feed, or market_data: false`,
      });
    }
    if (entry.id === undefined && entry.match === undefined)
      found.push({ path, message: 'needs id (the UUID on FxSocket) or match' });
    if (entry.id !== undefined && entry.match !== undefined)
      found.push({ path, message: 'has both id and match; keep one of them' });
    if (entry.match !== undefined && entry.match.server === undefined && entry.match.nickname === undefined) {
      found.push({ path: [...path, 'match'], message: 'needs server or nickname' });
    }
    if (entry.discover !== undefined && entry.match === undefined) {
      found.push({ path: [...path, 'discover'], message: 'only goes with match' });
    }
    if (entry.market_data === false && accountData(entry).length === 0) {
      found.push({ path, message: 'records nothing: market_data and account_data are both off' });
    }
  }
  return found;

  function claim(taken: Map<string, string>, key: string, owner: string, conflict: Conflict): void {
    if (taken.has(key)) found.push(conflict);
    else taken.set(key, owner);
  }
}

function resolveAccount(entry: AccountEntry, defaults: NonNullable<ConfigFile['defaults']>): AccountConfig {
  const { server, nickname } = entry.match ?? {};
  return {
    name: entry.name,
    id: entry.id ?? null,
    match:
      entry.match === undefined
        ? null
        : { ...(server !== undefined && { server }), ...(nickname !== undefined && { nickname }) },
    discoverMs: entry.match === undefined ? null : ms(entry.discover ?? DEFAULT_DISCOVER),
    keyVariable: entry.key ?? DEFAULT_KEY_VARIABLE,
    tlsVerify: entry.tls_verify ?? true,
    allowHttp: entry.allow_http ?? false,
    marketData:
      entry.market_data === false
        ? null
        : { feed: entry.market_data.feed ?? entry.name, symbols: [...new Set(entry.market_data.symbols)] },
    accountData: accountData(entry),
    timeframes: [...new Set(entry.timeframes ?? defaults.timeframes ?? DEFAULT_TIMEFRAMES)],
    clock: resolveClock(entry.clock),
    backfill: resolveBackfill({ ...DEFAULT_BACKFILL, ...defaults.backfill, ...entry.backfill }),
  };
}

function accountData(entry: AccountEntry): AccountConfig['accountData'] {
  if (entry.account_data === false) return [];
  return [...new Set(entry.account_data ?? ACCOUNT_DATA)];
}

function resolveClock(clock: AccountEntry['clock']): AccountConfig['clock'] {
  if (clock === undefined) return { rule: 'auto', replayed: false };
  if (clock === 'replayed') return { rule: 'auto', replayed: true };
  if (typeof clock === 'string') return { rule: clock, replayed: false };
  return { rule: clock.rule ?? 'auto', replayed: clock.replayed ?? false };
}

function resolveBackfill(backfill: NonNullable<AccountEntry['backfill']>): BackfillConfig {
  const bars = Object.entries(backfill.bars ?? {}).map(([timeframe, depth]) => [
    timeframe,
    resolveDepth(depth),
  ]);
  return {
    bars: Object.fromEntries(bars) as BackfillConfig['bars'],
    ticks: resolveDepth(backfill.ticks),
    deals: resolveDepth(backfill.deals),
  };
}

function resolveDepth(depth: string | false | undefined): Depth {
  if (depth === 'all') return 'all';
  return depth === undefined || depth === false ? null : ms(depth);
}

function ms(text: string): number {
  const value = durationMs(text);
  if (value === null) throw new RangeError(`"${text}" passed the schema and is not a duration`);
  return value;
}
