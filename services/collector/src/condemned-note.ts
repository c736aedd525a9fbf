// A row that the database refuses for good, as an event of the tape. In: the row and the reason. Out: what the event says, with the stream
// that the row belongs to and the range that its absence lies in.
import type { CondemnedRow, StreamKind } from '@fxtape/market';

const STREAMS: Readonly<Record<string, StreamKind>> = {
  ticks: 'ticks',
  bar_events: 'bars',
  trade_events: 'deals',
  position_events: 'positions',
};

export const condemnedNote = (table: string, row: Record<string, unknown>, reason: string): CondemnedRow => {
  const stream = STREAMS[table] ?? 'account';
  const ts = Number(row['ts']);
  return {
    table,
    key: {
      stream,
      symbol: (row['symbol'] as string | undefined) ?? null,
      timeframe: (row['timeframe'] as string | undefined) ?? null,
    },
    of: Number(row['ts_recv'] ?? row['ts']),
    fromUs: ts,
    toUs: ts + 1,
    reason,
    raw: JSON.stringify(row, (_key, value: unknown) =>
      typeof value === 'bigint' ? value.toString() : value,
    ),
  };
};
