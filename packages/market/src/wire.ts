// The shapes of the gateway's messages as far as normalising reads them, structurally equal to what the typed client
// decodes. Declared here because this package is pure and depends on no client.

/** A field of a record that could not be read and is null in it. */
export interface UnreadableField {
  readonly field: string;
  readonly value: unknown;
  readonly why: string;
}

/** What every record may carry beside its fields. */
interface WireRecord {
  readonly unreadable?: readonly UnreadableField[] | undefined;
}

export interface WireTick extends WireRecord {
  readonly bid: number;
  readonly ask: number;
  readonly last?: number | null | undefined;
  readonly volume?: number | null | undefined;
  readonly time: string;
}

export interface WireBar extends WireRecord {
  readonly time?: string | null | undefined;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly tickVolume?: number | null | undefined;
  readonly realVolume?: number | null | undefined;
  readonly spread?: number | null | undefined;
}

type Id = number | bigint;

export interface WireTrade extends WireRecord {
  readonly deal: Id;
  readonly order?: Id | null | undefined;
  readonly position?: Id | null | undefined;
  readonly symbol?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly entry?: string | null | undefined;
  readonly volume?: number | null | undefined;
  readonly price?: number | null | undefined;
  readonly profit?: number | null | undefined;
  readonly commission?: number | null | undefined;
  readonly swap?: number | null | undefined;
  readonly magic?: Id | null | undefined;
  readonly comment?: string | null | undefined;
  readonly time: string;
  readonly degraded?: boolean | null | undefined;
}

export interface WireAccountSummary extends WireRecord {
  readonly balance: number;
  readonly credit?: number | null | undefined;
  readonly profit?: number | null | undefined;
  readonly equity: number;
  readonly margin?: number | null | undefined;
  readonly freeMargin?: number | null | undefined;
  readonly marginLevel?: number | null | undefined;
}

export interface WireOpenedOrder extends WireRecord {
  readonly ticket: Id;
  readonly symbol?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly kind?: string | null | undefined;
  readonly lots?: number | null | undefined;
  readonly openPrice?: number | null | undefined;
  readonly currentPrice?: number | null | undefined;
  readonly stopLoss?: number | null | undefined;
  readonly takeProfit?: number | null | undefined;
  readonly swap?: number | null | undefined;
  readonly profit?: number | null | undefined;
  readonly magic?: Id | null | undefined;
  readonly comment?: string | null | undefined;
  readonly openTime?: string | null | undefined;
}

export interface WireTerminal {
  readonly connected: boolean;
  readonly serverTime?: string | null | undefined;
}

/** A row of `/PriceHistory`. */
export type WireHistoryBar = WireBar;

/** A row of `/QuoteTicks`. `timeMsc` is broker-time epoch milliseconds; one of `time` and `timeMsc` may be missing. */
export interface WireHistoryTick extends WireRecord {
  readonly time?: string | null | undefined;
  readonly timeMsc?: number | null | undefined;
  readonly bid: number;
  readonly ask: number;
  readonly last?: number | null | undefined;
  readonly volume?: number | null | undefined;
}

/** A row of `/OrderHistory`; `position` is 0 or absent on old bridges. */
export interface WireHistoryDeal extends WireRecord {
  readonly ticket: Id;
  readonly order?: Id | null | undefined;
  readonly position?: Id | null | undefined;
  readonly symbol?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly entry?: string | null | undefined;
  readonly volume?: number | null | undefined;
  readonly price?: number | null | undefined;
  readonly commission?: number | null | undefined;
  readonly swap?: number | null | undefined;
  readonly profit?: number | null | undefined;
  readonly magic?: Id | null | undefined;
  readonly comment?: string | null | undefined;
  readonly time: string;
}

/** A row of `/PositionHistory`: a closed round trip. */
export interface WireHistoryPosition extends WireRecord {
  readonly positionId: Id;
  readonly symbol?: string | null | undefined;
  readonly type?: string | null | undefined;
  readonly volume?: number | null | undefined;
  readonly openTime: string;
  readonly openPrice?: number | null | undefined;
  readonly closeTime: string;
  readonly closePrice?: number | null | undefined;
  readonly profit?: number | null | undefined;
  readonly swap?: number | null | undefined;
  readonly commission?: number | null | undefined;
  readonly netProfit?: number | null | undefined;
  readonly magic?: Id | null | undefined;
  readonly comment?: string | null | undefined;
}

/** The answer of `/SymbolInfo` as far as it does not change with every tick. */
export interface WireSymbolInfo {
  readonly symbol: string;
  readonly description?: string | null | undefined;
  readonly digits: number;
  readonly point: number;
  readonly tickSize?: number | null | undefined;
  readonly contractSize?: number | null | undefined;
  readonly volumeMin?: number | null | undefined;
  readonly volumeMax?: number | null | undefined;
  readonly volumeStep?: number | null | undefined;
  readonly stopsLevel?: number | null | undefined;
  readonly freezeLevel?: number | null | undefined;
  readonly tradeMode?: string | null | undefined;
  readonly swapLong?: number | null | undefined;
  readonly swapShort?: number | null | undefined;
  readonly currencyBase?: string | null | undefined;
  readonly currencyProfit?: string | null | undefined;
  readonly currencyMargin?: string | null | undefined;
  readonly sessions?:
    | readonly { readonly day: string; readonly from: string; readonly to: string }[]
    | null
    | undefined;
}

/** One decoded frame of the stream. */
export type WireMessage =
  | { readonly type: 'tick'; readonly symbol: string; readonly data: WireTick }
  | { readonly type: 'bar'; readonly symbol: string; readonly timeframe: string; readonly data: WireBar }
  | { readonly type: 'trade'; readonly data: WireTrade }
  | { readonly type: 'account'; readonly data: WireAccountSummary }
  | {
      readonly type: 'positions';
      readonly data: readonly WireOpenedOrder[];
      /** Elements of the frame that are no positions. */
      readonly rejected?: readonly { readonly index: number; readonly reason: string }[];
    }
  | { readonly type: 'terminal'; readonly data: WireTerminal }
  | { readonly type: 'warning'; readonly dropped: number }
  | { readonly type: 'subscribed' | 'unsubscribed' | 'error' | 'subscriptions' }
  | { readonly type: 'unknown'; readonly wireType: string | null }
  | {
      readonly type: 'undecodable';
      readonly reason: string;
      readonly wireType: string | null;
      readonly symbol: string | null;
      readonly timeframe: string | null;
      readonly detail: string;
    };
