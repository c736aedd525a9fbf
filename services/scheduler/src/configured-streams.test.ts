import { parseConfig } from '@fxtape/config';
import { streamId, type TableRow } from '@fxtape/market';
import { expect, test } from 'vitest';
import { endedStreams, streamChanges } from './configured-streams.ts';

const config = (yaml: string) =>
  parseConfig(`accounts:\n  - { name: icm, match: { server: "*" }, ${yaml} }\n`, 'test').accounts[0] as never;
const usual =
  'market_data: { symbols: [EURUSD, "XAU*", GONE] }, account_data: [deals], timeframes: [M1], backfill: { bars: { H1: 1d } }';
const NOW = 1_000_000_000;

type StreamRow = TableRow<'streams'>;
const changes = (
  yaml: string,
  listed: string[],
  known: readonly StreamRow[],
  o: { nowUs?: number; since?: [string, number][]; missing?: string[] } = {},
) =>
  streamChanges({
    config: config(yaml),
    listed,
    missing: o.missing ?? [],
    known,
    nowUs: o.nowUs ?? NOW,
    recordedSinceUs: new Map(o.since),
  });
const id = (row: StreamRow) =>
  streamId({ stream: row.stream as 'bars', symbol: row.symbol ?? null, timeframe: row.timeframe ?? null });

test('every stream that is streamed or fetched begins once, the named one that is not listed included', () => {
  const first = changes(usual, ['EURUSD', 'XAUUSD', 'XAUEUR'], []);
  expect(first.rows.map(id).toSorted()).toEqual(first.streams.map(streamId).toSorted());
  expect(first.rows.length).toBe(1 + 4 * 3);
  expect(first.unlisted).toEqual(new Set(['GONE']));
  expect(first.rows.every((row) => row.ts === NOW && row.ts_to === null)).toBe(true);
  const again = changes(usual, ['EURUSD', 'XAUUSD', 'XAUEUR'], first.rows, { nowUs: NOW + 5 });
  expect(again.rows).toEqual([]);
  expect(again.streams).toEqual(first.streams);
});

test('a symbol that a list misses keeps its streams, and nothing is asked for, until it is proved gone', () => {
  const first = changes(usual, ['EURUSD', 'XAUUSD'], []);
  const short = changes(usual, [], first.rows, { nowUs: NOW + 5, missing: ['EURUSD', 'XAUUSD'] });
  expect(short.rows).toEqual([]);
  expect(short.streams.map(streamId).toSorted()).toEqual(first.streams.map(streamId).toSorted());
  expect(short.unlisted).toEqual(new Set(['GONE', 'EURUSD', 'XAUUSD']));
  const gone = changes(usual, ['EURUSD'], first.rows, { nowUs: NOW + 9 });
  expect(gone.rows.map(({ symbol, ts_to }) => [symbol, ts_to])).toEqual(
    Array.from({ length: 3 }, () => ['XAUUSD', NOW + 9]),
  );
});

test('a stream that was recorded before it was written down begins with its recording', () => {
  const ticks = streamId({ stream: 'ticks', symbol: 'EURUSD', timeframe: null });
  const first = changes(usual, ['EURUSD'], [], { since: [[ticks, 77]] });
  expect(first.streams.find((key) => streamId(key) === ticks)?.sinceUs).toBe(77);
});

test('a symbol that is removed ends its streams, and begins anew when it comes back', () => {
  const first = changes(usual, ['EURUSD', 'XAUUSD'], []);
  const without = usual.replace('EURUSD, ', '');
  const ended = changes(without, ['EURUSD', 'XAUUSD'], first.rows, { nowUs: NOW + 100 });
  expect(ended.rows.map((row) => [row.symbol, row.ts, row.ts_to, row.reason !== null])).toEqual(
    Array.from({ length: 3 }, () => ['EURUSD', NOW, NOW + 100, true]),
  );
  expect(ended.streams.some(({ symbol }) => symbol === 'EURUSD')).toBe(false);
  const stored = [...first.rows.filter((row) => row.symbol !== 'EURUSD'), ...ended.rows];
  const ticks = streamId({ stream: 'ticks', symbol: 'EURUSD', timeframe: null });
  const back = changes(usual, ['EURUSD', 'XAUUSD'], stored, { nowUs: NOW + 200, since: [[ticks, 77]] });
  expect(back.rows.map((row) => [row.symbol, row.ts])).toEqual(
    Array.from({ length: 3 }, () => ['EURUSD', NOW + 200]),
  );
});

test('two beginnings of one stream, written by two planners at once, are one stream from the earlier one on', () => {
  const a = changes(usual, ['EURUSD'], [], { nowUs: NOW });
  const b = changes(usual, ['EURUSD'], [], { nowUs: NOW + 3 });
  const both = changes(usual, ['EURUSD'], [...b.rows, ...a.rows], { nowUs: NOW + 9 });
  expect(both.rows).toEqual([]);
  expect(both.streams.every(({ sinceUs }) => sinceUs === NOW)).toBe(true);
  expect(endedStreams([...a.rows, ...b.rows], NOW + 50).length).toBe(a.rows.length * 2);
});

test('another feed is another stream', () => {
  const first = changes(usual, ['EURUSD'], []);
  const renamed = usual.replace('symbols:', 'feed: other, symbols:');
  const next = changes(renamed, ['EURUSD'], first.rows, { nowUs: NOW + 10 });
  const ended = next.rows.filter((row) => row.ts_to !== null);
  const begun = next.rows.filter((row) => row.ts_to === null);
  expect(ended.every((row) => row.feed === 'icm' && row.symbol !== null)).toBe(true);
  expect(begun.every((row) => row.feed === 'other' && row.ts === NOW + 10)).toBe(true);
  expect(ended.length).toBe(begun.length);
});
