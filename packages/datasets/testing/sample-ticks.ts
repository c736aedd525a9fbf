// Ticks of January 2026 for the tests of datasets, a selection that holds them, and a gap among them.
import type { KnownGap, Selection } from '../src/source.ts';
import type { MemoryRow } from './memory-source.ts';

export const JANUARY = Date.UTC(2026, 0, 1) * 1000;
export const HOUR = 3_600_000_000;
const DAY_US = 24 * HOUR;

export const selection = (toDay: number, rest: Partial<Selection> = {}): Selection => ({
  kind: 'ticks',
  feeds: [],
  symbols: [],
  accounts: [],
  timeframes: [],
  fromUs: JANUARY,
  toUs: JANUARY + toDay * DAY_US,
  asOfUs: null,
  reception: false,
  resample: null,
  ...rest,
});

let received = 0;
export const tick = (us: number, bid: number, rest: MemoryRow = {}): MemoryRow => ({
  ts: JANUARY + us,
  feed: 'icm',
  symbol: 'EUR/USD',
  bid,
  ask: bid + 1,
  last: null,
  volume: null,
  utc_offset_s: 7200,
  ts_recv: JANUARY + us + 50_000 + (received += 1),
  source: 'live',
  quality: null,
  ...rest,
});

export const gap = (fromUs: number, toUs: number, rowsHealed: number | null): KnownGap => ({
  gapId: 'g1',
  account: 'a',
  feed: 'icm',
  symbol: null,
  stream: 'ticks',
  timeframe: null,
  fromUs: JANUARY + fromUs,
  toUs: JANUARY + toUs,
  cause: 'disconnect',
  state: rowsHealed === null ? 'open' : 'healed',
  rowsHealed,
  updatedUs: JANUARY,
});
