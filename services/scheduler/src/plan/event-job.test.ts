import { parseClockRule } from '@fxtape/market';
import { expect, test } from 'vitest';
import { eventJob } from './event-job.ts';

const rule = parseClockRule('America/New_York+7h');
const whose = { account: 'icm', feed: 'icm' };
const at = (text: string): number => Date.parse(`${text}Z`) * 1000;
const range = (timeframe: string, open: string, claimedTo: string | null = null) => {
  const bar = { symbol: 'EURUSD', timeframe, ts: at(open) };
  const job = eventJob(whose, bar, rule, claimedTo === null ? null : at(claimedTo));
  if (job?.name !== 'bars') return null;
  const text = (us: number) => new Date(us / 1000).toISOString().slice(0, 19);
  expect(job.payload.why).toBe('event');
  return [text(job.payload.fromUs), text(job.payload.toUs)];
};

test('the last three bars and a minute of the next one', () => {
  expect(range('M1', '2026-06-24T12:00:00')).toEqual(['2026-06-24T11:58:00', '2026-06-24T12:02:00']);
  expect(range('H4', '2026-06-24T05:00:00')).toEqual(['2026-06-23T21:00:00', '2026-06-24T09:01:00']);
  expect(range('MN1', '2026-04-30T21:00:00')).toEqual(['2026-02-28T22:00:00', '2026-05-31T21:01:00']);
});

test('days over a switch of the clock begin at the broker’s midnights', () => {
  expect(range('D1', '2026-03-08T21:00:00')).toEqual(['2026-03-06T22:00:00', '2026-03-09T21:01:00']);
});

test('from where the claims end, when that is not long ago', () => {
  expect(range('M1', '2026-06-24T12:00:00', '2026-06-24T11:50:00')?.[0]).toBe('2026-06-24T11:50:00');
  expect(range('M1', '2026-06-24T12:00:00', '2026-06-24T12:00:00')?.[0]).toBe('2026-06-24T11:58:00');
  expect(range('M1', '2026-06-24T12:00:00', '2026-06-20T00:00:00')?.[0]).toBe('2026-06-24T11:58:00');
});

test('no read for what is no timeframe', () => {
  expect(range('M2', '2026-06-24T12:00:00')).toBeNull();
});
