// What claims, gaps and spans of a tape become when another rule is right: claims never grow, gaps never shrink.
import { expect, test } from 'vitest';
import { historyGapId } from './history-gap-id.ts';
import type { CoverageRow, GapEventRow } from '../tables/tables.ts';
import { correctSpans } from '../time/clock-span.ts';
import { correctCoverage, correctDay, correctGap, correctSession } from './corrected-rows.ts';
import { parseClockRule } from '../time/parse-clock-rule.ts';

const us = (text: string): number => Date.parse(text) * 1000;
const fixed = parseClockRule('UTC+2h');
const newYork = parseClockRule('America/New_York+7h');
const athens = parseClockRule('Europe/Athens');
const key = { account: 'a', feed: 'f', symbol: 'EURUSD', stream: 'bars', timeframe: 'M1' };
const claim = (from: string, to: string): CoverageRow => ({
  ...key,
  ts: us(from),
  ts_to: us(to),
  range_id: 'history',
  source: 'history',
  rows: 1,
  rule_id: fixed.id,
});

test('a claim of summer moves by an hour, one of winter stays and names the new rule', () => {
  expect(correctCoverage(claim('2026-07-01T00:00Z', '2026-07-02T00:00Z'), fixed, newYork, [])).toEqual([
    { ...claim('2026-06-30T23:00Z', '2026-07-01T23:00Z'), rule_id: newYork.id },
  ]);
  expect(correctCoverage(claim('2026-01-05T00:00Z', '2026-01-06T00:00Z'), fixed, newYork, [])).toEqual([
    { ...claim('2026-01-05T00:00Z', '2026-01-06T00:00Z'), rule_id: newYork.id },
  ]);
});

test('an hour that rows were left out of is claimed no more', () => {
  const left = [{ fromUs: us('2026-11-01T05:00Z'), toUs: us('2026-11-01T07:00Z') }];
  const pieces = correctCoverage(claim('2026-11-01T00:00Z', '2026-11-02T00:00Z'), fixed, newYork, left);
  expect(pieces.map(({ ts, ts_to }) => [ts, ts_to])).toEqual([
    [us('2026-10-31T23:00Z'), us('2026-11-01T05:00Z')],
    [us('2026-11-01T07:00Z'), us('2026-11-02T00:00Z')],
  ]);
});

test('a gap that history named after its range is named anew, one of the stream keeps its name', () => {
  const gap: GapEventRow = {
    ts: 1,
    gap_id: historyGapId(key, { fromUs: us('2026-07-01T00:00Z'), toUs: us('2026-07-01T02:00Z') }, 'refused'),
    writer: 'backfill',
    outage_id: 'live-1',
    ...key,
    event: 'opened',
    ts_from: us('2026-07-01T00:00Z'),
    ts_to: us('2026-07-01T02:00Z'),
    cause: 'refused',
    state: 'open',
    rows_healed: null,
    missing_estimate: null,
    evidence: null,
  };
  const range = { fromUs: us('2026-06-30T23:00Z'), toUs: us('2026-07-01T01:00Z') };
  const moved = { ts_from: range.fromUs, ts_to: range.toUs };
  expect(correctGap(gap, fixed, newYork)).toEqual({
    ...gap,
    ...moved,
    gap_id: historyGapId(key, range, 'refused'),
  });
  expect(correctGap({ ...gap, ts_to: null }, fixed, newYork)).toMatchObject({
    ts_from: range.fromUs,
    ts_to: null,
  });
});

test("a broker's day begins at its own midnight", () => {
  expect(correctDay(us('2026-03-10T22:00Z'), newYork)).toBe(us('2026-03-10T21:00Z'));
  expect(correctDay(us('2026-01-10T22:00Z'), newYork)).toBe(us('2026-01-10T22:00Z'));
});

test('a tape says after a correction what the tables say, and says it once', () => {
  const span = (fromUs: number, rule: string) => ({ fromUs, rule, confirmed: true, evidence: '' });
  const o = { untilUs: 50, rule: newYork.id, evidence: 'clock apply x' };
  const spans = correctSpans([span(0, athens.id), span(40, newYork.id), span(60, athens.id)], o);
  expect(spans.map(({ fromUs, rule }) => [fromUs, rule])).toEqual([
    [0, newYork.id],
    [60, athens.id],
  ]);
  expect(correctSpans(spans, o)).toBe(spans);
  expect(correctSpans([span(0, athens.id), span(60, newYork.id)], o)).toHaveLength(1);
});

test('a decision about sessions begins at the same midnight of the broker, and its words stay', () => {
  const far = parseClockRule('UTC+14h');
  const written = { ts: us('2026-06-30T10:00Z'), kind: 'day', windows: '[]', rule_id: far.id };
  const right = { ...written, ts: us('2026-06-30T21:00Z'), rule_id: newYork.id };
  expect(correctSession(written, newYork)).toEqual(right);
  expect(correctSession(right, newYork)).toBe(right);
  // Both read this winter's midnight alike: the row names the new rule all the same.
  const winter = { ts: us('2026-01-04T22:00Z'), rule_id: fixed.id };
  expect(correctSession(winter, newYork)).toEqual({ ...winter, rule_id: newYork.id });
});

test('a day whose midnight does not occur, or occurs twice, is still that day', () => {
  // Havana puts its clock on at midnight, and back to midnight.
  const havana = parseClockRule('America/Havana');
  for (const [date, starts] of [
    ['2026-03-08', '2026-03-08T05:00Z'],
    ['2026-11-01', '2026-11-01T04:00Z'],
  ]) {
    const told = { ts: us(`${date}T00:00Z`) - 7_200_000_000, rule_id: fixed.id };
    const moved = { ts: us(String(starts)), rule_id: havana.id };
    expect(correctSession(told, havana)).toEqual(moved);
    expect(correctSession(moved, fixed)).toEqual(told);
  }
});

test('a decision that names a part of the rule, or none, stays where it is right', () => {
  const moved = parseClockRule('Europe/Athens until 2025-06-21T12:00Z then America/New_York+7h');
  const part = { ts: us('2025-03-15T22:00Z'), rule_id: athens.id };
  expect(correctSession(part, moved)).toBe(part);
  // In the week between the switches, after the move, the part is the wrong rule.
  const later = { ts: us('2026-03-15T22:00Z'), rule_id: athens.id };
  expect(correctSession(later, moved)).toEqual({ ts: us('2026-03-15T21:00Z'), rule_id: moved.id });
  const unnamed = { ts: us('2026-06-30T22:00Z'), rule_id: null };
  expect(correctSession(unnamed, newYork)).toEqual({ ts: us('2026-06-30T21:00Z'), rule_id: newYork.id });
});
