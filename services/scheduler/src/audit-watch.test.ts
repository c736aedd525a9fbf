import { expect, test } from 'vitest';
import { AuditWatch } from './audit-watch.ts';

const NOON = Date.UTC(2026, 5, 24, 12) * 1000;
const DAY = 86_400_000_000;
const rows = (o: Record<string, number>) => new Map(Object.entries(o));

test('at a start, until it is planned, and once a day', () => {
  const watch = new AuditWatch();
  const same = rows({ 'bars 2026-06': 10 });
  expect(watch.due(same, NOON)).toBe(true);
  expect(watch.due(same, NOON)).toBe(true);
  watch.planned(NOON);
  expect(watch.due(same, NOON + 1)).toBe(false);
  expect(watch.due(same, NOON + DAY)).toBe(true);
});

test('when a partition has fewer rows than before, or is gone; not when it grows or another comes', () => {
  const watch = new AuditWatch();
  watch.due(rows({ 'bars 2026-05': 7, 'bars 2026-06': 10 }), NOON);
  watch.planned(NOON);
  expect(watch.due(rows({ 'bars 2026-05': 7, 'bars 2026-06': 11, 'deals 2026-06': 1 }), NOON)).toBe(false);
  expect(watch.due(rows({ 'bars 2026-05': 7, 'bars 2026-06': 10, 'deals 2026-06': 1 }), NOON)).toBe(true);
  watch.planned(NOON);
  expect(watch.due(rows({ 'bars 2026-06': 10, 'deals 2026-06': 1 }), NOON)).toBe(true);
  // Seen, and not planned yet: a look at the same rows does not forget it.
  expect(watch.due(rows({ 'bars 2026-06': 10, 'deals 2026-06': 1 }), NOON)).toBe(true);
});

test('when versions have no rows of their time: once, for it may be somebody’s will', () => {
  const watch = new AuditWatch();
  watch.due(rows({ 'bars 2026-06': 1, 'bar_revisions 2026-06': 1 }), NOON);
  watch.planned(NOON);
  const more = { 'bars 2026-06': 1, 'bar_revisions 2026-06': 1, 'bar_revisions 2026-05': 7 };
  expect(watch.due(rows(more), NOON)).toBe(true);
  watch.planned(NOON);
  expect(watch.due(rows(more), NOON)).toBe(false);
  expect(watch.due(rows({ ...more, 'bars 2026-05': 7 }), NOON)).toBe(false);
});
