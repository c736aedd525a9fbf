import { intersect, type Range, SessionCalendar, streamId, subtract, unite } from '@fxtape/market';
import { TIMEFRAMES } from '@fxtape/config';
import { describeJob } from '@fxtape/jobs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  bars,
  claim,
  DAY_MS,
  endOf,
  historyOf,
  HOUR,
  input,
  keyOf,
  NOW,
  ofAccount,
  rangeOf,
  rule,
  SINCE,
} from '../../testing/plan-rig.ts';
import { DAY_US } from './grid.ts';
import { type HistoryJob } from './history-jobs.ts';
import { restOf } from './missing.ts';
import { clockJob, clockSymbols } from './clock-job.ts';
import { planAccount } from './plan-account.ts';
import type { Claimed, ConfiguredSince, EndedGap, PlanInput } from './plan-input.ts';
import { planRequested } from './plan-request.ts';
import { PlanTaker } from './take.ts';

/** Random accounts: up to four symbols, several timeframes, holes anywhere, limits, refusals. */
const arbitrary = fc
  .record({
    symbols: fc.uniqueArray(fc.constantFrom('EURUSD', 'XAUUSD', 'GBPJPY', 'US 500'), {
      minLength: 1,
      maxLength: 4,
    }),
    timeframes: fc.uniqueArray(fc.constantFrom('M1', 'M5', 'H1', 'D1', 'MN1'), {
      minLength: 1,
      maxLength: 5,
    }),
    deals: fc.boolean(),
    depthDays: fc.integer({ min: 1, max: 800 }),
    sinceDays: fc.integer({ min: 0, max: 60 }),
    holes: fc.array(
      fc.record({
        stream: fc.nat(),
        at: fc.integer({ min: 0, max: 900 * 24 * 60 }),
        minutes: fc.integer({ min: 1, max: 200 * 24 * 60 }),
      }),
      { maxLength: 30 },
    ),
    limits: fc.array(fc.record({ stream: fc.nat(), days: fc.integer({ min: 0, max: 900 }) }), {
      maxLength: 3,
    }),
    refusals: fc.array(
      fc.record({
        stream: fc.nat(),
        at: fc.integer({ min: 0, max: 900 }),
        hours: fc.integer({ min: 1, max: 500 }),
      }),
      { maxLength: 3 },
    ),
  })
  .map((o) => {
    const sinceUs = NOW - o.sinceDays * DAY_US;
    const streams = [
      ...o.symbols.flatMap((symbol) => o.timeframes.map((timeframe) => bars(symbol, timeframe, sinceUs))),
      ...(o.deals ? [{ stream: 'deals' as const, symbol: null, timeframe: null, sinceUs }] : []),
    ];
    const streamAt = (n: number) => streams[n % streams.length] as ConfiguredSince;
    const depth = o.depthDays * DAY_MS;
    return input({
      streams,
      streamed: [],
      backfill: {
        bars: { M1: depth, M5: depth, H1: depth, D1: depth, MN1: depth },
        ticks: null,
        deals: depth,
      },
      coverage: o.holes.map(({ stream, at, minutes }) => {
        const fromUs = NOW - at * 60_000_000;
        return claim(streamAt(stream), fromUs, fromUs + minutes * 60_000_000);
      }),
      earliest: new Map(
        o.limits.map(({ stream, days }) => [streamId(streamAt(stream)), NOW - days * DAY_US]),
      ),
      refusals: o.refusals.map(({ stream, at, hours }) => {
        const fromUs = NOW - at * DAY_US;
        const { sinceUs: _, ...key } = streamAt(stream);
        return { ...key, fromUs, toUs: fromUs + hours * HOUR, firstUs: NOW - HOUR, lastUs: NOW - HOUR / 2 };
      }),
    });
  });

describe('laws of every plan', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const check = (law: (o: PlanInput) => void): void => {
    try {
      fc.assert(fc.property(arbitrary, law), { seed, numRuns: 150 });
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  };

  test('planned and claimed and refused and before the beginning are all that is wanted, and no job overlaps any of them', () => {
    check((o) => {
      const { needs } = planAccount(o);
      const jobs = Map.groupBy(historyOf(o), keyOf);
      for (const key of o.streams) {
        const id = streamId(key);
        const of = jobs.get(id) ?? [];
        const claimed = unite(o.coverage.filter((range) => streamId(range) === id));
        const refused = unite(o.refusals.filter((range) => streamId(range) === id));
        const depth = (key.stream === 'bars' ? o.backfill.bars.M1 : o.backfill.deals) as number;
        const minute = 60_000_000;
        const from = Math.max(
          o.earliest.get(id) ?? 0,
          Math.floor((key.sinceUs - depth * 1000) / minute) * minute,
        );
        const to =
          key.stream === 'bars'
            ? endOf(String(key.timeframe))
            : Math.floor((NOW - 2 * minute) / minute) * minute;
        const wanted = from < to ? [{ fromUs: from, toUs: to }] : [];
        const planned = of.map(rangeOf);
        // The newest minutes of deals are left to the events.
        const deferred = needs.find((need) => streamId(need.key) === id)?.deferred ?? [];
        expect(unite(planned.concat(deferred))).toEqual(subtract(subtract(wanted, claimed), refused));
        const length = planned.reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0);
        const united = unite(planned).reduce((sum, { fromUs, toUs }) => sum + toUs - fromUs, 0);
        expect(length).toBe(united);
        expect(intersect(planned, claimed)).toEqual([]);
        if (of.length > 0) expect(needs.some((need) => streamId(need.key) === id)).toBe(true);
      }
    });
  });

  test('the same input gives the same plan, and an id stands for one job', () => {
    check((o) => {
      const jobs = historyOf(o);
      expect(historyOf(o)).toEqual(jobs);
      const shuffled = { ...o, coverage: o.coverage.toReversed(), refusals: o.refusals.toReversed() };
      expect(historyOf(shuffled)).toEqual(jobs);
      expect(new Set(jobs.map((job) => describeJob(job).id)).size).toBe(jobs.length);
    });
  });

  test('in the order in which the queue would run it, and each stream in its turn', () => {
    check((o) => {
      const jobs = historyOf(o);
      const priorities = jobs.map((job) => describeJob(job).priority);
      expect(priorities).toEqual(priorities.toSorted((a, b) => a - b));
      const turns = new Map<string, number>();
      let last = { priority: -1, turn: 0 };
      for (const [i, job] of jobs.entries()) {
        const at = `${priorities[i]} ${keyOf(job)}`;
        const turn = turns.get(at) ?? 0;
        turns.set(at, turn + 1);
        if (priorities[i] === last.priority) expect(turn).toBeGreaterThanOrEqual(last.turn);
        last = { priority: priorities[i] as number, turn };
      }
    });
  });

  test('what was planned and then read is not planned again: the plan comes to an end', () => {
    check((o) => {
      const done = historyOf(o).map((job) => {
        const key = o.streams.find((one) => streamId(one) === keyOf(job)) as ConfiguredSince;
        return claim(key, job.payload.fromUs, job.payload.toUs);
      });
      expect(historyOf({ ...o, coverage: [...o.coverage, ...done] })).toEqual([]);
    });
  });
});

test('ranges are cut where they always are, so that the same work has the same id whenever it is planned', () => {
  const key = bars('EURUSD', 'M1');
  const later = input({ nowUs: NOW + HOUR, wallUs: NOW + HOUR });
  const ids = new Set(historyOf(later).map((job) => describeJob(job).id));
  const [head, ...rest] = historyOf(input());
  expect(rest.length).toBeGreaterThan(4);
  for (const job of rest) expect(ids).toContain(describeJob(job).id);
  expect(ids).not.toContain(describeJob(head as HistoryJob).id);
  expect(new Date((rest[0] as HistoryJob).payload.toUs / 1000).toISOString()).toBe(
    '2026-06-21T00:00:00.000Z',
  );
  expect(planAccount(input({ streams: [key] })).missing).toEqual([
    { stream: 'bars', ranges: 1, seconds: expect.any(Number) },
  ]);
});

describe('depth `all`', () => {
  const key = bars('EURUSD', 'D1');
  const plan = (o: Partial<PlanInput>) => historyOf(input({ streams: [key], ...o })).map(rangeOf);

  test('goes one cell beyond what is known, and on when it was read', () => {
    let coverage: Claimed[] = [];
    const asked: number[] = [];
    for (let round = 0; round < 12; round += 1) {
      const ranges = plan({ coverage });
      const { searching } = planAccount(input({ streams: [key], coverage }));
      expect(searching).toBe(ranges.some(({ fromUs }) => fromUs > 0));
      asked.push(ranges.length);
      if (ranges.length === 0) break;
      coverage = [...coverage, ...ranges.map(({ fromUs, toUs }) => claim(key, fromUs, toUs))];
    }
    expect(asked[0]).toBe(1);
    expect(Math.max(...asked)).toBeLessThanOrEqual(4);
    expect(asked.at(-1)).toBe(0);
    expect(unite(coverage)).toEqual([{ fromUs: 0, toUs: endOf('D1') }]);
  });

  test('stops at the beginning that was learned, and fills holes above it', () => {
    const begin = Date.UTC(2019, 2, 4) * 1000;
    const earliest = new Map([[streamId(key), begin]]);
    const whole = claim(key, begin, endOf('D1'));
    expect(plan({ earliest, coverage: [whole] })).toEqual([]);
    const hole = { fromUs: begin + 100 * DAY_US, toUs: begin + 101 * DAY_US };
    const coverage = subtract([whole], [hole]).map(({ fromUs, toUs }) => claim(key, fromUs, toUs));
    expect(plan({ earliest, coverage })).toEqual([hole]);
  });

  test('a refused cell at the frontier does not keep older ones from being asked for', () => {
    const newest = plan({})[0] as Range;
    const refused = {
      ...key,
      fromUs: newest.fromUs - 3640 * DAY_US,
      toUs: newest.fromUs,
      firstUs: NOW,
      lastUs: NOW,
    };
    const coverage = [claim(key, newest.fromUs, newest.toUs)];
    const asked = plan({ coverage, refusals: [refused] });
    expect(asked).toEqual([{ fromUs: expect.any(Number), toUs: refused.fromUs }]);
  });
});

describe('refusals', () => {
  test('rest as long as they have lasted, at least an hour and at most a day', () => {
    expect(restOf({ firstUs: 0, lastUs: 0 })).toBe(HOUR);
    expect(restOf({ firstUs: 0, lastUs: 5 * HOUR })).toBe(5 * HOUR);
    expect(restOf({ firstUs: 0, lastUs: 50 * HOUR })).toBe(24 * HOUR);
  });

  test('are tried again after their rest, and at once when a person asks', () => {
    const key = bars('EURUSD', 'M1');
    const hole = { fromUs: NOW - 5 * DAY_US, toUs: NOW - 4 * DAY_US };
    const coverage = subtract([{ fromUs: 0, toUs: NOW }], [hole]).map((r) => claim(key, r.fromUs, r.toUs));
    const refusals = [{ ...key, ...hole, firstUs: NOW - 90 * 60_000_000, lastUs: NOW - 30 * 60_000_000 }];
    expect(historyOf(input({ coverage, refusals }))).toEqual([]);
    expect(historyOf(input({ coverage, refusals, wallUs: NOW + HOUR })).map(rangeOf)).toEqual([hole]);
    const [retry] = [...planAccount(input({ coverage, refusals, wallUs: NOW + HOUR })).history];
    expect(retry?.doneKeys.length).toBe(1);
    // It ended as before, and nothing new was written of it: then it is tried once a day.
    const doneToday = new Set(retry?.doneKeys);
    expect(historyOf(input({ coverage, refusals, doneToday, wallUs: NOW + HOUR }))).toEqual([]);
    const asked = {
      requestId: 'r',
      account: null,
      symbol: null,
      timeframe: null,
      fromUs: null,
      toUs: null,
      again: false,
      skip: 0,
    };
    const jobs = [...planRequested(asked, input({ coverage, refusals }), ['EURUSD'])].map(({ job }) => job);
    expect(jobs.map(rangeOf)).toEqual([hole]);
    expect(jobs[0]?.payload.why).toBe('request');
  });
});

describe('the newest end', () => {
  const key = bars('EURUSD', 'M1');
  const until = endOf('M1');

  test('of what is streamed is left to the events for five minutes', () => {
    const coverage = [claim(key, 0, until - 60_000_000)];
    expect(historyOf(input({ coverage }))).toEqual([]);
    expect(historyOf(input({ coverage, streamed: [] })).map(rangeOf)).toEqual([
      { fromUs: until - 60_000_000, toUs: until },
    ]);
    const older = [claim(key, 0, until - 300_000_000)];
    expect(historyOf(input({ coverage: older })).length).toBe(1);
  });

  test('is not asked for while its symbol is shut, for some hours; whatever else is missing is', () => {
    const shut = (windows: string): PlanInput['sessions'] =>
      new Map([['EURUSD', new SessionCalendar([{ kind: 'week', ts: 0, ts_decided: 1, windows }], rule)]]);
    const wednesday = (pair: string): PlanInput['sessions'] => shut(`{"WEDNESDAY":[${pair}]}`);
    const missing = (us: number): Claimed[] => [claim(key, 0, until - us)];
    const asked = (us: number, sessions: PlanInput['sessions']): number =>
      historyOf(input({ coverage: missing(us), sessions })).length;
    expect(asked(5 * HOUR, wednesday(''))).toBe(0);
    expect(asked(6 * HOUR, wednesday(''))).toBe(1);
    // It traded in a part of it, or nothing is known of the day.
    expect(asked(5 * HOUR, wednesday('["00:00","11:00"]'))).toBe(1);
    expect(asked(5 * HOUR, shut('{"THURSDAY":[]}'))).toBe(1);
    // A hole that is shut but not at the newest end is asked for.
    const coverage = [claim(key, 0, until - 3 * HOUR), claim(key, until - 2 * HOUR, until)];
    expect(historyOf(input({ coverage, sessions: wednesday('') })).map(rangeOf)).toEqual([
      { fromUs: until - 3 * HOUR, toUs: until - 2 * HOUR },
    ]);
  });

  test('never holds a bar that cannot be closed', () => {
    for (const job of historyOf(
      input({ streams: ['M1', 'M5', 'H1', 'D1', 'W1', 'MN1'].map((tf) => bars('EURUSD', tf)) }),
    ))
      expect(job.payload.toUs).toBeLessThanOrEqual(
        endOf(String('timeframe' in job.payload ? job.payload.timeframe : '')),
      );
  });
});

test('live claims say nothing about bars and deals', () => {
  const key = bars('EURUSD', 'M1');
  expect(historyOf(input({ coverage: [claim(key, 0, NOW, 'live')] }))).toEqual(historyOf(input()));
});

describe('gaps', () => {
  const gap = (
    gapId: string,
    symbol: string | null,
    hoursAgo: number,
    o: Partial<EndedGap> = {},
  ): EndedGap => ({
    gapId,
    stream: 'ticks',
    feed: 'icm',
    symbol,
    timeframe: null,
    cause: 'disconnect',
    fromUs: NOW - hoursAgo * HOUR - 60_000_000,
    toUs: NOW - hoursAgo * HOUR,
    ...o,
  });

  test('newest day first, those of one symbol and day in a row; refused ones are no gaps to heal', () => {
    const gaps = [
      gap('old', 'EURUSD', 50),
      gap('b1', 'XAUUSD', 3),
      gap('a1', 'EURUSD', 2),
      gap('b2', 'XAUUSD', 1),
      gap('a2', 'EURUSD', 4),
      gap('refused', 'EURUSD', 1, { cause: 'refused' }),
      gap('foreign', 'EURUSD', 1, { stream: 'quotes' }),
      gap('empty', 'EURUSD', 1, { toUs: 0 }),
    ];
    const ids = planAccount(input({ gaps })).gaps.map(({ job }) =>
      job.name === 'heal' ? job.payload.gapId : '',
    );
    expect(ids).toEqual(['a1', 'a2', 'b2', 'b1', 'old']);
  });

  test('do not keep history from its share of the queue, and take all of it when there is nothing else', () => {
    const gaps = Array.from({ length: 1000 }, (_, n) => gap(`g${n}`, 'EURUSD', n));
    const plan = planAccount(
      input({ gaps, backfill: { bars: { M1: 3000 * DAY_MS }, ticks: null, deals: null } }),
    );
    const none = { housekeeping: 0, gaps: 0, rereads: 0, history: 0 };
    const first = new PlanTaker(plan).take(100, none);
    const names = Map.groupBy(first.jobs, ({ job }) => job.name);
    expect(names.get('heal')?.length).toBe(50);
    expect(names.get('bars')?.length).toBeGreaterThanOrEqual(49);
    expect(first.more).toBe(true);
    const only = new PlanTaker(planAccount(input({ gaps, streams: [] }))).take(100, none);
    expect(only.jobs.length).toBe(100);
  });

  test('everything is taken in the end, once', () => {
    const gaps = Array.from({ length: 60 }, (_, n) => gap(`g${n}`, 'EURUSD', n));
    const o = input({ gaps });
    const all = planAccount(o);
    const count = all.housekeeping.length + all.gaps.length + all.rereads.length + [...all.history].length;
    const taker = new PlanTaker(planAccount(o));
    const ids: string[] = [];
    for (;;) {
      const { jobs, more } = taker.take(7, { housekeeping: 99, gaps: 99, rereads: 99, history: 99 });
      ids.push(...jobs.map(({ job }) => describeJob(job).id));
      if (!more) break;
    }
    expect(ids.length).toBe(count);
    expect(new Set(ids).size).toBe(count);
  });
});

test('trades that history has not shown are looked for by number, once their time is claimed', () => {
  const streams = (['deals', 'positions'] as const).map(ofAccount);
  const at = (minutes: number) => NOW - minutes * 60_000_000;
  const unshown = {
    deals: [
      { id: '1', atUs: at(10) },
      { id: '2', atUs: at(7) },
      // Not claimed, and too young.
      { id: '3', atUs: at(600) },
      { id: '4', atUs: at(1) },
    ],
    positions: [{ id: '5', atUs: at(9) }],
  };
  const coverage = streams.map((of) => claim(of, at(60), NOW));
  const { housekeeping } = planAccount(input({ streams, coverage, unshown }));
  const jobs = housekeeping.filter(({ job }) => job.name === 'reconcile');
  expect(jobs.map(({ job }) => job.payload)).toEqual([
    { account: 'icm', fromUs: at(10), toUs: at(7) + 1, dealIds: ['1', '2'], positionIds: ['5'] },
  ]);
  const idle = planAccount(input({ streams, coverage })).housekeeping;
  expect(idle.filter(({ job }) => job.name === 'reconcile')).toEqual([]);
});

describe('by the calendar', () => {
  const key = bars('EURUSD', 'M1');
  const whole = [claim(key, 0, NOW)];

  test('the last seven days are read again once a day, in pieces of the grid', () => {
    const plan = planAccount(input({ coverage: whole }));
    const ranges = plan.rereads.map(({ job }) => rangeOf(job as HistoryJob));
    const today = Math.floor(NOW / DAY_US) * DAY_US;
    expect(unite(ranges)).toEqual([{ fromUs: today - 7 * DAY_US, toUs: today }]);
    const doneKeys = plan.rereads.flatMap((one) => one.doneKeys);
    expect(doneKeys.length).toBe(1);
    expect(planAccount(input({ coverage: whole, doneToday: new Set(doneKeys) })).rereads).toEqual([]);
  });

  test('closed positions are read again in the same days as deals', () => {
    const streams = (['deals', 'positions'] as const).map(ofAccount);
    const { rereads } = planAccount(
      input({ streams, coverage: streams.map((of) => claim(of, SINCE - 30 * DAY_US, NOW)) }),
    );
    const of = (name: string) =>
      rereads.flatMap(({ job }) => (job.name === name ? [rangeOf(job as HistoryJob)] : []));
    expect(of('positions')).toEqual(of('deals'));
    expect(of('positions').length).toBeGreaterThan(0);
  });

  test('a beginning is looked at again when that is due, once a day, with all that an account traded', () => {
    const early = ofAccount('deals');
    const begin = SINCE - 45 * DAY_US;
    const o = input({
      streams: [early, key],
      coverage: [claim(early, begin, NOW), claim(key, begin, NOW)],
      earliest: new Map([
        [streamId(early), begin],
        [streamId(key), begin],
      ]),
      looksDue: new Map([
        [streamId(early), 1],
        [streamId(key), 1],
      ]),
      doneToday: new Set([`reread ${streamId(early)}`, `reread ${streamId(key)}`]),
    });
    const { rereads } = planAccount(o);
    const of = (name: string) =>
      unite(rereads.flatMap(({ job }) => (job.name === name ? [rangeOf(job as HistoryJob)] : [])));
    const [deals] = of('deals');
    expect(deals?.fromUs).toBeLessThan(begin);
    expect(deals?.toUs).toBe(NOW);
    // Of bars there is too much of it: what lies before the beginning alone.
    expect(of('bars').map(({ toUs }) => toUs)).toEqual([begin]);
    const doneToday = new Set([...o.doneToday, ...rereads.flatMap(({ doneKeys }) => doneKeys)]);
    expect(planAccount({ ...o, doneToday }).rereads).toEqual([]);
  });

  test('days that are read for the first time are not read twice', () => {
    const plan = planAccount(input());
    expect(plan.rereads).toEqual([]);
    expect(plan.firstReads).toEqual([`reread ${streamId(key)}`]);
  });

  test('a recorder that was away for two days reads the days before again all the same', () => {
    const untilUs = NOW - 2.5 * DAY_US;
    const plan = planAccount(input({ coverage: [claim(key, 0, untilUs)] }));
    const today = Math.floor(NOW / DAY_US) * DAY_US;
    const ranges = plan.rereads.map(({ job }) => rangeOf(job as HistoryJob));
    expect(unite(ranges)).toEqual([{ fromUs: today - 7 * DAY_US, toUs: untilUs }]);
  });

  test('every timeframe that is fetched is read again, its last bars among it', () => {
    const streams = TIMEFRAMES.map((timeframe) => bars('EURUSD', timeframe));
    const depths = Object.fromEntries(TIMEFRAMES.map((timeframe) => [timeframe, 'all' as const]));
    const coverage = streams.map((each) => claim(each, 0, NOW));
    const backfill = { bars: depths, ticks: null, deals: null };
    const { rereads } = planAccount(input({ streams, coverage, backfill }));
    const read = Map.groupBy(rereads, ({ job }) => (job.name === 'bars' ? job.payload.timeframe : ''));
    expect([...read.keys()].toSorted()).toEqual(TIMEFRAMES.toSorted());
    for (const timeframe of TIMEFRAMES) {
      const ranges = unite((read.get(timeframe) ?? []).map(({ job }) => rangeOf(job as HistoryJob)));
      expect([
        timeframe,
        intersect(ranges, [{ fromUs: NOW - 7 * DAY_US, toUs: NOW - DAY_US }]).length,
      ]).toEqual([timeframe, 1]);
    }
  });

  test('accounts have their turn at different hours', () => {
    const midnight = Math.floor(NOW / DAY_US) * DAY_US + 1;
    const at = (account: string, hours: number) =>
      planAccount(
        input({ account, coverage: whole, nowUs: midnight + hours * HOUR, wallUs: midnight + hours * HOUR }),
      ).rereads.length;
    const names = Array.from({ length: 20 }, (_, n) => `account-${n}`);
    const counts = [0, 1, 2, 3, 4].map((hours) => names.filter((name) => at(name, hours) > 0).length);
    expect(counts[0]).toBe(0);
    expect(counts.at(-1)).toBe(20);
    expect(counts[2]).toBeGreaterThan(3);
    expect(counts[2]).toBeLessThan(17);
  });

  test('a day is compared once its bars are claimed', () => {
    const ticks: ConfiguredSince = {
      stream: 'ticks',
      symbol: 'EURUSD',
      timeframe: null,
      sinceUs: NOW - 3 * DAY_US,
    };
    const o = { streams: [key, ticks], backfill: { bars: { M1: 30 * DAY_MS }, ticks: null, deals: null } };
    const days = (coverage: Claimed[], more: Partial<PlanInput> = {}) =>
      planAccount(input({ ...o, coverage, ...more })).rereads.filter(
        ({ job }) => job.name === 'daily_quality',
      );
    const found = days(whole);
    expect(found.map(({ job }) => new Date((job.payload as Range).fromUs / 1000).toISOString())).toEqual([
      '2026-06-22T21:00:00.000Z',
      '2026-06-21T21:00:00.000Z',
      '2026-06-20T21:00:00.000Z',
    ]);
    const newest = Math.max(...found.map(({ job }) => (job.payload as Range).fromUs));
    expect(days([claim(key, 0, newest + HOUR)]).length).toBe(2);
    expect(days(whole, { comparedDays: new Set([`EURUSD ${newest}`]) }).length).toBe(2);
    expect(days(whole, { doneToday: new Set(found.flatMap((one) => one.doneKeys)) })).toEqual([]);
  });

  test('the description of a symbol is read on first sight and once a day', () => {
    const names = (o: Partial<PlanInput>) => planAccount(input(o)).housekeeping.length;
    expect(names({})).toBe(1);
    expect(names({ doneToday: new Set(['specs EURUSD']) })).toBe(0);
    expect(names({ doneToday: new Set(['specs EURUSD']), symbolsWithSpec: new Set() })).toBe(1);
  });
});

test('while nothing is known of the clock, only evidence of it and what needs no clock is planned', () => {
  const job = clockJob({ account: 'icm', listed: ['EURUSD'], configured: [], nowUs: NOW });
  const awaited = planAccount(
    input({
      clockJob: job,
      awaitsClock: true,
      symbolsWithSpec: new Set(),
      gaps: [
        {
          gapId: 'g',
          stream: 'ticks',
          feed: 'icm',
          symbol: 'EURUSD',
          timeframe: null,
          cause: 'disconnect',
          fromUs: NOW - HOUR,
          toUs: NOW - HOUR / 2,
        },
      ],
    }),
  );
  expect(awaited.housekeeping.map(({ job: { name } }) => name)).toEqual(['clock', 'symbol_specs']);
  expect([...awaited.history, ...awaited.gaps, ...awaited.rereads]).toEqual([]);
  // When the evidence is there, the rest is planned at once.
  expect(awaited.searching).toBe(true);
});

test('the clock is asked of currencies and gold as the broker spells them, recorded or not, else of what is recorded', () => {
  const listed = ['BTCUSD', 'EURUSD.sd', 'EURUSD.sd.raw', 'XAUUSDm', 'GBPUSD'];
  expect(clockSymbols(listed, ['BTCUSD'])).toEqual(['EURUSD.sd', 'GBPUSD', 'XAUUSDm', 'BTCUSD']);
  expect(clockSymbols(['BTCUSD', 'ETHUSD'], ['ETHUSD', 'NOPE'])).toEqual(['ETHUSD']);
});
