// The kinds of streamed messages, one row each: which stream, socket topic, frame type and table belong together, and what is recorded of
// them. Whatever else depends on the kind is derived from these rows.

import type { WireTopic } from './wire.ts';

type KindShape = WireTopic & {
  readonly table: string;
  /** One stream per symbol of the feed, one per timeframe of each, or one for the account, which `account_data` then selects by its name. */
  readonly per: 'symbol' | 'timeframe' | 'account';
  /**
   * The column that is made from the broker's clock, with `utc_offset_s` beside it. `ts`: every frame states its time as `data.time`.
   * Null: the rows have no time but that of receipt.
   */
  readonly clock: 'ts' | 'ts_open' | null;
  /** Live coverage is claimed. Of bars and deals it comes from history alone: their streamed events are not the confirmed rows. */
  readonly isCovered: boolean;
};

export const KINDS = {
  ticks: { topic: 'prices', frame: 'tick', table: 'ticks', per: 'symbol', clock: 'ts', isCovered: true },
  bars: { topic: 'bars', frame: 'bar', table: 'bar_events', per: 'timeframe', clock: 'ts', isCovered: false },
  deals: {
    topic: 'trades',
    frame: 'trade',
    table: 'trade_events',
    per: 'account',
    clock: 'ts',
    isCovered: false,
  },
  positions: {
    topic: 'positions',
    frame: 'positions',
    table: 'position_events',
    per: 'account',
    clock: 'ts_open',
    isCovered: true,
  },
  account: {
    topic: 'account',
    frame: 'account',
    table: 'account_events',
    per: 'account',
    clock: null,
    isCovered: true,
  },
} as const satisfies Record<string, KindShape>;

export type StreamKind = keyof typeof KINDS;
export type Kind<S extends StreamKind = StreamKind> = (typeof KINDS)[S];
/** The types of frames that give rows. */
export type StreamFrame = Kind['frame'];
type AccountStream = { [S in StreamKind]: Kind<S>['per'] extends 'account' ? S : never }[StreamKind];

export const STREAMS = Object.keys(KINDS) as readonly StreamKind[];

const by = (which: 'topic' | 'frame' | 'table'): ReadonlyMap<string, StreamKind> =>
  new Map(STREAMS.map((stream) => [KINDS[stream][which], stream]));

export const STREAM_OF_TOPIC = by('topic');
export const STREAM_OF_FRAME = by('frame');
export const STREAM_OF_TABLE = by('table');

export const isStreamKind = (name: string): name is StreamKind => Object.hasOwn(KINDS, name);

/** True for a stream of the account, false for one of the feed. */
export const isOfAccount = (stream: StreamKind): stream is AccountStream => KINDS[stream].per === 'account';
