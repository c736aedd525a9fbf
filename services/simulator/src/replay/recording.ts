// The types of a recording: whose it is, and what was recorded, in order. `packages/cli` fills them from tapes and tables; the player plays
// them.

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

/** The recorded socket ended here, and frames of another connection follow. `code`: that of its close frame; null: it had none. */
export interface RecordedCut {
  readonly tsRecv: number;
  readonly cut: { readonly code: number | null };
}

/** A part of the recording that cannot be read, in words. */
export interface RecordedDamage {
  readonly damage: string;
}

export type RecordedItem = RecordedFrame | RecordedCut | RecordedDamage;

/** What was recorded of an account: a client may subscribe to it. */
export interface RecordedStreams {
  /** Symbols with ticks or bars. */
  readonly symbols: readonly string[];
  /** Of these, symbols with ticks. */
  readonly quoted: ReadonlySet<string>;
  readonly bars: readonly { readonly symbol: string; readonly timeframe: Timeframe }[];
  /** Topics without a symbol. */
  readonly topics: ReadonlySet<Topic>;
}

/** Bounds of a history request, both included, and the replay's now, after which nothing is known; all in ms of broker time. */
export interface HistoryRange {
  readonly from: number;
  readonly to: number;
  readonly nowMs: number;
}

/** Rows as the gateway's routes show them; null: nothing was recorded to answer from; `too_many`: more than one answer may hold. */
export type HistoryAnswer = readonly Record<string, unknown>[] | 'too_many' | null;

export interface RecordedFacts {
  readonly account: ServedAccount['account'];
  /** What is known of the account's identity; null: nothing. */
  readonly identity: {
    readonly company: string | null;
    readonly currency: string | null;
    readonly leverage: number | null;
    readonly marginMode: string | null;
  } | null;
  readonly streams: RecordedStreams;
  /** Broker time minus UTC at a UTC time, s; null: no clock rule is known. */
  offsetS(utcMs: number): number | null;
  /** The fields of `/SymbolInfo` that were recorded by `nowUs`; null: none. */
  symbolInfo(symbol: string, nowUs: number): Promise<Record<string, unknown> | null>;
  bars(symbol: string, timeframe: Timeframe, range: HistoryRange): Promise<HistoryAnswer>;
  ticks(symbol: string, range: HistoryRange): Promise<HistoryAnswer>;
  deals(range: HistoryRange): Promise<HistoryAnswer>;
  positions(range: HistoryRange): Promise<HistoryAnswer>;
}
