// What `fxtape clock` says of a broker that moved, of one that is not settled, and of one that nobody has reached.
import type { AccountConfig } from '@fxtape/config';
import { clockOf } from '@fxtape/console';
import { expect, test } from 'vitest';
import { clockLines } from './render.ts';

const config = (rule = 'auto'): AccountConfig =>
  ({ name: 'icm', clock: { rule, replayed: false } }) as AccountConfig;
const MOVED = 'Europe/Athens until 2025-07-12T12:00Z then America/New_York+7h';
const EVIDENCE = {
  today: { at: '2026-11-18T15:00:02.000Z', utc_offset_s: 7200, source: 'ticks' },
  weeks: 115,
  rivals: [
    {
      rule: 'Europe/Athens',
      weeks_against: 5,
      weeks_for: 0,
      against: ['2025-10-25', '2026-03-07', '2026-03-14', '2026-03-21', '2026-10-24'],
      for: [],
    },
  ],
  contradicting_weeks: ['2025-12-27'],
  moves: [
    {
      from: 'Europe/Athens',
      to: 'America/New_York+7h',
      at: '2025-07-12T12:00:00.000Z',
      after: '2025-03-29T12:00:00.000Z',
      before: '2025-10-25T12:00:00.000Z',
    },
  ],
  settles: [],
};
const row = (o: object) => ({
  ts: 31_536_000_000_000,
  server: 'ICM-Demo',
  ts_decided: Date.UTC(2026, 10, 18, 15, 0, 10) * 1000,
  rule: 'America/New_York+7h',
  rule_id: 'America/New_York+7h',
  confidence: 'provisional',
  evidence: 'the gateway states a UTC offset of 7200 s today',
  ...o,
});
const moved = { rule_id: MOVED, confidence: 'inferred', evidence: JSON.stringify(EVIDENCE) };
const ROWS = [
  row({ ts_decided: Date.UTC(2026, 10, 18, 14, 59) * 1000 }),
  row({ ...moved, rule: 'Europe/Athens' }),
  row({ ...moved, ts: Date.UTC(2025, 6, 12, 12) * 1000 }),
];

test('a broker that moved: rule, evidence, validity, and what was decided before', () => {
  const clock = clockOf(config(), 'ICM-Demo', ROWS);
  expect(clock).toMatchObject({
    rule: MOVED,
    confidence: 'inferred',
    pieces: [
      { valid_from: null, rule: 'Europe/Athens' },
      { valid_from: '2025-07-12T12:00:00.000Z', rule: 'America/New_York+7h' },
    ],
    decisions: [{ rule: MOVED }, { rule: 'America/New_York+7h', confidence: 'provisional' }],
  });
  expect(clockLines([clock]).join('\n')).toBe(`icm on ICM-Demo
  rule        ${MOVED}
  confidence  inferred, decided 2026-11-18 15:00Z
  today       UTC+2h, seen on ticks 2026-11-18 15:00Z
  history     115 weeks of hourly bars
  not         Europe/Athens: 5 weeks against it (… 2026-03-07, 2026-03-14, 2026-03-21, 2026-10-24), 0 for it
  moved       from Europe/Athens to America/New_York+7h, after 2025-03-29 and before 2025-10-25
  unlike it   1 weeks (2025-12-27): mostly holidays
    valid from         rule
    the beginning      Europe/Athens
    2025-07-12 12:00Z  America/New_York+7h
  before
    decided            confidence   rule
    2026-11-18 14:59Z  provisional  America/New_York+7h`);
});

test('what would settle a provisional rule is said, and evidence of another release is shown as it stands', () => {
  const settles = ['the days from 2027-03-14 on, when America/New_York+7h and Europe/Athens differ'];
  const evidence = JSON.stringify({ ...EVIDENCE, today: null, moves: [], contradicting_weeks: [], settles });
  const lines = clockLines([clockOf(config(), 'ICM-Demo', [row({ evidence })])]);
  expect(lines).toContain(`  to settle   ${settles[0]}`);
  expect(lines).toContain('  today       unknown');
  expect(clockLines([clockOf(config(), 'ICM-Demo', ROWS.slice(0, 1))])).toContain(
    '  evidence    the gateway states a UTC offset of 7200 s today',
  );
});

test('a rule of the configuration is shown before the scheduler has written it down, and an account that is new', () => {
  const configured = clockOf(config('UTC+3h'), 'ICM-Demo', ROWS);
  expect(configured).toMatchObject({
    rule: 'UTC+3h',
    confidence: 'configured',
    decided_at: null,
    evidence: null,
  });
  const lines = clockLines([configured, clockOf(config(), null, [])]);
  expect(lines).toContain('  confidence  configured, not written down yet');
  expect(lines.at(-1)).toContain('no rule is decided yet');
});
