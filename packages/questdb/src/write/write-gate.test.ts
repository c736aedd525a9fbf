// The gate: rows in hand when somebody pauses are dropped, even when the pause was over before the next query; an answer that is too old
// permits nothing.
import { type Clock, createLog } from '@fxtape/ops';
import { afterEach, expect, test } from 'vitest';
import { WriteGate } from './write-gate.ts';

const log = createLog({ service: 'test', level: 'silent' });
const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

/** Time moves only when somebody waits for it. */
function rig() {
  let now = 1_000_000;
  const clock: Clock = {
    nowMs: () => now,
    nowUs: () => now * 1000,
    monoMs: () => now,
    setTimeout: (fn, ms) => setImmediate(() => ((now += ms), fn())),
    clearTimeout: (timer) => clearImmediate(timer as NodeJS.Immediate),
  };
  const rows: (string | number)[][] = [];
  const server = { away: false };
  const http = {
    exec: async () => {
      if (server.away) throw new Error('away');
      const columns = ['apply_id', 'server', 'step', 'rule_id', 'us'].map((name) => ({ name, type: '' }));
      return { columns, dataset: rows };
    },
  };
  const gate = new WriteGate({ http, clock, log });
  const stop = new AbortController();
  stops.push(stop);
  gate.watch(stop.signal);
  const seconds = async (n: number): Promise<void> => {
    const until = now + n * 1000;
    while (now < until) await new Promise((resolve) => setImmediate(resolve));
  };
  return { gate, rows, seconds, server, signal: stop.signal };
}

test('nothing is written before the first query, and during a pause', async () => {
  const { gate, rows, seconds, signal } = rig();
  expect(gate.check()).toMatchObject({ kind: 'failed', code: 'QDB_UNREACHABLE' });
  const permit = await gate.enter(signal);
  expect(gate.check()).toBeNull();
  rows.push(['a', 'S', 'paused', 'UTC', 1]);
  await seconds(3);
  expect(permit.signal.aborted).toBe(true);
  expect(gate.check()).toMatchObject({ code: 'CLOCK_APPLY_UNDER_WAY' });
  expect(gate.paused?.message).toContain('(a,');
  let entered = false;
  const next = gate.enter(signal).then((given) => {
    entered = true;
    return given;
  });
  await seconds(20);
  expect(entered).toBe(false);
  rows.push(['a', 'S', 'applied', 'UTC', 2]);
  const after = await next;
  expect(after.applied.get('S')).toEqual({ applyId: 'a', rule: 'UTC', us: 2 });
  expect([after.signal.aborted, gate.check()]).toEqual([false, null]);
});

test('a pause that was over before the next query ends the permit all the same', async () => {
  const { gate, rows, seconds, signal } = rig();
  const permit = await gate.enter(signal);
  rows.push(['a', 'S', 'paused', 'UTC', 1], ['a', 'S', 'abandoned', 'UTC', 2]);
  await seconds(3);
  expect(permit.signal.aborted).toBe(true);
  const next = await gate.enter(signal);
  expect([next.signal.aborted, next.applied.size]).toEqual([false, 0]);
});

test('an answer that is too old permits nothing, and what waited goes on when nobody paused', async () => {
  const { gate, seconds, server, signal } = rig();
  const permit = await gate.enter(signal);
  server.away = true;
  await seconds(8);
  expect(gate.check()).toMatchObject({ code: 'QDB_UNREACHABLE' });
  server.away = false;
  await seconds(3);
  expect([permit.signal.aborted, gate.check()]).toEqual([false, null]);
});

test('a pause lasts until the correction that paused ends it, whatever another one says', async () => {
  const { gate, rows, seconds, signal } = rig();
  await gate.enter(signal);
  rows.push(['a', 'S', 'begun', 'UTC', 1], ['a', 'S', 'paused', 'UTC', 2]);
  await seconds(3);
  expect(gate.paused?.message).toContain('(a,');
  rows.push(['b', 'S', 'begun', 'UTC', 3], ['b', 'S', 'paused', 'UTC', 4], ['b', 'S', 'abandoned', 'UTC', 5]);
  await seconds(3);
  expect(gate.paused?.message).toContain('(a,');
  rows.push(['a', 'S', 'applied', 'UTC', 6]);
  await seconds(3);
  expect(gate.paused).toBeNull();
});
