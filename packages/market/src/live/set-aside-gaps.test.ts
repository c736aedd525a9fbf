import { expect, test } from 'vitest';
import { emptyLedger, newStream } from './ledger-state.ts';
import { setAsideGaps } from './set-aside-gaps.ts';
import { type StreamKey, streamId } from '../tables/stream-key.ts';

const ticks = (symbol: string): StreamKey => ({ stream: 'ticks', symbol, timeframe: null });

test('each stream that was configured when it began, or is when it was decided, has one gap', () => {
  const ledger = emptyLedger();
  for (const key of [ticks('EURUSD'), ticks('XAUUSD')]) ledger.streams.set(streamId(key), newStream(key));
  const stretch = {
    kind: 'set_aside' as const,
    fromUs: 5,
    toUs: 9,
    from: { utcUs: 4 },
    to: { utcUs: 10 },
    reason: 'no clock agreed',
  };
  const told = (ruling: Parameters<typeof setAsideGaps>[0]) =>
    setAsideGaps(ruling, ledger, { account: 'demo', tsRecv: 12 }).map(({ key }) => key.symbol);
  expect(told({ ...stretch, streams: [ticks('BTCUSD'), ticks('EURUSD')] })).toEqual([
    'BTCUSD',
    'EURUSD',
    'XAUUSD',
  ]);
  expect(told(stretch)).toEqual(['EURUSD', 'XAUUSD']);
});

test('a decision that says what was recorded is taken at its word: a gap for each feed, and one id for each gap', () => {
  const ledger = emptyLedger();
  ledger.streams.set(streamId(ticks('XAUUSD')), newStream(ticks('XAUUSD')));
  const deals: StreamKey = { stream: 'deals', symbol: null, timeframe: null };
  const gaps = setAsideGaps(
    {
      kind: 'set_aside',
      fromUs: 5,
      toUs: 9,
      from: { utcUs: 4 },
      to: { utcUs: 10 },
      reason: 'no clock agreed',
      recorded: [
        { fromUs: 5, feed: 'old', streams: [ticks('EURUSD'), deals] },
        { fromUs: 6, feed: 'old', streams: [deals] },
        { fromUs: 7, feed: 'new', streams: [ticks('EURUSD'), ticks('GBPUSD'), deals] },
        { fromUs: 8, feed: 'old', streams: [ticks('EURUSD')] },
      ],
    },
    ledger,
    { account: 'demo', tsRecv: 12 },
  );
  expect(gaps.map(({ feed, gap, key }) => [feed, key.symbol, gap.id, gap.outageId])).toEqual([
    ['old', 'EURUSD', 'demo-5-ticks.EURUSD.aside', 'demo-5'],
    ['old', null, 'demo-5-deals.aside', 'demo-5'],
    ['new', 'EURUSD', 'demo-7-ticks.EURUSD.aside', 'demo-5'],
    ['new', 'GBPUSD', 'demo-7-ticks.GBPUSD.aside', 'demo-5'],
  ]);
});
