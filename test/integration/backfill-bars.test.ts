// Bars from the gateway's history into the tables: exact, once, each version kept, and nothing claimed that was not proved.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BackfillRig, DAY, HOUR, KEY, MemoryCheckpoint, scenario, START } from './backfill-rig.ts';
import { startSimulator } from '@fxtape/simulator';
import { until } from '@fxtape/testkit';
import { ownQuestDb } from '../own-servers.ts';

let rig: BackfillRig;
beforeAll(async () => {
  rig = await BackfillRig.start({ conf: ownQuestDb().conf });
});
afterAll(() => rig.close());

const iso = (us: number): string => new Date(us / 1000).toISOString();

/** The gateway's closed bars as rows of the table. */
async function truth(of: BackfillRig, symbol: string, timeframe: string, fromUs: number, toUs: number) {
  const bars = await of.control.truthBars({ symbol, timeframe, from: iso(fromUs), to: iso(toUs) });
  return bars
    .filter((bar) => bar.closed)
    .map((bar) => ({
      us: String(bar.utcMs * 1000),
      open: bar.open,
      high: bar.high,
      low: bar.low,
      close: bar.close,
      tick_volume: String(bar.tickVolume),
      spread_points: bar.spread,
      utc_offset_s: (bar.brokerMs - bar.utcMs) / 1000,
    }));
}

const COLUMNS = 'cast(ts as long) us, open, high, low, close, tick_volume, spread_points, utc_offset_s';

const stored = (of: BackfillRig, symbol: string, timeframe: string) =>
  of.rows('bars', COLUMNS, 'ts', `symbol = '${symbol}' AND timeframe = '${timeframe}'`);

test.each([
  ['M1', 3 * DAY],
  ['M5', 10 * DAY],
  ['H4', 60 * DAY],
  ['D1', 300 * DAY],
  ['W1', 700 * DAY],
  ['MN1', 1200 * DAY],
] as const)(
  '%s bars are those of the gateway, once, with one version each, and are covered',
  async (timeframe, spanUs) => {
    const fromUs = START - spanUs;
    const outcome = await rig.bars({ timeframe, fromUs, toUs: START - HOUR });
    const expected = await truth(rig, 'EURUSD', timeframe, fromUs, START - HOUR);
    expect(expected.length).toBeGreaterThan(20);
    expect(await stored(rig, 'EURUSD', timeframe)).toEqual(expected);
    expect(outcome).toMatchObject({ rows: expected.length });
    const versions = await rig.rows('bar_revisions', COLUMNS, 'ts', `timeframe = '${timeframe}'`);
    expect(versions).toEqual(expected);
    const [covered, ...others] = await rig.covered('bars', 'EURUSD', timeframe);
    expect(others).toEqual([]);
    expect(covered?.fromUs).toBe(fromUs);
    expect(covered?.toUs).toBeLessThanOrEqual(START - HOUR);
    const lastUs = Number(expected.at(-1)?.us);
    expect(covered?.toUs).toBeGreaterThan(lastUs);
  },
);

test('an unchanged re-read writes nothing', async () => {
  const job = { symbol: 'BTCUSD', fromUs: START - DAY, toUs: START - HOUR };
  await rig.bars(job);
  const tables = ['bars', 'bar_revisions', 'coverage', 'gap_events', 'rejected', 'history_limits'];
  const before = await rig.transactions(...tables);
  expect(await rig.bars({ ...job, why: 'reread' })).toMatchObject({ rows: 0 });
  expect(await rig.transactions(...tables)).toEqual(before);
});

test('the bar that is not closed is neither stored nor covered', async () => {
  // The bar before it is closed as soon as the first tick of this one came.
  const closed = async () => {
    await rig.bars({ symbol: 'BTCUSD', timeframe: 'H1', fromUs: START - DAY, toUs: START + 10 * DAY });
    const bars = await stored(rig, 'BTCUSD', 'H1');
    return Number(bars.at(-1)?.['us']) === START - HOUR;
  };
  await until(closed, { what: 'the bar before to be closed', deadlineMs: 20_000 });
  const [covered] = await rig.covered('bars', 'BTCUSD', 'H1');
  expect(covered).toEqual({ fromUs: START - DAY, toUs: START });
});

test('a bar that closed a moment ago is stored and covered when the next one is there, and that one is not', async () => {
  const live = await BackfillRig.start({
    conf: ownQuestDb().conf,
    scenario: { source: { kind: 'market', symbols: ['BTCUSD'], ticksPerSecond: 20 } },
  });
  try {
    const minute = 60_000_000;
    const fromUs = Math.floor(Date.now() / 60_000) * minute - 5 * minute;
    const seen = async () => {
      const nowUs = Date.now() * 1000;
      const openUs = Math.floor(nowUs / minute) * minute;
      if (nowUs - openUs > 50_000_000) return false;
      await live.bars({ symbol: 'BTCUSD', fromUs, toUs: openUs + minute, why: 'event' });
      const bars = await stored(live, 'BTCUSD', 'M1');
      const [covered] = await live.covered('bars', 'BTCUSD', 'M1');
      return { lastUs: Number(bars.at(-1)?.['us']), coveredUs: covered?.toUs, openUs };
    };
    const { coveredUs, lastUs, openUs } = await until(seen, { what: 'an early second', deadlineMs: 30_000 });
    expect(lastUs).toBe(openUs - minute);
    expect(coveredUs).toBe(openUs);
  } finally {
    await live.close();
  }
});

test('a weekend is nothing there, and covered; what lies before the beginning is a limit', async () => {
  const young = await BackfillRig.start({
    conf: ownQuestDb().conf,
    scenario: { history: { days: 9, timeoutBars: 100_000 } },
  });
  const saturday = Date.UTC(2026, 1, 7) * 1000;
  const weekend = { fromUs: saturday, toUs: saturday + DAY };
  expect(await young.bars(weekend)).toMatchObject({ rows: 0, note: { outcome: 'nothing_there' } });
  expect(await young.covered('bars', 'EURUSD', 'M1')).toEqual([weekend]);
  const early = { fromUs: START - 40 * DAY, toUs: START - 30 * DAY };
  expect(await young.bars(early)).toMatchObject({ rows: 0, note: { outcome: 'before_beginning' } });
  const first = await truth(young, 'EURUSD', 'M1', 0, START);
  const [limit] = await young.rows('history_limits', 'cast(ts_earliest as long) us, stream, timeframe');
  expect(limit).toEqual({ us: first[0]?.us, stream: 'bars', timeframe: 'M1' });
  expect(await young.covered('bars', 'EURUSD', 'M1')).toEqual([weekend]);
  await young.bars(early);
  expect(await young.count('history_limits')).toBe(1);
  await young.close();
});

test('on Monday the days of the weekend are proved by the bar that is not closed yet', async () => {
  const monday = await BackfillRig.start({
    conf: ownQuestDb().conf,
    scenario: {
      source: {
        kind: 'market',
        symbols: ['EURUSD'],
        ticksPerSecond: 20,
        startUtc: '2026-02-09T05:00:00.000Z',
      },
    },
  });
  const midnightUs = Date.UTC(2026, 1, 8, 22) * 1000;
  const days = { fromUs: midnightUs - 5 * DAY, toUs: midnightUs };
  await monday.bars({ timeframe: 'D1', ...days });
  expect((await stored(monday, 'EURUSD', 'D1')).length).toBe(3);
  expect(await monday.covered('bars', 'EURUSD', 'D1')).toEqual([days]);
  await monday.close();
});

test('jobs before the beginning of one stream look side by side, and each comes to its end', async () => {
  const young = await BackfillRig.start({
    conf: ownQuestDb().conf,
    scenario: { history: { days: 9, timeoutBars: 100_000 } },
  });
  const ranges = [30, 40, 50].map((days) => ({
    fromUs: START - (days + 10) * DAY,
    toUs: START - days * DAY,
  }));
  const outcomes = await Promise.all(ranges.map((range) => young.bars(range)));
  for (const outcome of outcomes) expect(outcome).toMatchObject({ note: { outcome: 'before_beginning' } });
  await young.close();
});

test('a terminal that lets 504 through halves ranges until it answers, and the rows are exact', async () => {
  const slow = await BackfillRig.start({
    conf: ownQuestDb().conf,
    scenario: { history: { days: 100, timeoutBars: 700 } },
  });
  await slow.bars({ fromUs: START - 3 * DAY, toUs: START - HOUR });
  expect(await stored(slow, 'EURUSD', 'M1')).toEqual(
    await truth(slow, 'EURUSD', 'M1', START - 3 * DAY, START - HOUR),
  );
  const firstRun = slow.asked.length;
  await slow.bars({ fromUs: START - 9 * DAY, toUs: START - 6 * DAY });
  expect(slow.asked.length - firstRun).toBeLessThan(firstRun);
  await slow.close();
});

test('a symbol that the broker does not list is refused for good, and its range stands as a gap', async () => {
  const job = { symbol: 'NOSUCH', fromUs: START - DAY, toUs: START - HOUR };
  await expect(rig.bars(job)).rejects.toMatchObject({ code: 'SYMBOL_NOT_LISTED', kind: 'terminal' });
  const [gap] = await rig.parts.gaps.gaps({ account: rig.name, openOnly: true });
  expect(gap).toMatchObject({ cause: 'refused', symbol: 'NOSUCH', ts_from: job.fromUs, ts_to: job.toUs });
  expect(gap?.evidence).toContain('SYMBOL_NOT_LISTED');
});

test('history that is not ready is tried again; at the last try it becomes a gap; what covers it later heals it', async () => {
  const body = '{"error":"MRPC","message":"CopyRates failed"}';
  const { id } = (await rig.control.fault('rest', {
    path: '/PriceHistory',
    status: 500,
    body,
    ms: 600_000,
  })) as {
    id: number;
  };
  const job = { timeframe: 'M15', fromUs: START - DAY, toUs: START - HOUR } as const;
  await expect(rig.bars(job)).rejects.toMatchObject({ code: 'HISTORY_NOT_READY', kind: 'transient' });
  const gaps = () => rig.rows('gap_events', 'state, cause, evidence', 'ts', `timeframe = 'M15'`);
  expect(await gaps()).toEqual([]);
  await expect(rig.bars(job, { attempt: 10 })).rejects.toMatchObject({ code: 'HISTORY_NOT_READY' });
  expect(await gaps()).toMatchObject([{ state: 'open', cause: 'refused' }]);
  await rig.control.command('release', { id });
  await rig.bars(job);
  expect(await gaps()).toMatchObject([{ state: 'open' }, { state: 'healed', cause: 'refused' }]);
  expect(await rig.parts.gaps.gaps({ account: rig.name, openOnly: true })).toHaveLength(1); // the symbol that is not listed
});

test('two jobs of one stream at once leave one version of each bar', async () => {
  const job = { symbol: 'XAUUSD', fromUs: START - 2 * DAY, toUs: START - HOUR };
  await Promise.all([
    rig.bars(job),
    rig.bars({ ...job, why: 'reread' }),
    rig.bars({ ...job, fromUs: START - DAY }),
  ]);
  const expected = await truth(rig, 'XAUUSD', 'M1', job.fromUs, job.toUs);
  expect(await stored(rig, 'XAUUSD', 'M1')).toEqual(expected);
  expect(await rig.rows('bar_revisions', COLUMNS, 'ts', `symbol = 'XAUUSD'`)).toEqual(expected);
});

test('a run that ends in the middle is gone on with where its last page was claimed', async () => {
  const slow = await BackfillRig.start({
    conf: ownQuestDb().conf,
    scenario: { history: { days: 100, timeoutBars: 1500 } },
  });
  const range = { fromUs: START - 9 * DAY, toUs: START - 2 * DAY };
  const checkpoint = new MemoryCheckpoint();
  const stop = new AbortController();
  checkpoint.onSave = () => {
    if (checkpoint.saved.length === 2) stop.abort(new Error('stopping'));
  };
  await expect(slow.bars(range, { checkpoint, signal: stop.signal })).rejects.toThrow();
  const cursorUs = (checkpoint.value as { cursorUs: number }).cursorUs;
  expect(cursorUs).toBeGreaterThan(range.fromUs);
  checkpoint.onSave = () => {};
  await slow.bars(range, { checkpoint });
  const expected = await truth(slow, 'EURUSD', 'M1', range.fromUs, range.toUs);
  expect(await stored(slow, 'EURUSD', 'M1')).toEqual(expected);
  expect(await slow.covered('bars', 'EURUSD', 'M1')).toEqual([range]);
  await slow.close();
});

test('whichever write is the last before a crash, the next run ends with one version of each bar', async () => {
  for (let survive = 0; survive < 4; survive++) {
    const crashed = await BackfillRig.start({
      conf: ownQuestDb().conf,
      simulator: rig.simulator,
    });
    const { writer } = crashed.parts;
    const write = writer.write.bind(writer);
    let left = survive;
    // Tables are written one after the other: the crash comes between any two of them.
    writer.write = async (rows, options) => {
      let condemned: Awaited<ReturnType<typeof write>>['condemned'] = [];
      for (const [table, some] of Object.entries(rows)) {
        if (left-- <= 0) throw new Error('crashed');
        ({ condemned } = await write({ [table]: some }, options));
      }
      return { condemned };
    };
    const job = { fromUs: START - DAY, toUs: START - HOUR };
    if (survive < 3) await expect(crashed.bars(job)).rejects.toThrow('crashed');
    left = Number.POSITIVE_INFINITY;
    await crashed.bars(job);
    const expected = await truth(crashed, 'EURUSD', 'M1', job.fromUs, job.toUs);
    expect(await stored(crashed, 'EURUSD', 'M1'), `after ${survive} writes`).toEqual(expected);
    expect(await crashed.rows('bar_revisions', COLUMNS), `after ${survive} writes`).toEqual(expected);
    expect(await crashed.covered('bars', 'EURUSD', 'M1')).toEqual([job]);
    await crashed.close({ simulator: false });
  }
});

test('a row that cannot be stored is kept aside, is a gap, and nothing else is lost by it', async () => {
  const fromUs = START - 3 * HOUR;
  const answer = await fetch(
    `http://${rig.simulator.addr}/mt5/0f9c2d4e-6a1b-4c3d-8e5f-7a9b0c1d2e3f/PriceHistory?symbol=EURUSD&timeframe=M30&from=2026-02-11T11:00:00&to=2026-02-11T12:30:00`,
    { headers: { 'x-api-key': KEY } },
  );
  const bars = (await answer.json()) as { time: string; high: unknown }[];
  expect(bars.length).toBe(4);
  (bars[1] as { high: unknown }).high = 'much';
  const { id } = (await rig.control.fault('rest', {
    path: '/PriceHistory',
    status: 200,
    body: JSON.stringify(bars),
    ms: 600_000,
  })) as { id: number };
  const job = { timeframe: 'M30', fromUs, toUs: fromUs + 2 * HOUR } as const;
  await rig.bars(job);
  await rig.bars(job);
  await rig.control.command('release', { id });
  expect(await stored(rig, 'EURUSD', 'M30')).toHaveLength(3);
  const hole = { fromUs: fromUs + HOUR / 2, toUs: fromUs + HOUR };
  expect(await rig.rows('rejected', 'kind, raw')).toMatchObject([{ kind: 'history_bar' }]);
  const gap = await rig.rows(
    'gap_events',
    'cast(ts_from as long) a, cast(ts_to as long) b, cause',
    'ts',
    `timeframe = 'M30'`,
  );
  expect(gap).toEqual([{ a: String(hole.fromUs), b: String(hole.toUs), cause: 'rejected' }]);
  expect(await rig.covered('bars', 'EURUSD', 'M30')).toEqual([
    { fromUs, toUs: hole.fromUs },
    { fromUs: hole.toUs, toUs: fromUs + 2 * HOUR },
  ]);
  await rig.bars(job);
  expect(await stored(rig, 'EURUSD', 'M30')).toHaveLength(4);
  expect(await rig.covered('bars', 'EURUSD', 'M30')).toEqual([{ fromUs, toUs: fromUs + 2 * HOUR }]);
});

test('an account that nobody has seen yet waits; one that is not configured does not', async () => {
  const simulator = await startSimulator(scenario(), { controlAddr: '127.0.0.1:0' });
  const unseen = await BackfillRig.start({ conf: ownQuestDb().conf, simulator, register: false });
  await expect(unseen.bars()).rejects.toMatchObject({ code: 'ACCOUNT_NOT_SEEN', kind: 'transient' });
  await expect(unseen.bars({ account: 'other' })).rejects.toMatchObject({
    code: 'ACCOUNT_UNKNOWN',
    kind: 'terminal',
  });
  await unseen.close();
});
