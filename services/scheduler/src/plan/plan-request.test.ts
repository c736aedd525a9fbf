import { streamId, unite } from '@fxtape/market';
import { describe, expect, test } from 'vitest';
import { bars, claim, endOf, input, NOW, rangeOf, SINCE } from '../../testing/plan-rig.ts';
import { DAY_US } from './grid.ts';
import type { ConfiguredSince, PlanInput } from './plan-input.ts';
import { planRequested } from './plan-request.ts';

describe('a request', () => {
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
  const plan = (o: object, more: Partial<PlanInput> = {}) =>
    [...planRequested({ ...asked, ...o }, input(more), ['EURUSD', 'XAUUSD'])].map(({ job }) => job);

  test('for what is claimed reads it once more when that is asked for, but for live ticks', () => {
    const range = { fromUs: NOW - 20 * DAY_US, toUs: NOW - 5 * DAY_US };
    const ticks: ConfiguredSince = { stream: 'ticks', symbol: 'EURUSD', timeframe: null, sinceUs: SINCE };
    const h1 = bars('EURUSD', 'H1');
    const coverage = [claim(h1, 0, NOW), claim(ticks, 0, SINCE), claim(ticks, SINCE, NOW, 'live')];
    const streams = [h1, ticks];
    expect(plan(range, { coverage, streams })).toEqual([]);
    const again = plan({ ...range, again: true }, { coverage, streams });
    const of = (name: string) => unite(again.filter((job) => job.name === name).map(rangeOf));
    expect(of('bars')).toEqual([range]);
    expect(of('ticks')).toEqual([{ fromUs: range.fromUs, toUs: SINCE }]);
    const one = plan({ ...range, again: true, timeframe: 'H1' }, { coverage, streams });
    expect(one.map((job) => job.name)).toEqual(one.map(() => 'bars'));
  });

  test('for a range goes beyond the configured depth, and leaves out what is claimed', () => {
    const range = { fromUs: NOW - 400 * DAY_US, toUs: NOW - 390 * DAY_US };
    expect(unite(plan(range).map(rangeOf))).toEqual([range]);
    const coverage = [claim(bars('EURUSD', 'M1'), range.fromUs, range.fromUs + DAY_US)];
    expect(unite(plan(range, { coverage }).map(rangeOf))).toEqual([
      { ...range, fromUs: range.fromUs + DAY_US },
    ]);
  });

  test('is never clamped to the beginning that was learned', () => {
    const key = bars('EURUSD', 'D1');
    const begin = SINCE - 300 * DAY_US;
    const known = {
      streams: [key],
      coverage: [claim(key, begin, NOW)],
      earliest: new Map([[streamId(key), begin]]),
    };
    const from = (o: object): number => Math.min(...plan(o, known).map((job) => rangeOf(job).fromUs));
    expect(from({ fromUs: begin - 900 * DAY_US })).toBe(begin - 900 * DAY_US);
    // Without a range it is looked for beyond what is known.
    expect(from({})).toBeLessThan(begin);
  });

  test('may name a timeframe and a symbol that are not recorded, if the broker lists it', () => {
    const range = { fromUs: NOW - DAY_US, toUs: NOW };
    const [job] = plan({ ...range, timeframe: 'H1', symbol: 'XAUUSD' });
    expect(job?.payload).toMatchObject({ symbol: 'XAUUSD', timeframe: 'H1', toUs: endOf('H1') });
    expect(plan({ ...range, timeframe: 'H1', symbol: 'NOPE' })).toEqual([]);
    expect(
      plan({ ...range, timeframe: 'H1' }).map(({ payload }) => 'symbol' in payload && payload.symbol),
    ).toEqual(['EURUSD']);
  });
});
