import type { Cell } from './exec-answer.ts';
import { expect, test, vi } from 'vitest';
import { AppliedWatch } from './applied-watch.ts';
import { quickClock } from '../../testing/quick-clock.ts';
import { requireSettled } from './settled-tables.ts';

const clock = quickClock();

/** A database whose tables are as the last entry of `states` says; a string is the code of an error. */
function database(
  states: ([name: string, suspended: boolean, writer: number, sequencer: number][] | string)[],
) {
  let asked = 0;
  return {
    exec: async () => {
      const state = states[Math.min(asked++, states.length - 1)] ?? [];
      if (typeof state === 'string') throw Object.assign(new Error(state), { code: state });
      const names = ['name', 'suspended', 'writerTxn', 'sequencerTxn', 'errorTag', 'errorMessage'];
      const dataset: Cell[][] = state.map(([name, suspended, writer, sequencer]) => [
        name,
        suspended,
        String(writer),
        String(sequencer),
        '',
        suspended ? 'disk full' : '',
      ]);
      return { columns: names.map((name) => ({ name, type: 'STRING' })), dataset };
    },
  };
}

test('waits until every table has passed its token, and only for that', async () => {
  const onState = vi.fn();
  const http = database([
    [
      ['a', false, 3, 9],
      ['b', false, 1, 2],
    ],
    [
      ['a', false, 5, 9],
      ['b', false, 1, 2],
    ],
    'QDB_UNREACHABLE',
    [
      ['a', true, 5, 9],
      ['b', false, 1, 2],
    ],
    [
      ['a', false, 5, 9],
      ['b', true, 1, 2],
    ],
    [
      ['a', false, 6, 20],
      ['b', false, 2, 3],
    ],
  ]);
  const watch = new AppliedWatch({ http, clock, onState });
  await watch.waitApplied({ a: 5, b: 2 });
  expect(onState.mock.calls.map(([state]) => state.phase)).toEqual([
    'waiting',
    'unreachable',
    'waiting',
    'suspended',
    'idle',
  ]);
});

test('a table that is missing is waited for, visibly', async () => {
  const watch = new AppliedWatch({ http: database([[]]), clock });
  const abort = new AbortController();
  const waiting = watch.waitApplied({ a: 1 }, { signal: abort.signal });
  await vi.waitFor(() => expect(watch.state).toMatchObject({ phase: 'unreachable', code: 'QDB_NO_TABLE' }));
  abort.abort(new Error('enough'));
  await expect(waiting).rejects.toThrow('enough');
  expect(watch.state.phase).toBe('idle');
  await expect(watch.token('a')).rejects.toMatchObject({ code: 'QDB_NO_TABLE' });
});

test('a token is the end of the log', async () => {
  const watch = new AppliedWatch({ http: database([[['a', true, 1, 7]]]), clock });
  expect(await watch.token('a')).toBe(7);
});

test('a decision waits for what was in the log when it was asked, not for what comes after', async () => {
  await requireSettled(database([[['a', false, 1, 3]], [['a', false, 2, 5]], [['a', false, 3, 9]]]), clock, [
    'a',
  ]);
});

test.each([
  ['lags', [['a', false, 1, 2]], 'QDB_NOT_APPLIED'],
  ['is suspended', [['a', true, 2, 2]], 'QDB_SUSPENDED'],
  ['is missing', [], 'QDB_NO_TABLE'],
] as const)('no decision on a table that %s', async (_what, state, code) => {
  const http = database([state.map((table) => [...table])]);
  await expect(requireSettled(http, clock, ['a'], { waitMs: 0 })).rejects.toMatchObject({
    code,
    kind: 'transient',
  });
});

test('fifty waiters look together: one query at a time, none older than its question', async () => {
  let running = 0;
  let queries = 0;
  let applied = 0;
  const http = {
    exec: async (sql: string) => {
      expect(++running).toBe(1);
      queries++;
      const [writer] = [applied];
      await new Promise((resolve) => setTimeout(resolve, 2));
      running--;
      const names = ['a', 'b'].filter((name) => sql.includes(`'${name}'`));
      return database([names.map((name) => [name, false, writer, 2])]).exec();
    },
  };
  const watch = new AppliedWatch({ http, clock });
  const leaving = new AbortController();
  const left = watch.waitApplied({ a: 2 }, { signal: leaving.signal });
  const waiters = Array.from({ length: 50 }, (_, i) => watch.waitApplied({ [i % 2 === 0 ? 'a' : 'b']: 2 }));
  await new Promise((resolve) => setTimeout(resolve, 10));
  leaving.abort(new Error('left'));
  await expect(left).rejects.toThrow('left');
  applied = 2;
  await Promise.all(waiters);
  expect(queries).toBeLessThan(50);
  expect(watch.state.phase).toBe('idle');
});
