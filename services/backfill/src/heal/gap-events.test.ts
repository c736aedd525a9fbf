import { describe, expect, it } from 'vitest';
import { endEvents, evidenceText } from './gap-events.ts';
import type { OpenGap } from './open-gap.ts';

const gap: OpenGap = {
  id: 'one-1-ticks.EURUSD',
  outageId: 'one-1',
  account: 'one',
  feed: 'icm',
  symbol: 'EURUSD',
  stream: 'ticks',
  timeframe: null,
  cause: 'disconnect',
  evidence: 'closed with 1006',
  missingEstimate: null,
  updatedUs: 50,
  fromUs: 1000,
  toUs: 2000,
};
const facts = { rowsHealed: 3, missingEstimate: null, evidence: { reason: 'history_agrees' } };

describe('endEvents', () => {
  it('writes the whole picture, and keeps what was known of the beginning', () => {
    const [row, ...more] = endEvents(gap, { state: 'healed', proved: gap, ...facts }, 77);
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      ts: 77,
      gap_id: gap.id,
      writer: 'backfill',
      outage_id: 'one-1',
      event: 'state',
      ts_from: 1000,
      ts_to: 2000,
      cause: 'disconnect',
      state: 'healed',
      rows_healed: 3,
    });
    expect(JSON.parse(row?.evidence ?? '')).toEqual({ reason: 'history_agrees', opened: 'closed with 1006' });
  });

  it('narrows the gap to what was proved, and leaves the rests open under the same outage', () => {
    const proved = { fromUs: 1200, toUs: 1700 };
    const rows = endEvents(gap, { state: 'healed', proved, ...facts }, 77);
    expect(rows.map((row) => [row.gap_id, row.ts_from, row.ts_to, row.state])).toEqual([
      [`${gap.id}.r1`, 1000, 1200, 'open'],
      [`${gap.id}.r2`, 1700, 2000, 'open'],
      [gap.id, 1200, 1700, 'healed'],
    ]);
    expect(new Set(rows.map((row) => row.outage_id))).toEqual(new Set(['one-1']));
    expect(rows[0]?.evidence).toBe('closed with 1006');
  });
});

describe('evidenceText', () => {
  it('carries the beginning through any number of events', () => {
    const once = evidenceText({ reason: 'healing' }, 'closed with 1006');
    expect(JSON.parse(evidenceText({ reason: 'healed' }, once))).toEqual({
      reason: 'healed',
      opened: 'closed with 1006',
    });
    expect(JSON.parse(evidenceText({ reason: 'x' }, null))).toEqual({ reason: 'x' });
    expect(JSON.parse(evidenceText({ reason: 'x' }, '{"stored":1}'))).toEqual({
      reason: 'x',
      opened: { stored: 1 },
    });
  });
});
