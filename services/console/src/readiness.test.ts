import { FxtapeError } from '@fxtape/ops';
import { describe, expect, test } from 'vitest';
import { readinessOf } from './readiness.ts';
import { sampleAccount, sampleState } from '../testing/sample-state.ts';

const refused = new FxtapeError({
  code: 'QDB_UNREACHABLE',
  message: 'nobody listens',
  hint: 'Start it',
});
describe('readiness', () => {
  test('all live', () => {
    expect(readinessOf(sampleState(), 'answers')).toEqual({ ready: true, reasons: [], remarks: [] });
  });

  test('reasons and remarks are those of the accounts, with their names', () => {
    const state = sampleState(
      sampleAccount({ remarks: ['the broker does not list NOPE ticks'] }),
      sampleAccount({ account: 'b', ready: false, reasons: ['stalled', 'behind (rows are late)'] }),
    );
    expect(readinessOf(state, 'answers')).toEqual({
      ready: false,
      reasons: ['b: stalled', 'b: behind (rows are late)'],
      remarks: ['demo: the broker does not list NOPE ticks'],
    });
  });

  test('neither collector nor QuestDB', () => {
    const gone = new FxtapeError({
      code: 'COLLECTOR_NOT_RUNNING',
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
