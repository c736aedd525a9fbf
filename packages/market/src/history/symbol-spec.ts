// Maps an answer of `/SymbolInfo` to a row of `symbol_specs`: only what does not change with every tick. An unchanged symbol gives an equal row in
// whatever order the gateway lists its sessions.

import type { SymbolSpecRow } from '../tables/tables.ts';
import type { WireSymbolInfo } from '../tables/wire.ts';
import { wordOrNull } from './history-rows.ts';

const DAYS = ['SUNDAY', 'MONDAY', 'TUESDAY', 'WEDNESDAY', 'THURSDAY', 'FRIDAY', 'SATURDAY'];

/** JSON of the session windows in order of the week, unknown days last; null if the bridge states none. */
const sessionsJson = (sessions: WireSymbolInfo['sessions']): string | null => {
  if (sessions === null || sessions === undefined) return null;
  const order = (day: string): number => {
    const place = DAYS.indexOf(day);
    return place < 0 ? DAYS.length : place;
  };
  const windows = sessions.map(({ day, from, to }) => ({ day, from, to }));
  windows.sort(
    (a, b) =>
      order(a.day) - order(b.day) ||
      a.day.localeCompare(b.day, 'en') ||
      a.from.localeCompare(b.from, 'en') ||
      a.to.localeCompare(b.to, 'en'),
  );
  return JSON.stringify(windows);
};

const MOST_POINTS = 2 ** 31 - 1;

/** A distance in points; null if it is not a whole number. */
const points = (value: number | null | undefined): number | null =>
  typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= MOST_POINTS ? value : null;

/** The specification as seen at `seenUs` (UTC microseconds), which becomes its `ts`. */
export const symbolSpecRow = (info: WireSymbolInfo, o: { feed: string; seenUs: number }): SymbolSpecRow => ({
  ts: o.seenUs,
  feed: o.feed,
  symbol: info.symbol,
  digits: info.digits,
  point: info.point,
  tick_size: info.tickSize ?? null,
  contract_size: info.contractSize ?? null,
  volume_min: info.volumeMin ?? null,
  volume_max: info.volumeMax ?? null,
  volume_step: info.volumeStep ?? null,
  stops_level: points(info.stopsLevel),
  freeze_level: points(info.freezeLevel),
  trade_mode: wordOrNull(info.tradeMode),
  swap_long: info.swapLong ?? null,
  swap_short: info.swapShort ?? null,
  currency_base: wordOrNull(info.currencyBase),
  currency_profit: wordOrNull(info.currencyProfit),
  currency_margin: wordOrNull(info.currencyMargin),
  description: wordOrNull(info.description),
  sessions: sessionsJson(info.sessions),
});
