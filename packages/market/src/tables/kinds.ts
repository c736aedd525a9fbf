// Which stream, socket topic, frame type and table belong together.

export const KINDS = {
  ticks: { topic: 'prices', frame: 'tick', table: 'ticks' },
  bars: { topic: 'bars', frame: 'bar', table: 'bar_events' },
  deals: { topic: 'trades', frame: 'trade', table: 'trade_events' },
  positions: { topic: 'positions', frame: 'positions', table: 'position_events' },
  account: { topic: 'account', frame: 'account', table: 'account_events' },
} as const satisfies Record<string, { topic: string; frame: string; table: string }>;

export type StreamKind = keyof typeof KINDS;
type Kind = (typeof KINDS)[StreamKind];
/** The tables of streamed rows. */
export type StreamTable = Kind['table'];

export const STREAMS = ['ticks', 'bars', 'deals', 'positions', 'account'] as const satisfies StreamKind[];
export const STREAM_TABLES: readonly StreamTable[] = STREAMS.map((stream) => KINDS[stream].table);

const by = (which: 'topic' | 'frame' | 'table'): ReadonlyMap<string, StreamKind> =>
  new Map(STREAMS.map((stream) => [KINDS[stream][which], stream]));

export const STREAM_OF_TOPIC = by('topic');
export const STREAM_OF_FRAME = by('frame');
export const STREAM_OF_TABLE = by('table');

export const isStreamKind = (name: string): name is StreamKind => Object.hasOwn(KINDS, name);
