import { FxtapeError } from '@fxtape/ops';
import { describe, expect, test } from 'vitest';
import { readinessOf } from './readiness.ts';
import { sampleAccount, sampleState, sampleStream } from './sample-state.ts';

const refused = new FxtapeError({
  code: 'QDB_UNREACHABLE',
  kind: 'transient',
  message: 'nobody listens',
  hint: 'Start it',
});
const sender = {
  cursorTsRecv: null,
  answeredTsRecv: null,
  appliedTsRecv: null,
  lagMs: null,
  backlogLines: null,
};

describe('readiness', () => {
  test('all live', () => {
    expect(readinessOf(sampleState(), 'answers')).toEqual({ ready: true, reasons: [], remarks: [] });
  });

  test('a symbol that the broker does not list is a remark', () => {
    const account = sampleAccount({
      streams: [sampleStream(), sampleStream({ symbol: 'NOPE', phase: 'unlisted' })],
    });
    expect(readinessOf(sampleState(account), 'answers')).toEqual({
      ready: true,
      reasons: [],
      remarks: ['demo: the broker does not list NOPE ticks'],
    });
  });

  test.for([
    [
      'a stream that waits',
      { streams: [sampleStream({ phase: 'pending' })] },
      'demo: not live yet: EURUSD ticks',
    ],
    [
      'a stream that is refused',
      { streams: [sampleStream({ stream: 'bars', timeframe: 'M1', phase: 'failed' })] },
      'demo: the gateway refuses EURUSD bars M1',
    ],
    [
      'a session that is down, said once',
      { phase: 'backing_off', reason: 'refused with 503', streams: [sampleStream({ phase: 'pending' })] },
      'demo: backing_off (refused with 503)',
    ],
    ['a wrong clock', { phase: 'clock_conflict', reason: null }, 'demo: clock_conflict'],
    ['no stream yet', { streams: [] }, 'demo: no stream is known yet'],
    [
      'rows that do not arrive',
      { sender: { ...sender, phase: 'refused', code: 'SCHEMA_MISMATCH', message: 'no column x' } },
      'demo: rows do not reach QuestDB: SCHEMA_MISMATCH (no column x)',
    ],
  ] as const)('%s', ([, change, reason]) => {
    const report = readinessOf(sampleState(sampleAccount(change as object)), 'answers');
    expect(report).toMatchObject({ ready: false, reasons: [reason] });
  });

  test('many waiting streams are counted', () => {
    const streams = Array.from({ length: 30 }, (_, i) => sampleStream({ symbol: `S${i}`, phase: 'pending' }));
    const { reasons } = readinessOf(sampleState(sampleAccount({ streams })), 'answers');
    expect(reasons).toEqual([
      'demo: not live yet: S0 ticks, S1 ticks, S2 ticks, S3 ticks, S4 ticks and 25 more',
    ]);
  });

  test('one account of two that is down fails the whole', () => {
    const state = sampleState(sampleAccount(), sampleAccount({ account: 'b', phase: 'stalled' }));
    expect(readinessOf(state, 'answers').reasons).toEqual(['b: stalled']);
  });

  test('neither collector nor QuestDB', () => {
    const gone = new FxtapeError({
      code: 'COLLECTOR_NOT_RUNNING',
      kind: 'transient',
      message: 'the collector is not running',
      hint: '',
    });
    expect(readinessOf(gone, refused).reasons).toEqual([
      'QuestDB: nobody listens',
      'the collector is not running',
    ]);
  });

  test('no account at all is not ready', () => {
    expect(readinessOf({ ...sampleState(), accounts: [] }, 'answers').ready).toBe(false);
  });
});
