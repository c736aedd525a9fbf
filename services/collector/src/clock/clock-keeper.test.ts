// Which rule a tape goes on with, when history tells more than the offset of today.
import type { AccountConfig } from '@fxtape/config';
import { brokerMs, type ClockSight, type ClockSpan } from '@fxtape/market';
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
  /** Waited for by every question to the database and to the gateway. */
  asked?: () => Promise<void>;
  nowMs?: number;
  spans?: ClockSpan[];
  /** What a replayed gateway says of its clock; null: it refuses. */
  plays?: string | null;
  /** Newest line of the tape, µs. */
  lastUs?: number;
}) => {
  const memory = { spans: o.spans ?? [] };
  const given = { rule: o.rule ?? 'auto' };
  const clock = { ...systemClock(), nowMs: () => o.nowMs ?? JUNE, nowUs: () => (o.nowMs ?? JUNE) * 1000 };
  const options = {
    config: () => ({ clock: { rule: given.rule, replayed: o.plays !== undefined } }) as AccountConfig,
    timezone: async () => {
      await o.asked?.();
      if (o.plays === null) throw new Error('503');
      return { serverTime: o.plays ?? '2026-06-24T15:00:00Z', utcOffsetSeconds: o.offsetS };
    },
    inferred: async () => {
      await o.asked?.();
      return o.inferred;
    },
    intake: {
      note: (_: string, { spans }: { spans: ClockSpan[] }) => {
        memory.spans = spans;
      },
      clockChanged: () => {},
    },
    memory,
    tape: { rotate: () => {}, stamp: (us: number) => Math.max(us, (o.lastUs ?? 0) + 1) },
    clock,
    log: { info: vi.fn(), warn: vi.fn() },
  } as unknown as ClockKeeperOptions;
  return { keeper: new ClockKeeper(options), spans: () => memory.spans, given };
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

/** A heartbeat of the broker's clock, so many seconds before UTC. */
const seen = (offsetS: number, nowMs = MARCH): ClockSight => ({
  word: 'contradicts',
  time: { ms: brokerMs(nowMs + offsetS * 1000), resolutionMs: 1000 },
  receivedUs: nowMs * 1000,
  symbol: null,
});
const measured = (differenceS: number, forS: number) => ({ differenceS, forUs: forS * 1e6 });

test('a rule that the clock contradicts is replaced by the inferred one that fits, before the usual ones', async () => {
  const conflict = keeper({ inferred: 'Europe/London', offsetS: 0, nowMs: MARCH, spans: [span('UTC+2h')] });
  await conflict.keeper.settle(5, seen(0), null);
  expect(conflict.spans().at(-1)).toMatchObject({ rule: 'Europe/London', fromUs: 5, confirmed: true });
});

test('nobody is believed whose rule does not fit the clock that was seen', async () => {
  for (const said of [
    { inferred: 'Europe/London', offsetS: 7200 },
    { inferred: null, offsetS: 7200 },
    { inferred: null, offsetS: 10_800, rule: 'UTC+2h' },
  ]) {
    const spans = [span('UTC+2h')];
    const conflict = keeper({ nowMs: MARCH, spans, ...said });
    await conflict.keeper.settle(5, seen(10_800), measured(10_800, 600));
    expect(conflict.spans()).toBe(spans);
  }
});

test('where no offset is stated that a clock could have, a clock that runs for a minute shows the first rule, and never another one', async () => {
  const first = (forS: number, confirmed: boolean, differenceS = -17_990) => {
    const spans = [span('America/New_York+7h', confirmed)];
    return {
      ...keeper({ inferred: null, offsetS: -28_982, nowMs: MARCH, spans }),
      forS,
      differenceS,
      given: spans,
    };
  };
  const shown = first(60, false);
  await shown.keeper.settle(5, seen(-18_000), measured(shown.differenceS, shown.forS));
  expect(shown.spans()).toMatchObject([{ rule: 'UTC-5h', confirmed: true }]);
  for (const left of [first(30, false), first(60, true), first(60, false, -17_000)]) {
    await left.keeper.settle(5, seen(-18_000), measured(left.differenceS, left.forS));
    expect(left.spans()).toBe(left.given);
  }
});

test('an offset that no clock has is unknown: no exception, no rule, and no word for one', async () => {
  for (const offsetS of [-28_982, -129_782, 999_999_999]) {
    const begun = keeper({ inferred: null, offsetS });
    await begun.keeper.begin();
    expect(begun.spans()).toMatchObject([{ rule: 'America/New_York+7h', confirmed: false }]);
    const before = begun.spans();
    await begun.keeper.believe(5);
    expect(begun.spans()).toBe(before);
  }
  // A second off is how a gateway rounds.
  const rounded = keeper({ inferred: null, offsetS: 10_799 });
  await rounded.keeper.begin();
  await rounded.keeper.believe(5);
  expect(rounded.spans()).toMatchObject([{ rule: 'America/New_York+7h', confirmed: true }]);
});

test('a shut market whose gateway says something sane at last is believed by that', async () => {
  const spans = [span('America/New_York+7h', false)];
  const shut = keeper({ inferred: null, offsetS: -10_800, spans });
  await shut.keeper.believe(5);
  expect(shut.spans()).toMatchObject([{ rule: 'UTC-3h', confirmed: false }]);
  await shut.keeper.believe(5);
  expect(shut.spans()).toMatchObject([{ rule: 'UTC-3h', confirmed: true }]);
});

test('of a replayed gateway nothing is confirmed until history or a person names the rule', async () => {
  const provisional = keeper({ inferred: null, offsetS: 10_800, plays: '2025-10-25T15:00:00Z' });
  await provisional.keeper.begin();
  expect(provisional.spans()).toMatchObject([{ rule: 'America/New_York+7h', confirmed: false }]);
  expect(provisional.keeper.isProvisional).toBe(true);
  await provisional.keeper.adopt();
  expect(provisional.spans()).toMatchObject([{ confirmed: false }]);
  // The same rule is a rule all the same, once history says so.
  for (const inferred of ['America/New_York+7h', 'Europe/Athens']) {
    const told = keeper({
      inferred,
      offsetS: 10_800,
      plays: '2025-10-25T15:00:00Z',
      spans: [span('America/New_York+7h', false)],
    });
    await told.keeper.adopt();
    expect(told.spans()).toMatchObject([{ fromUs: 0, rule: inferred, confirmed: true }]);
    expect(told.keeper.isProvisional).toBe(false);
  }
  const given = keeper({ inferred: null, offsetS: 0, rule: 'UTC+2h', plays: '2025-10-25T15:00:00Z' });
  await given.keeper.begin();
  expect(given.spans()).toMatchObject([{ rule: 'UTC+2h', confirmed: true }]);
  expect(given.keeper.isProvisional).toBe(false);
});

test('a configured rule waits for a running clock like any other', async () => {
  const begun = keeper({ inferred: null, offsetS: 10_800, rule: 'UTC+3h' });
  await begun.keeper.begin();
  expect(begun.spans()).toMatchObject([{ rule: 'UTC+3h', confirmed: false }]);
});

test('a rule is dated by the tape: with the machine’s clock behind it, lines that are written keep theirs', async () => {
  const lastUs = (JUNE + 3_600_000) * 1000;
  const spans = [span('America/New_York+7h')];
  const behind = keeper({ inferred: null, offsetS: 10_800, rule: 'UTC+3h', spans, lastUs });
  await behind.keeper.reconsider();
  expect(behind.spans().at(-1)).toMatchObject({ rule: 'UTC+3h', fromUs: lastUs + 1, decidedUs: lastUs + 1 });
});

/** What somebody decides while the keeper waits for an answer stands. */
for (const [what, offsetS, waits] of [
  ['adopts', 10_800, (keeper: ClockKeeper) => keeper.adopt()],
  ['believes', 10_800, (keeper: ClockKeeper) => keeper.believe(5)],
  ['believes another offset', 3600, (keeper: ClockKeeper) => keeper.believe(5)],
  ['settles', 3600, (keeper: ClockKeeper) => keeper.settle(5, seen(3600, JUNE), measured(3600, 600))],
] as const)
  test(`${what}: a rule that was given, or another one that came, while the answer was waited for, stays`, async () => {
    for (const rule of ['UTC+2h', 'America/New_York+7h']) {
      const answer = Promise.withResolvers<void>();
      const spans = [span('America/New_York+7h', what === 'adopts')];
      const kept = keeper({ inferred: MOVED, offsetS, spans, asked: () => answer.promise });
      const waiting = waits(kept.keeper);
      kept.given.rule = rule;
      await kept.keeper.reconsider();
      const decided = kept.spans();
      answer.resolve();
      await waiting;
      expect(kept.spans()).toBe(decided);
    }
  });

test('an older correction of the tables does not override the first rule of a new tape', async () => {
  const fresh = keeper({ inferred: null, offsetS: 10_800 });
  await fresh.keeper.begin();
  const before = fresh.spans();
  fresh.keeper.corrected({ applyId: 'a', rule: 'UTC+2h', us: (JUNE - 1000) * 1000 });
  expect(fresh.spans()).toBe(before);
});
