import { expect, test } from 'vitest';
import { emptyLedger, newStream } from './ledger-state.ts';
import { setAsideGaps } from './set-aside-gaps.ts';
import { type StreamKey, streamId } from './stream-key.ts';

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
