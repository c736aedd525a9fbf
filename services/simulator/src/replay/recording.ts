// What a replay is given: whose recording it is, and what was recorded, in order. In: nothing. Out: the types that the reader of tapes and
// tables fills and the player plays.

import type { Topic } from '@fxtape/fxsocket';
import type { ServedAccount } from '../gateway/gateway-source.ts';
import type { Timeframe } from '../history/timeframe.ts';

/** A frame of the socket, exactly as it was received; `base64`: a binary one. */
export interface RecordedFrame {
  /** When it was received, µs UTC. */
  readonly tsRecv: number;
  readonly frame: string;
  readonly frameKind: 'json' | 'text' | 'base64';
}

/** The recorded socket ended here, and frames of another connection follow. `code`: of its close frame; null: it had none. */
export interface RecordedCut {
  readonly tsRecv: number;
  readonly cut: { readonly code: number | null };
}

/** A stretch that cannot be read, in words. */
export interface RecordedDamage {
  readonly damage: string;
}

export type RecordedItem = RecordedFrame | RecordedCut | RecordedDamage;

/** What of an account was recorded, and may be subscribed to. */
export interface RecordedStreams {
  readonly symbols: readonly string[];
  readonly bars: readonly { readonly symbol: string; readonly timeframe: Timeframe }[];
  /** Topics without a symbol. */
  readonly topics: ReadonlySet<Topic>;
}

/** Bounds of a history request, both included, and the replay's now, after which nothing is known yet; all on the broker's clock, ms. */
export interface HistoryRange {
  readonly from: number;
  readonly to: number;
  readonly nowMs: number;
}

/** Rows as the gateway's routes show them; null where nothing is recorded to answer from, `too_many` where one answer cannot hold them. */
export type HistoryAnswer = readonly Record<string, unknown>[] | 'too_many' | null;

export interface RecordedFacts {
  readonly account: ServedAccount['account'];
  /** Of the account; null where it is not known. */
  readonly identity: {
    readonly company: string | null;
    readonly currency: string | null;
    readonly leverage: number | null;
    readonly marginMode: string | null;
  } | null;
  readonly streams: RecordedStreams;
  /** Broker's wall clock minus UTC at a UTC instant, s; null where no clock rule is known. */
  offsetS(utcMs: number): number | null;
  /** The fields of `/SymbolInfo` that were recorded by `nowUs`; null: none. */
  symbolInfo(symbol: string, nowUs: number): Promise<Record<string, unknown> | null>;
  bars(symbol: string, timeframe: Timeframe, range: HistoryRange): Promise<HistoryAnswer>;
  ticks(symbol: string, range: HistoryRange): Promise<HistoryAnswer>;
  deals(range: HistoryRange): Promise<HistoryAnswer>;
  positions(range: HistoryRange): Promise<HistoryAnswer>;
}
