import { topicShapes } from '@fxtape/fxsocket';
import { expect, test } from 'vitest';
import { KINDS } from './kinds.ts';
import { STREAMED, tableDef } from './tables.ts';

const NEEDS = { account: [], symbol: ['symbol'], timeframe: ['symbol', 'timeframe'] };

test.each(STREAMED)('$stream: its topic, its table and its row say the same', (kind) => {
  const { per, topic } = KINDS[kind.stream];
  expect(topicShapes[topic].needs).toEqual(NEEDS[per]);
  const columns = tableDef(kind.table).columns.map(({ name }) => name);
  expect(columns).toContain(kind.by);
  expect(columns.includes('utc_offset_s')).toBe(kind.clock !== null);
  expect(columns).toContain(kind.clock ?? 'ts');
  // A time of the broker is no time of receipt: both have to be there.
  if (kind.clock === 'ts') expect(kind.received).toBe('ts_recv');
});
