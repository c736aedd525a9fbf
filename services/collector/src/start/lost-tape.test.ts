// What a new tape goes on with where another account recorded the feed: its open gap is carried on only where no tape will end it.
import { Reader } from '@fxtape/questdb';
import { expect, test, vi } from 'vitest';
import { recall } from './lost-tape.ts';

const EURUSD = { stream: 'ticks' as const, symbol: 'EURUSD', timeframe: null };

test('a gap that the tape of another account will end is not carried on: the new one has its own, from where it begins', async () => {
  const reader = Object.create(Reader.prototype) as Reader;
  vi.spyOn(reader, 'latestTicks').mockResolvedValue(new Map());
  vi.spyOn(reader, 'maxTsRecv').mockResolvedValue(100);
  vi.spyOn(reader, 'accountedTo').mockResolvedValue([{ ...EURUSD, feed: 'market', ts_to: 60 }]);
  const gap = {
    ...EURUSD,
    gap_id: 'g',
    outage_id: 'o',
    account: 'old',
    feed: 'market',
    ts_from: 50,
    ts_to: null,
    cause: 'disconnect',
    state: 'open',
    rows_healed: null,
    missing_estimate: null,
    evidence: null,
    ts_updated: 50,
  };
  vi.spyOn(reader, 'gaps').mockResolvedValue([gap]);
  const { signal } = new AbortController();
  const told = async (...tapes: string[]) => {
    const of = { account: 'new', feed: 'market', others: new Map(), tapes: new Set(tapes) };
    return (await recall(reader, of, signal)).configured([EURUSD])[0];
  };
  expect(await told('new')).toMatchObject({ coveredToUs: 60, openGap: { id: 'g', fromUs: 50 } });
  expect(await told('new', 'old')).toMatchObject({ coveredToUs: 50, openGap: null });
});
