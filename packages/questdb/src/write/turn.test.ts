import { createLog, systemClock } from '@fxtape/ops';
import { expect, test } from 'vitest';
import { TableWriter } from './table-writer.ts';

const stored = { kind: 'stored' as const };
const row = { ts: 1_795_431_234_000_000, account: 'a', ts_recv: 1, kind: 'test', raw: '' };

test('a turn comes when a submit would be sent at once, and an abort ends the waiting for it', async () => {
  let nowMs = 1000;
  const timers: { fn: () => void; ms: number }[] = [];
  const clock = {
    ...systemClock(),
    monoMs: () => nowMs,
    setTimeout: (fn: () => void, ms: number) => {
      const timer = { fn, ms };
      timers.push(timer);
      return timer;
    },
    clearTimeout: (timer: object) => void timers.splice(timers.indexOf(timer as never), 1),
  };
  const http = { write: async () => stored, exec: async () => ({ columns: [], dataset: [] }) };
  const log = createLog({ service: 'test', level: 'silent' });
  const writer = new TableWriter({ http: http as never, log, clock, random: () => 0.5, commitEveryMs: 100 });
  const stop = new AbortController();
  await writer.turn('rejected', stop.signal);
  await writer.submit('rejected', [{ ...row, ts_recv: row.ts }]);
  nowMs += 30;
  const turn = writer.turn('rejected', stop.signal);
  expect(timers.map(({ ms }) => ms)).toEqual([70]);
  timers[0]?.fn();
  await turn;
  timers.length = 0;
  const ended = writer.turn('rejected', stop.signal);
  stop.abort();
  await ended;
  expect(timers).toEqual([]);
});
