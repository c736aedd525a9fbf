// Prints a Config as YAML that `parseConfig` reads back to the same Config: what is in force, with every default spelled out. A
// configuration contains no keys; anything that looks like one is removed all the same.
import { Redactor } from '@fxtape/ops';
import { stringify } from 'yaml';
import type { AccountConfig, Config, Depth } from './config.ts';
import { formatDuration } from './duration.ts';

export function showConfig(config: Config): string {
  const text = stringify(configDocument(config), {
    lineWidth: 110,
    flowCollectionPadding: true,
    aliasDuplicateObjects: false,
  });
  return new Redactor().redact(`# in force, from ${config.source.replaceAll('\n', ' ')}\n${text}`);
}

/** The same as a plain object, in the file's own words. */
export function configDocument(config: Config): Record<string, unknown> {
  return {
    accounts: config.accounts.map(accountDocument),
    retention: { tape: formatDuration(config.retention.tapeMs) },
  };
}

function accountDocument(account: AccountConfig): Record<string, unknown> {
  return {
    name: account.name,
    ...(account.id !== null && { id: account.id }),
    ...(account.match !== null && { match: { ...account.match } }),
    ...(account.discoverMs !== null && { discover: formatDuration(account.discoverMs) }),
    key: account.keyVariable,
    tls_verify: account.tlsVerify,
    allow_http: account.allowHttp,
    market_data:
      account.marketData === null
        ? false
        : { feed: account.marketData.feed, symbols: [...account.marketData.symbols] },
    account_data: account.accountData.length === 0 ? false : [...account.accountData],
    timeframes: [...account.timeframes],
    clock: { rule: account.clock.rule, replayed: account.clock.replayed },
    backfill: {
      bars: Object.fromEntries(
        Object.entries(account.backfill.bars).map(([timeframe, depth]) => [timeframe, spell(depth)]),
      ),
      ticks: spell(account.backfill.ticks),
      deals: spell(account.backfill.deals),
    },
  };
}

function spell(depth: Depth): string | false {
  return depth === null ? false : depth === 'all' ? 'all' : formatDuration(depth);
}
