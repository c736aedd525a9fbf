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
}) => {
  const memory = { spans: o.spans ?? [] };
  const clock = { ...systemClock(), nowMs: () => o.nowMs ?? JUNE, nowUs: () => (o.nowMs ?? JUNE) * 1000 };
  const options = {
    config: () => ({ clock: { rule: o.rule ?? 'auto', replayed: false } }) as AccountConfig,
    timezone: async () => ({ serverTime: '2026-06-24T15:00:00Z', utcOffsetSeconds: o.offsetS }),
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

test('a rule that ticks contradict is replaced by the inferred one that fits, before the usual ones', async () => {
  const conflict = keeper({ inferred: 'Europe/London', offsetS: 0, nowMs: MARCH, spans: [span('UTC+2h')] });
  await conflict.keeper.settle({ why: 'conflict', tsRecv: 5 }, 'conflict', new AbortController().signal);
  expect(conflict.spans().at(-1)).toMatchObject({ rule: 'Europe/London', fromUs: 5, confirmed: true });
});
