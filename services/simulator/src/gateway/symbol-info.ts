// `/SymbolInfo` and `/getQuote`. In: a symbol and the last tick that the account's terminal knows. Out: the answers with the gateway's field names.

import { weeklySessions } from '../prices/session.ts';
import type { SymbolSpec } from '../prices/symbols.ts';
import type { LastTick } from '../prices/tick-tape.ts';
import { commissionRule, SWAP_POINTS, VOLUME } from '../trading/terms.ts';
import type { Terminal } from '../terminal/terminal.ts';

const price = (points: number | undefined, spec: SymbolSpec): number => (points ?? 0) / 10 ** spec.digits;

export function symbolInfo(terminal: Terminal, symbol: number): Record<string, unknown> {
  const spec = terminal.market.symbols[symbol] as SymbolSpec;
  const tick = terminal.lastSeen(symbol);
  const digits = terminal.account.digits[spec.name] ?? spec.digits;
  const point = Number((10 ** -digits).toFixed(digits));
  const now = terminal.nowUtcMs();
  return {
    symbol: spec.name,
    description: spec.description,
    digits,
    point,
    tickSize: point,
    tickValue: Number((spec.contractSize * point).toFixed(8)),
    contractSize: spec.contractSize,
    volumeMin: VOLUME.min,
    volumeMax: VOLUME.max,
    volumeStep: VOLUME.step,
    stopsLevel: 0,
    freezeLevel: 0,
    spread: tick === null ? spec.spreadPoints : tick.ask - tick.bid,
    tradeMode: 'Full',
    swapLong: SWAP_POINTS.Buy,
    swapShort: SWAP_POINTS.Sell,
    bid: price(tick?.bid, spec),
    ask: price(tick?.ask, spec),
    currencyBase: spec.currencyBase,
    currencyProfit: spec.currencyProfit,
    currencyMargin: spec.currencyBase,
    ...(terminal.account.oldBridge
      ? {}
      : {
          commissions: [commissionRule],
          sessions: weeklySessions(spec.kind, now, terminal.clock().offsetMs(now)),
        }),
  };
}

export function quote(terminal: Terminal, symbol: number, tick: LastTick): Record<string, unknown> {
  const spec = terminal.market.symbols[symbol] as SymbolSpec;
  const time = terminal.clock().text(tick.utcMs);
  return {
    symbol: spec.name,
    bid: price(tick.bid, spec),
    ask: price(tick.ask, spec),
    time: terminal.conditions.wholeSeconds ? `${time.slice(0, 19)}Z` : time,
    last: price(tick.last, spec),
    volume: tick.volume,
  };
}
