// Which rule a tape goes on with, when history tells more than the offset of today.
import type { AccountConfig } from '@fxtape/config';
import type { ClockSpan } from '@fxtape/market';
import { systemClock } from '@fxtape/ops';
import { expect, test, vi } from 'vitest';
import { ClockKeeper, type ClockKeeperOptions } from './clock-keeper.ts';

const MOVED = 'UTC until 2025-06-21T12:00Z then Europe/Athens';
/** In June New York + 7 h and Athens are the same. */
const JUNE = Date.UTC(2026, 5, 24, 12);
const MARCH = Date.UTC(2026, 2, 18, 12);

const keeper = (o: {
  inferred: string | null;
  offsetS: number;
  rule?: string;
  nowMs?: number;
  spans?: ClockSpan[];
  /** What a replayed gateway says of its clock; null: it refuses. */
  plays?: string | null;
}) => {
  const memory = { spans: o.spans ?? [] };
  const clock = { ...systemClock(), nowMs: () => o.nowMs ?? JUNE, nowUs: () => (o.nowMs ?? JUNE) * 1000 };
  const options = {
    config: () => ({ clock: { rule: o.rule ?? 'auto', replayed: o.plays !== undefined } }) as AccountConfig,
    timezone: async () => {
      if (o.plays === null) throw new Error('503');
      return { serverTime: o.plays ?? '2026-06-24T15:00:00Z', utcOffsetSeconds: o.offsetS };
    },
    inferred: async () => o.inferred,
    intake: {
      note: (_: string, { spans }: { spans: ClockSpan[] }) => {
        memory.spans = spans;
      },
      clockChanged: () => {},
    },
    memory,
    tape: { rotate: () => {} },
    clock,
    log: { info: vi.fn(), warn: vi.fn() },
  } as unknown as ClockKeeperOptions;
  return { keeper: new ClockKeeper(options), spans: () => memory.spans };
};
const span = (rule: string, confirmed = true): ClockSpan => ({ fromUs: 0, rule, confirmed, evidence: '' });

test('a first rule is the inferred one where it fits the offset of today, and still waits for a running clock', async () => {
  const begun = keeper({ inferred: MOVED, offsetS: 10_800 });
  await begun.keeper.begin();
  expect(begun.spans()).toMatchObject([{ rule: 'Europe/Athens', confirmed: false }]);
  const unfit = keeper({ inferred: 'Europe/Athens', offsetS: 10_800, nowMs: MARCH });
  await unfit.keeper.begin();
  expect(unfit.spans()).toMatchObject([{ rule: 'America/New_York+7h', confirmed: false }]);
  const unknown = keeper({ inferred: null, offsetS: 10_800 });
  await unknown.keeper.begin();
  expect(unknown.spans()).toMatchObject([{ rule: 'America/New_York+7h' }]);
});

test('a rule in force gives way to the inferred one from now on, while both say the same, and only then', async () => {
  const same = keeper({ inferred: MOVED, offsetS: 10_800, spans: [span('America/New_York+7h')] });
  await same.keeper.adopt();
  expect(same.spans()).toMatchObject([
    { rule: 'America/New_York+7h', fromUs: 0 },
    { rule: 'Europe/Athens', fromUs: JUNE * 1000, confirmed: true },
  ]);
  const spans = [span('America/New_York+7h')];
  for (const left of [
    { inferred: 'Europe/Athens', nowMs: MARCH, spans },
    { inferred: 'Europe/Athens', rule: 'America/New_York+7h', spans },
    { inferred: null, spans },
    { inferred: 'Europe/Athens', spans: [span('America/New_York+7h', false)] },
  ]) {
    const kept = keeper({ offsetS: 10_800, ...left });
    await kept.keeper.adopt();
    expect(kept.spans()).toEqual(left.spans);
  }
});

test('of a replayed gateway the inferred rule is taken where it has the offset that the gateway states for its own day', async () => {
  const spans = [span('America/New_York+7h')];
  const summer = keeper({
    inferred: MOVED,
    offsetS: 10_800,
    plays: '2025-10-25T15:00:00Z',
    spans,
    nowMs: MARCH,
  });
  await summer.keeper.adopt();
  expect(summer.spans()).toMatchObject([
    { rule: 'America/New_York+7h' },
    { rule: 'Europe/Athens', fromUs: MARCH * 1000 },
  ]);
  // It already played the switch of the Union: the rule in force is the wrong one.
  const autumn = keeper({ inferred: MOVED, offsetS: 7200, plays: '2025-10-27T15:00:00Z', spans });
  await autumn.keeper.adopt();
  expect(autumn.spans().at(-1)).toMatchObject({ rule: 'Europe/Athens' });
  for (const left of [
    { plays: '2025-10-27T15:00:00Z', offsetS: 10_800 },
    { plays: 'soon', offsetS: 10_800 },
    { plays: null, offsetS: 10_800 },
  ]) {
    const kept = keeper({ inferred: MOVED, spans, ...left });
    await kept.keeper.adopt();
    expect(kept.spans()).toEqual(spans);
  }
});

test('a rule that ticks contradict is replaced by the inferred one that fits, before the usual ones', async () => {
  const conflict = keeper({ inferred: 'Europe/London', offsetS: 0, nowMs: MARCH, spans: [span('UTC+2h')] });
  await conflict.keeper.settle({ why: 'conflict', tsRecv: 5 }, 'conflict', new AbortController().signal);
  expect(conflict.spans().at(-1)).toMatchObject({ rule: 'Europe/London', fromUs: 5, confirmed: true });
});
