// An account's trading without a gateway, for tests of the trading engine. In: mode and symbols. Out: quotes and time set by hand, and requests.

import { findSymbols } from '../src/prices/symbols.ts';
import type { DeskReply, ModifyRequest, SendRequest } from '../src/trading/order-desk.ts';
import { TradingAccount } from '../src/trading/trading-account.ts';

export const MODES = ['hedging', 'netting', 'mt4'] as const;
export type Mode = (typeof MODES)[number];

/** A Wednesday, 13:00 at the broker, who is three hours ahead of UTC. */
export const START_UTC_MS = Date.UTC(2026, 5, 10, 10);
export const OFFSET_MS = 3 * 3_600_000;
const START_BALANCE = 100_000;

const ANCHORS: Readonly<Record<string, readonly [bid: number, ask: number]>> = {
  EURUSD: [108_500, 108_510],
  USDJPY: [150_000, 150_010],
  EURGBP: [85_000, 85_012],
  GBPUSD: [127_000, 127_012],
  BTCUSD: [6_000_000, 6_001_000],
};
export const SYMBOLS = Object.keys(ANCHORS);

export class TradingRig {
  readonly account: TradingAccount;
  utcMs = START_UTC_MS;
  connected = true;
  open = true;
  execution = { movedPoints: 0, share: 1 };

  constructor(mode: Mode = 'hedging', options: { leverage?: number; startBalance?: number } = {}) {
    this.account = new TradingAccount({
      seed: 1,
      account: 'test',
      startUtcMs: START_UTC_MS,
      dealsPerHour: 0,
      symbols: findSymbols(SYMBOLS),
      platform: mode === 'mt4' ? 'mt4' : 'mt5',
      netting: mode === 'netting',
      leverage: options.leverage ?? 100,
      startBalance: options.startBalance ?? START_BALANCE,
      firstTicket: 1n,
      firstDeal: 1_000_001n,
      clock: () => ({ offsetMs: () => OFFSET_MS }),
      isOpen: () => this.open,
      isConnected: () => this.connected,
      execution: () => this.execution,
      lastQuote: (symbol) => {
        const [bid, ask] = ANCHORS[SYMBOLS[symbol] as string] as readonly [number, number];
        return { bid, ask };
      },
    });
  }

  get book() {
    return this.account.book;
  }

  /** The quote moves to `bid` points, with the spread that it has. */
  tick(symbol: string, bid: number): void {
    const index = SYMBOLS.indexOf(symbol);
    const [low, high] = ANCHORS[symbol] as readonly [number, number];
    this.account.tick(index, this.utcMs, { bid, ask: bid + high - low, mayTrade: false });
  }

  send(symbol: string, type: SendRequest['type'], lots: number, more: Partial<SendRequest> = {}): DeskReply {
    const request = { symbol: SYMBOLS.indexOf(symbol), type, lots, magic: 0n, comment: '', ...more };
    return this.account.desk().send(request, this.utcMs);
  }

  modify(ticket: bigint, change: ModifyRequest): DeskReply | null {
    return this.account.desk().modify(ticket, change, this.utcMs);
  }

  close(ticket: bigint, lots = 0): DeskReply | null {
    return this.account.desk().close(ticket, lots, this.utcMs);
  }

  /** Time passes without a tick. */
  pass(ms: number): void {
    this.utcMs += ms;
    this.account.time(this.utcMs);
  }
}
