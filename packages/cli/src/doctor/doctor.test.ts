import { FxSocketError } from '@fxtape/fxsocket';
import { FxtapeError } from '@fxtape/ops';
import { expect, test } from 'vitest';
import { failed, failedBy, ok, warning } from './check.ts';
import { clockCheck, type ClockFacts } from './clock.ts';
import { judgeRoom } from './disk.ts';
import { appliedCheck } from './questdb.ts';
import { checkLines } from './render.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const clock = (over: Partial<ClockFacts>): ClockFacts => ({
  name: 'clock',
  configured: { rule: 'auto', replayed: false },
  onTape: null,
  statedS: 7200,
  serverTime: '2026-11-23T14:00:00.000Z',
  nowMs: NOW,
  ...over,
});

test.for([
  ['the default rule', {}, 'ok', null],
  ['a configured rule that fits', { configured: { rule: 'Europe/Athens', replayed: false } }, 'ok', null],
  ['one that does not', { configured: { rule: 'UTC+3h', replayed: false } }, 'failed', 'CLOCK_CONFLICT'],
  ['a tape whose rule does not fit any more', { onTape: 'UTC+3h' }, 'failed', 'CLOCK_CONFLICT'],
  ['a bare offset', { statedS: 19_800, serverTime: '2026-11-23T17:30:00Z' }, 'warning', null],
  ['what is no offset', { statedS: 1_782_000_000 }, 'warning', null],
  ['an offset that is a little off', { statedS: 7230 }, 'ok', null],
  ['an old day', { serverTime: '2020-01-02T14:00:00.000Z' }, 'failed', 'CLOCK_CONFLICT'],
  [
    'an old day that is meant',
    { serverTime: '2020-01-02T14:00:00.000Z', configured: { rule: 'auto', replayed: true } },
    'ok',
    null,
  ],
  ['a time that cannot be read', { serverTime: 'soon' }, 'ok', null],
] as const)('clock: %s', ([, over, state, code]) => {
  expect(clockCheck(clock(over))).toMatchObject({ state, code });
});

test.for([
  [0.9e9, 'failed'],
  [5e9, 'warning'],
  [50e9, 'ok'],
] as const)('%d bytes free', ([free, state]) => {
  expect(judgeRoom('./data', free, 100e9).state).toBe(state);
});

test('a suspended table fails, a lagging one warns, a moment of lag is normal', () => {
  const wal = { name: 'ticks', suspended: false, writerTxn: 10, sequencerTxn: 12, errorMessage: null };
  expect(appliedCheck([wal]).state).toBe('ok');
  expect(appliedCheck([{ ...wal, sequencerTxn: 500 }])).toMatchObject({ state: 'warning' });
  expect(appliedCheck([{ ...wal, suspended: true, errorMessage: 'DISK FULL' }])).toMatchObject({
    state: 'failed',
    code: 'QDB_SUSPENDED',
    facts: ['ticks is suspended (DISK FULL)'],
    todo: expect.stringContaining('ALTER TABLE ticks RESUME WAL;'),
  });
});

test('known errors become failed checks, others are thrown on', () => {
  const ours = new FxtapeError({ code: 'QDB_SQL', message: 'no', hint: 'Do' });
  expect(failedBy('a', ours)).toMatchObject({ code: 'QDB_SQL', facts: ['no'], todo: 'Do' });
  const theirs = new FxSocketError({ code: 'FXSOCKET_UNAUTHORIZED', message: '/accounts answered HTTP 401' });
  expect(failedBy('a', theirs)).toMatchObject({
    code: 'FXSOCKET_UNAUTHORIZED',
    todo: expect.stringContaining('key'),
  });
  expect(() => failedBy('a', new TypeError('defect'))).toThrow('defect');
});

test('the page', () => {
  const checks = [
    ok('disk', 'much', 'free'),
    warning('key A', ['can trade'], 'Use another'),
    failed('rows', ['x'], 'Wait', 'Y'),
  ];
  expect(checkLines(checks).join('\n')).toMatchInlineSnapshot(`
    "ok       disk   much; free
    WARNING  key A  can trade
                    → Use another
    FAILED   rows   Y: x
                    → Wait

    1 check of 3 failed, 1 warning."
  `);
  expect(checkLines([ok('disk')]).at(-1)).toBe('1 check passed.');
});
