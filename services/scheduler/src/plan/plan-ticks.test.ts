import { intersect, type Range, unite } from '@fxtape/market';
import { describe, expect, test } from 'vitest';
import { claim, historyOf, HOUR, input, NOW, rangeOf, SINCE } from '../../testing/plan-rig.ts';
import { DAY_US } from './grid.ts';
import { planAccount } from './plan-account.ts';
import type { ConfiguredSince, EndedGap, PlanInput } from './plan-input.ts';
import { planRequested } from './plan-request.ts';

describe('ticks', () => {
  const key: ConfiguredSince = { stream: 'ticks', symbol: 'EURUSD', timeframe: null, sinceUs: SINCE };
  const plan = (o: Partial<PlanInput>) => historyOf(input({ streams: [key], ...o })).map(rangeOf);

  test('are asked for by broker days, only before live rows began, and not where a live gap is', () => {
    expect(plan({})).toEqual([]);
    const live = claim(key, SINCE + HOUR, NOW, 'live');
    const days = plan({ coverage: [live] });
    expect(unite(days)).toEqual([{ fromUs: Math.floor(SINCE / 6e7) * 6e7 - 7 * DAY_US, toUs: SINCE + HOUR }]);
    for (const { fromUs, toUs } of days.slice(1, -1)) expect(toUs - fromUs).toBe(DAY_US);
    expect(new Date((days[1] as Range).toUs / 1000).toISOString()).toBe('2026-06-13T21:00:00.000Z');
    const gap: EndedGap = {
      gapId: 'g',
      stream: 'ticks',
      feed: 'icm',
      symbol: null,
      timeframe: null,
      cause: 'process_down',
      fromUs: SINCE - HOUR,
      toUs: SINCE,
    };
    const around = unite(plan({ coverage: [live], gaps: [gap] }));
    expect(intersect(around, [gap])).toEqual([]);
  });

  test('of a symbol that was taken out and put in again are asked for of the time between, once live again', () => {
    const [out, back] = [SINCE + 2 * DAY_US, SINCE + 4 * DAY_US];
    const tickTimes = new Map([
      [
        'EURUSD',
        [
          { fromUs: SINCE, toUs: out },
          { fromUs: back, toUs: Number.MAX_SAFE_INTEGER },
        ],
      ],
    ]);
    const again = { ...key, sinceUs: back };
    const before = [claim(key, 0, SINCE), claim(key, SINCE, out - 30e6, 'live')];
    const o = { streams: [again], tickTimes };
    expect(plan({ ...o, coverage: before })).toEqual([]);
    const coverage = [...before, claim(key, back + 20e6, NOW, 'live')];
    const between = { fromUs: out - 30e6, toUs: back + 20e6 };
    expect(unite(plan({ ...o, coverage }))).toEqual([between]);
    // A hole while they were to be recorded is a gap that has come to its end, and nothing for history.
    const gap = claim(key, between.fromUs, between.toUs);
    const twice = [...before, gap, claim(key, back + 20e6, back + HOUR, 'live')];
    expect(plan({ ...o, coverage: [...twice, claim(key, back + 2 * HOUR, NOW, 'live')] })).toEqual([]);
    // A person may ask for the same.
    const asked = {
      requestId: 'x',
      account: null,
      symbol: 'EURUSD',
      timeframe: null,
      fromUs: SINCE,
      toUs: NOW,
      again: false,
      skip: 0,
    };
    const jobs = [...planRequested(asked, input({ ...o, coverage }), [])].map(({ job }) => job);
    expect(unite(jobs.map(rangeOf))).toEqual([between]);
  });

  test('of a bridge that offers none are nothing that is missing; one job a day asks again', () => {
    const other = { ...key, symbol: 'XAUUSD' };
    const coverage = [key, other].map((of) => claim(of, SINCE, NOW, 'live'));
    const specs = new Set(['EURUSD', 'XAUUSD']);
    const done = new Set(['specs EURUSD', 'specs XAUUSD']);
    const o = {
      streams: [key, other],
      coverage,
      ticksOffered: false,
      symbolsWithSpec: specs,
      doneToday: done,
    };
    const plan = planAccount(input(o));
    expect([...plan.history]).toEqual([]);
    expect(plan.missing).toEqual([]);
    expect(plan.searching).toBe(false);
    const [probe, ...more] = plan.housekeeping;
    expect(more).toEqual([]);
    expect(probe?.job.name).toBe('ticks');
    const again = planAccount(input({ ...o, doneToday: new Set([...done, ...(probe?.doneKeys ?? [])]) }));
    expect(again.housekeeping).toEqual([]);
    expect([...planAccount(input({ ...o, ticksOffered: true })).history]).toHaveLength(2 * 8);
  });

  test('are not asked for without a depth', () => {
    const live = claim(key, SINCE, NOW, 'live');
    expect(plan({ coverage: [live], backfill: { bars: {}, ticks: null, deals: null } })).toEqual([]);
  });
});
