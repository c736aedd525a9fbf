// What the planner asks the database on its own: ranges that history was refused for, and days that were compared.
import { systemClock } from '@fxtape/ops';
import type { RowInput } from '@fxtape/market';
import { migrate, PlanningReader, QuestDbHttp, TableWriter } from '@fxtape/questdb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshPrefix, quietLog } from './jobs-harness.ts';
import { ownQuestDb } from '../own-servers.ts';

const clock = systemClock();
const account = freshPrefix();
let http: QuestDbHttp;
let reader: PlanningReader;
let writer: TableWriter;

beforeAll(async () => {
  http = new QuestDbHttp({ conf: ownQuestDb().conf });
  await migrate({ client: http, log: quietLog() });
  reader = new PlanningReader({ http, clock });
  writer = new TableWriter({ http, log: quietLog(), clock, random: Math.random });
});
afterAll(() => writer?.close());

const HOUR = 3_600_000_000;
const START = Date.UTC(2026, 5, 24) * 1000;

const gap = (o: Partial<RowInput<'gap_events'>>): RowInput<'gap_events'> => ({
  ts: START,
  gap_id: 'g',
  writer: 'backfill',
  account,
  stream: 'bars',
  symbol: 'US 500',
  timeframe: 'M1',
  event: 'opened',
  ts_from: START,
  ts_to: START + HOUR,
  cause: 'refused',
  state: 'open',
  ...o,
});

test('a refusal is known with its first and its last moment, until it is healed', async () => {
  await writer.submit('gap_events', [
    gap({ gap_id: `${account}-1`, ts: START + HOUR }),
    gap({ gap_id: `${account}-1`, ts: START + 3 * HOUR, event: 'state' }),
    gap({
      gap_id: `${account}-2`,
      cause: 'rejected',
      stream: 'ticks',
      timeframe: null,
      state: 'unrecoverable',
    }),
    gap({ gap_id: `${account}-3` }),
    gap({ gap_id: `${account}-3`, ts: START + 1, state: 'healed' }),
    gap({ gap_id: `${account}-4`, cause: 'disconnect' }),
    gap({ gap_id: `${account}-5`, ts_to: null }),
    gap({ gap_id: `${account}-6`, account: `${account}-other` }),
  ]);
  const found = await reader.refusals(account, { waitMs: 10_000 });
  const common = { feed: null, symbol: 'US 500', ts_from: START, ts_to: START + HOUR };
  expect(found.toSorted((a, b) => (a.gap_id < b.gap_id ? -1 : 1))).toEqual([
    {
      ...common,
      gap_id: `${account}-1`,
      stream: 'bars',
      timeframe: 'M1',
      ts: START + HOUR,
      ts_updated: START + 3 * HOUR,
    },
    { ...common, gap_id: `${account}-2`, stream: 'ticks', timeframe: null, ts: START, ts_updated: START },
  ]);
});

test('days of a feed that are more than pending', async () => {
  const day = (ts: number, symbol: string, condition: string) => ({ ts, feed: account, symbol, condition });
  await writer.submit('daily_quality', [
    day(START, 'EURUSD', 'available'),
    day(START + 24 * HOUR, 'EURUSD', 'pending'),
    day(START, "O'Neil", 'degraded'),
    day(START - 100 * 24 * HOUR, 'EURUSD', 'available'),
  ]);
  const found = await reader.comparedDays(account, START - HOUR, { waitMs: 10_000 });
  expect(found.toSorted((a, b) => (a.symbol < b.symbol ? -1 : 1))).toEqual([
    { symbol: 'EURUSD', ts: START },
    { symbol: "O'Neil", ts: START },
  ]);
});
