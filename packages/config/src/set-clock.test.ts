import { expect, test } from 'vitest';
import { parseConfig } from './parse.ts';
import { setClock } from './set-clock.ts';

const ID = '0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f';
const MOVED = 'Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h';
const file = (clock: string): string =>
  `# ours
accounts:
  - name: icm # the first
    id: ${ID}
    market_data: { symbols: [EURUSD, "XAU*"] }
${clock}  - { name: other, id: 1f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f, account_data: [deals], market_data: false }
retention: { tape: 30d } # a month
`;

test.each([
  ['none', '', { rule: MOVED, replayed: false }],
  ['auto', '    clock: auto\n', { rule: MOVED, replayed: false }],
  ['another rule', '    clock: "UTC+3h" # by hand\n', { rule: MOVED, replayed: false }],
  ['replayed', '    clock: replayed\n', { rule: MOVED, replayed: true }],
  [
    'a mapping of its own lines',
    '    clock:\n      rule: auto\n      replayed: true\n',
    { rule: MOVED, replayed: true },
  ],
  ['a mapping', '    clock: { rule: auto, replayed: true }\n', { rule: MOVED, replayed: true }],
])('of %s, and everything else stays', (_, clock, expected) => {
  const before = file(clock);
  const text = setClock(before, { path: 'f', account: 'icm', rule: MOVED });
  const [icm, other] = parseConfig(text, 'f').accounts;
  expect(icm?.clock).toEqual(expected);
  expect(other).toEqual(parseConfig(before, 'f').accounts[1]);
  const kept = (of: string): string[] =>
    of.split('\n').filter((line) => !/clock:|rule:|^ +replayed: true$/.test(line));
  expect(kept(text)).toEqual(kept(before));
  expect(setClock(text, { path: 'f', account: 'icm', rule: MOVED })).toBe(text);
});

test('of an account that is written on one line', () => {
  const text = setClock(file(''), { path: 'f', account: 'other', rule: 'UTC+2h' });
  expect(text).toBe(file('').replace('name: other,', 'name: other, clock: "UTC+2h",'));
});

test('of an account that stands elsewhere too is refused', () => {
  const text = `accounts:\n  - &a { name: icm, id: ${ID}, market_data: false, account_data: [deals] }\n  - { <<: *a, name: other }\n`;
  expect(() => setClock(text, { path: 'f', account: 'other', rule: 'UTC' })).toThrow();
});

test('of an account that is not there', () => {
  expect(() => setClock(file(''), { path: 'f', account: 'nobody', rule: 'UTC' })).toThrow(
    expect.objectContaining({ code: 'ACCOUNT_UNKNOWN' }),
  );
});
