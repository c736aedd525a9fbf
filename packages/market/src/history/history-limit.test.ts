import { expect, test } from 'vitest';
import { limitEvidence, nextCheckUs } from './history-limit.ts';

const DAY = 86_400_000_000;
const TS = 1_790_000_000_000_000;
const after = (looks: number, rows = 'after') => ({ ts: TS, evidence: JSON.stringify({ rows, looks }) });

test('a beginning is looked at again at once when it was contradicted, else after a day and after a week, and then no more', () => {
  expect([0, 1, 2, 3, 9].map((looks) => nextCheckUs(after(looks)))).toEqual([
    TS,
    TS + DAY,
    TS + 7 * DAY,
    null,
    null,
  ]);
});

test('what an older release wrote, or somebody by hand, was looked at once', () => {
  const old = { asked_down_to: '1971', empty_from_us: 1, rule: 'UTC' };
  for (const evidence of [JSON.stringify(old), 'seen in the terminal', '', 'null', '[]', null, undefined])
    expect(limitEvidence(evidence)).toEqual({ rows: 'after', checks: 1 });
  expect(limitEvidence('{"rows":"none","looks":-3}')).toEqual({ rows: 'none', checks: 1 });
  expect(limitEvidence(after(2, 'none').evidence)).toEqual({ rows: 'none', checks: 2 });
});
