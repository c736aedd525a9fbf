import { expect, test } from 'vitest';
import { matchAccount } from './match-account.ts';

const rows = [
  { id: 'A1', server: 'ICMarkets-Demo', nickname: 'eval-1' },
  { id: 'B2', server: 'ICMarkets-Live', nickname: null },
  { id: 'C3', server: 'Other-Demo' },
];

test('by id, whatever the case of its letters', () => {
  expect(matchAccount({ id: 'b2', match: null }, rows)).toBe(rows[1]);
  expect(matchAccount({ id: 'D4', match: null }, rows)).toBeUndefined();
});

test('by globs over server and nickname, the first that fits', () => {
  expect(matchAccount({ id: null, match: { server: 'ICM*' } }, rows)).toBe(rows[0]);
  expect(matchAccount({ id: null, match: { server: 'ICM*Live', nickname: '*' } }, rows)).toBe(rows[1]);
  expect(matchAccount({ id: null, match: { nickname: 'eval-?' } }, rows)).toBe(rows[0]);
  expect(matchAccount({ id: null, match: { server: 'icm*' } }, rows)).toBeUndefined();
});
