// Ticks from before anything was recorded: only in the language of the live rows, never where live rows or a gap are, and what the gateway
// does not give stands as a gap.
import type { Payload } from '@fxtape/jobs';
import { intersect, type Range, subtract } from '@fxtape/market';
import { until } from '@fxtape/testkit';
import { afterEach, expect, it } from 'vitest';
import { HealRig, Kept, RULE } from './heal-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

const MINUTE = 60_000_000;
const START = Date.UTC(2026, 5, 10, 12) * 1000;
const LIVE = START + 10 * MINUTE;
const END = START + 20 * MINUTE;
let rig: HealRig;
afterEach(async () => {
  await rig?.close();
});

/** A market of 20 minutes, recorded from the tenth on. */
async function start(history: object): Promise<void> {
  rig = await HealRig.start(
    ownQuestDb().conf,
    {
      seed: 13,
      source: {
        kind: 'market',
        ticksPerSecond: 6,
        speed: 900,
        startUtc: new Date(START / 1000).toISOString(),
        symbols: ['EURUSD', 'BTCUSD'],
      },
      history,
    },
    { agreeMs: 600, shortestMs: 600 },
  );
  await until(() => (rig.made('EURUSD').at(-1)?.utcMs ?? 0) * 1000 > END, {
    what: 'ticks',
    deadlineMs: 30_000,
  });
  await rig.sim.pause();
  rig.sim.setClock({ speed: 1 });
  await rig.record('EURUSD', { fromUs: LIVE, toUs: END }, []);
}

const payload = (range: Range): Payload<'ticks'> => {
  const { account, feed } = rig;
  return { account, feed, symbol: 'EURUSD', ...range, gapIds: [], why: 'history' };
};
const key = () => ({
  account: rig.account,
  feed: rig.feed,
  symbol: 'EURUSD',
  stream: 'ticks',
  timeframe: null,
});
const gaps = () => rig.gapsReader.gaps({ account: rig.account, stream: 'ticks' });

it.each(['full', 'dates_only', 'dates_apart', 'dates_exclusive'] as const)(
  'is added and covered, once, with bounds of kind %s',
  async (quoteTicks) => {
    await start({ quoteTicks });
    const range = { fromUs: START, toUs: LIVE + 2 * MINUTE };
    const checkpoint = new Kept();
    const done = await rig.run('ticks', payload(range), { checkpoint });
    const before = { fromUs: START, toUs: LIVE };
    expect(done).toMatchObject({ rows: rig.made('EURUSD', before).length });
    expect(await rig.stored('EURUSD', { fromUs: START, toUs: END })).toEqual(
      rig.truth('EURUSD', { fromUs: START, toUs: END }),
    );
    expect(await rig.reader.coverageOf(key(), 'history', range)).toEqual([before]);
    rig.restart();
    expect(await rig.run('ticks', payload(range), { checkpoint: new Kept() })).toMatchObject({ rows: 0 });
    expect(await gaps()).toEqual([]);
  },
);

it('leaves a gap of the live stream to healing', async () => {
  await start({ quoteTicks: 'full' });
  const gap = { fromUs: START + 4 * MINUTE, toUs: START + 6 * MINUTE };
  await rig.open({ ...gap, stream: 'ticks', symbol: 'EURUSD' });
  await rig.run('ticks', payload({ fromUs: START, toUs: LIVE }));
  expect(await rig.stored('EURUSD', gap)).toEqual([]);
  const covered = await rig.reader.coverageOf(key(), 'history', { fromUs: START, toUs: LIVE });
  expect(covered).toEqual([
    { fromUs: START, toUs: gap.fromUs },
    { fromUs: gap.toUs, toUs: LIVE },
  ]);
});

it('is not added to what another account recorded of the feed, nor where it left a gap', async () => {
  await start({ quoteTicks: 'full' });
  const live = { fromUs: START + 3 * MINUTE, toUs: START + 6 * MINUTE };
  const gap = { fromUs: START + 6 * MINUTE, toUs: START + 7 * MINUTE };
  // Its gateway merged ticks: that is how it was recorded.
  const merged = rig.made('EURUSD', live).filter((_, i) => i % 2 === 0);
  const predecessor = { account: `${rig.account}-before`, feed: rig.feed, symbol: 'EURUSD', stream: 'ticks' };
  const range_id = `live-${live.fromUs}`;
  const claimed = { timeframe: null, range_id, source: 'live', rows: 1, rule_id: RULE };
  await rig.write({
    ticks: merged.map((line) => rig.tick(line, 'live')),
    coverage: [{ ts: live.fromUs, ts_to: live.toUs, ...predecessor, ...claimed }],
    gap_events: [
      {
        ts: gap.toUs,
        gap_id: `${predecessor.account}-1`,
        writer: 'backfill',
        ...predecessor,
        event: 'state',
        ts_from: gap.fromUs,
        ts_to: gap.toUs,
        cause: 'disconnect',
        state: 'unrecoverable',
      },
    ],
  });
  const range = { fromUs: START, toUs: LIVE };
  await rig.run('ticks', payload(range));
  expect(await rig.stored('EURUSD', live)).toHaveLength(merged.length);
  expect(await rig.stored('EURUSD', gap)).toEqual([]);
  for (const rest of subtract([range], [live, gap]))
    expect(await rig.stored('EURUSD', rest)).toEqual(rig.truth('EURUSD', rest));
});

it('an open gap that another account left in the feed is healed by who records it now', async () => {
  await start({ quoteTicks: 'full' });
  const id = await rig.open({
    fromUs: LIVE + 4 * MINUTE,
    toUs: LIVE + 5 * MINUTE,
    stream: 'ticks',
    symbol: 'EURUSD',
  });
  const { ts_updated: ts, ...row } = await rig.gap(id);
  const foreign = { ...row, gap_id: `${id}-foreign`, account: `${rig.account}-before`, writer: 'collector' };
  await rig.write({ gap_events: [{ ts, ...foreign, event: 'ended' }] });
  const heal = { stream: 'ticks', feed: rig.feed, symbol: 'EURUSD', timeframe: null } as const;
  const range = { fromUs: LIVE + 4 * MINUTE, toUs: LIVE + 5 * MINUTE };
  const done = await rig.run('heal', { account: rig.account, gapId: foreign.gap_id, ...heal, ...range });
  expect(done).toMatchObject({ note: { state: 'healed' } });
});

it('in another language it stands as a refused gap, and nothing is written', async () => {
  await start({ quoteTicks: 'full' });
  rig.sim.fault({ kind: 'history_whole_seconds' });
  const range = { fromUs: START, toUs: LIVE };
  const done = await rig.run('ticks', payload(range));
  expect(done).toMatchObject({ rows: 0, note: { refused: 'history_disagrees' } });
  const [gap] = await gaps();
  expect(gap).toMatchObject({ cause: 'refused', state: 'unrecoverable', ts_from: START, ts_to: LIVE });
  expect(JSON.parse(gap?.evidence ?? '')).toMatchObject({ reason: 'history_disagrees' });
  expect(await rig.stored('EURUSD', range)).toEqual([]);
  expect(await rig.reader.coverageOf(key(), 'history', range)).toEqual([]);
});

it('without the route there is no gap: it is a fact of the account, told once and taken back', async () => {
  await start({ quoteTicks: 'full' });
  const range = { fromUs: START, toUs: LIVE };
  const off = rig.sim.fault({ kind: 'rest', path: '/QuoteTicks', status: 404 });
  for (let n = 0; n < 2; n++) {
    const done = await rig.run('ticks', payload(range));
    expect(done).toMatchObject({ rows: 0, note: { not_offered: 'no_quote_ticks' } });
    rig.restart();
  }
  expect(await gaps()).toEqual([]);
  const rows = `SELECT evidence FROM history_limits WHERE account = '${rig.account}' ORDER BY ts`;
  const said = async () =>
    (await rig.http.exec(rows)).dataset.map(([text]) => JSON.parse(String(text)).offered);
  expect(await said()).toEqual([false]);
  rig.sim.release({ id: off.id });
  rig.restart();
  await rig.run('ticks', payload(range));
  expect(await said()).toEqual([false, true]);
  expect(await rig.stored('EURUSD', range)).toEqual(rig.truth('EURUSD', range));
});

it.each([
  ['begins late', 0, 4],
  ['has a hole', 3, 7],
  ['stops early', 6, 10],
] as const)(
  'where history %s the broker’s bars tell, and it is refused there until it has all',
  async (_what, from, to) => {
    await start({ quoteTicks: 'dates_only' });
    const range = { fromUs: START, toUs: LIVE };
    const hole = { fromUs: START + from * MINUTE, toUs: START + to * MINUTE };
    const iso = (us: number): string => new Date(us / 1000).toISOString();
    rig.sim.fault({ kind: 'history_hole', from: iso(hole.fromUs), to: iso(hole.toUs) });
    await rig.run('ticks', payload(range));
    const around = subtract([range], [hole]);
    for (const part of around) expect(await rig.stored('EURUSD', part)).toEqual(rig.truth('EURUSD', part));
    const claimed = await rig.reader.coverageOf(key(), 'history', range);
    expect(intersect(claimed, [hole])).toEqual([]);
    const [gap, ...more] = await gaps();
    expect(more).toEqual([]);
    expect(gap).toMatchObject({ cause: 'refused', state: 'unrecoverable' });
    // Nothing between is neither claimed nor told.
    expect(subtract([range], [...claimed, { fromUs: gap?.ts_from ?? 0, toUs: gap?.ts_to ?? 0 }])).toEqual([]);
    expect(JSON.parse(gap?.evidence ?? '{}')).toMatchObject({ reason: 'history_lacks' });
    expect(gap?.missing_estimate).toBeGreaterThan(400);
    rig.sim.release();
    rig.restart();
    await rig.run('ticks', payload(range));
    expect(await rig.stored('EURUSD', range)).toEqual(rig.truth('EURUSD', range));
    expect(await rig.reader.coverageOf(key(), 'history', range)).toEqual([range]);
    expect((await gaps()).map(({ state }) => state)).toEqual(['healed']);
  },
);

it('where history begins later than the broker’s bars, the rest is refused', async () => {
  await start({ quoteTicks: 'full' });
  const range = { fromUs: START - 120 * MINUTE, toUs: LIVE };
  await rig.run('ticks', payload(range));
  expect(await rig.stored('EURUSD', range)).toEqual(rig.truth('EURUSD', range));
  const first = (rig.made('EURUSD')[0]?.utcMs ?? 0) * 1000;
  const [gap] = await gaps();
  expect(gap).toMatchObject({
    cause: 'refused',
    state: 'unrecoverable',
    ts_from: range.fromUs,
    ts_to: first,
  });
  expect(JSON.parse(gap?.evidence ?? '')).toMatchObject({ reason: 'history_lacks' });
  expect(gap?.missing_estimate).toBeGreaterThan(100);
  expect(await rig.reader.coverageOf(key(), 'history', range)).toEqual([{ fromUs: first, toUs: LIVE }]);
});

it('waits while too little is recorded to hold it against', async () => {
  await start({ quoteTicks: 'full' });
  const payloadOfOther = { ...payload({ fromUs: START, toUs: LIVE }), symbol: 'BTCUSD' };
  expect(await rig.run('ticks', payloadOfOther, { runs: 5 })).toBeNull();
  expect(await rig.stored('BTCUSD', { fromUs: START, toUs: END })).toEqual([]);
});
