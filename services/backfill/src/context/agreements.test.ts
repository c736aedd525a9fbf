import { expect, test } from 'vitest';
import { Agreements, digestRows } from './agreements.ts';

test('two answers in a row must agree; each disagreement waits longer', () => {
  const agreements = new Agreements();
  expect(agreements.isFirstUse('s')).toBe(true);
  const waits = ['1', '2', '3', '3'].map((digest) => agreements.answered('s', 'q', digest));
  expect(waits).toEqual([200, 400, 800, null]);
  expect(agreements.isFirstUse('s')).toBe(false);
  expect(agreements.isFirstUse('other')).toBe(true);
});

test('an answer agrees with the one before, never with an older one', () => {
  const agreements = new Agreements();
  const waits = ['1', '2', '1', '1'].map((digest) => agreements.answered('s', 'q', digest));
  expect(waits.map((wait) => wait === null)).toEqual([false, false, false, true]);
});

test('answers to different questions say nothing about each other', () => {
  const agreements = new Agreements();
  expect(agreements.answered('s', 'q1', '1')).not.toBeNull();
  expect(agreements.answered('s', 'q2', '1')).not.toBeNull();
  expect(agreements.answered('t', 'q1', '1')).not.toBeNull();
});

test('waits have an end, and so has what is kept', () => {
  const agreements = new Agreements();
  let wait: number | null = 0;
  for (let i = 0; i < 40; i++) wait = agreements.answered('s', 'q', String(i));
  expect(wait).toBe(30_000);
  for (let i = 0; i < 20_000; i++) agreements.answered('s', `other ${i}`, '1');
  expect(agreements.answered('s', 'q', '39')).toBe(200);
});

test('a conclusion holds since it was first drawn, until another one is, or nobody has looked for long', () => {
  const agreements = new Agreements();
  const at = (nowMs: number, conclusion: string, topic = 's') =>
    agreements.heldFor(topic, conclusion, { nowMs, forgetMs: 30_000 });
  expect(at(1000, 'none')).toBe(0);
  expect(at(21_000, 'none')).toBe(20_000);
  expect(at(21_000, 'none', 't')).toBe(0);
  expect(at(41_000, 'none')).toBe(40_000);
  expect(at(71_001, 'none')).toBe(0);
  expect(at(72_000, 'some')).toBe(0);
  expect(at(73_000, 'none')).toBe(0);
  expect(at(74_000, 'none')).toBe(1000);
  agreements.forget('s');
  expect(at(75_000, 'none')).toBe(0);
});

test('the digest sees every value and not the time at which it was seen', () => {
  const row = { ts: 1, id: 9_007_199_254_740_993n, price: 1.5, ts_seen: 5 };
  const digest = digestRows([row]);
  expect(digestRows([{ ...row, ts_seen: 6 }])).toBe(digest);
  expect(digestRows([{ ...row, id: 9_007_199_254_740_992n }])).not.toBe(digest);
  expect(digestRows([{ ...row, price: 1.6 }])).not.toBe(digest);
  expect(digestRows([row, row])).not.toBe(digest);
  expect(digestRows([{ ...row, price: null }])).not.toBe(digest);
  const named = (...names: (string | null)[]) => digestRows(names.map((name) => ({ ts: 1, name })));
  const differ = [named('a', 'b'), named('b', 'a'), named('a', 'a'), named('a', null), named(null, 'null')];
  expect(new Set(differ).size).toBe(differ.length);
});
