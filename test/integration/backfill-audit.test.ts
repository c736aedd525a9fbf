// Rows that stood in a table and are gone: found against their versions, put back from them, and told as gaps.
import { backfillHandlers, HEAL_TIMING } from '@fxtape/backfill';
import type { JobHandler, Payload } from '@fxtape/jobs';
import type { RowsByTable } from '@fxtape/questdb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BackfillRig, DAY, HOUR, MemoryCheckpoint, scenario, START } from './backfill-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

const MINUTE = 60_000_000;
const HOLES = [
  { fromUs: START - 30 * HOUR, toUs: START - 28 * HOUR },
  { fromUs: START - 20 * HOUR, toUs: START - 20 * HOUR + MINUTE },
];

let rig: BackfillRig;
beforeAll(async () => {
  const history = { days: 20, trader: { dealsPerDay: 40, days: 10 } };
  rig = await BackfillRig.start({ conf: ownQuestDb().conf, scenario: scenario({ history }) });
});
afterAll(() => rig.close());

const within = (us: unknown): boolean =>
  HOLES.some(({ fromUs, toUs }) => Number(us) >= fromUs && Number(us) < toUs);

/** As if rows of these hours had been taken out of the tables afterwards: QuestDB has no way to delete a row. */
function holed(): BackfillRig['parts'] {
  const { writer } = rig.parts;
  const thin = (rows: RowsByTable): RowsByTable => ({
    ...rows,
    ...(rows.bars && { bars: rows.bars.filter(({ ts }) => !within(ts)) }),
    ...(rows.deals && { deals: rows.deals.filter(({ ts }) => !within(ts)) }),
    ...(rows.positions && { positions: rows.positions.filter(({ ts }) => !within(ts)) }),
  });
  const write: typeof writer.write = (rows, options) => writer.write(thin(rows), options);
  return { ...rig.parts, writer: { write } as typeof writer };
}

const run = async <N extends 'bars' | 'deals' | 'positions' | 'audit'>(
  parts: BackfillRig['parts'],
  name: N,
  payload: Payload<N>,
) => {
  const heal = { ...HEAL_TIMING, agreeMs: 50, proveMs: 50, shortestMs: 50 };
  const handler = backfillHandlers(parts, { heal })[name] as JobHandler<Payload<N>>;
  const checkpoint = new MemoryCheckpoint();
  const signal = AbortSignal.timeout(60_000);
  const job = {
    id: name,
    name,
    payload,
    attempt: 1,
    alone: (_: string, work: (s: AbortSignal) => unknown) => work(signal),
    request: (_: string, work: (s: AbortSignal) => unknown) => work(signal),
  };
  for (;;) {
    const outcome = await handler(job as never, signal, checkpoint);
    if (!('againAfterMs' in outcome)) return outcome;
    await new Promise((resolve) => setTimeout(resolve, outcome.againAfterMs));
  }
};

const audit = () =>
  run(rig.parts, 'audit', {
    account: rig.name,
    feed: rig.feed,
    asOfUs: rig.parts.clock.nowUs(),
  });

const gaps = async () =>
  (await rig.parts.gaps.gaps({ account: rig.name }))
    .filter(({ cause }) => cause === 'undercount')
    .toSorted(
      (a, b) => String(a.stream).localeCompare(String(b.stream)) || Number(a.ts_from) - Number(b.ts_from),
    );

const bars = async () =>
  (await rig.rows('bars', 'cast(ts as long) us, open, close, tick_volume')).map((row) => JSON.stringify(row));
const versions = async () =>
  (await rig.rows('bar_revisions', 'cast(ts as long) us, open, close, tick_volume')).map((row) =>
    JSON.stringify(row),
  );
const ids = async (table: string) => {
  const id = table.startsWith('deal') ? 'deal_id' : 'position_id';
  return (await rig.rows(table, id, id)).map((row) => String(row[id]));
};

test('holes in bars, deals and positions are found, put back and told once; what is whole is left alone', async () => {
  const whole = {
    account: rig.name,
    feed: rig.feed,
    symbol: 'EURUSD',
    timeframe: 'H1',
    why: 'history',
  } as const;
  await run(rig.parts, 'bars', { ...whole, fromUs: START - 2 * DAY, toUs: START - HOUR });
  expect(await audit()).toMatchObject({ note: { gaps: 0, restored: 0 } });

  const range = { fromUs: START - 2 * DAY, toUs: START - HOUR };
  await run(holed(), 'bars', { ...whole, timeframe: 'M1', ...range });
  await run(holed(), 'deals', { account: rig.name, ...range, why: 'history' });
  await run(holed(), 'positions', { account: rig.name, ...range, why: 'history' });
  const lost = (await ids('deal_revisions')).length - (await ids('deals')).length;
  const closed = (await ids('position_revisions')).length - (await ids('positions')).length;
  expect(Math.min(lost, closed)).toBeGreaterThan(0);
  expect((await versions()).length - (await bars()).length).toBe(121);

  // The broker has none of it any more: what is put back is what was seen last.
  const silent = await rig.control.fault('gateway_away', { how: 'silent' });
  expect(await audit()).toMatchObject({ note: { gaps: 4, restored: 121 + lost + closed } });
  const told = await gaps();
  expect(told.map(({ state, stream, symbol, timeframe }) => [stream, symbol, timeframe, state])).toEqual([
    ['bars', 'EURUSD', 'M1', 'healed'],
    ['bars', 'EURUSD', 'M1', 'healed'],
    ['deals', null, null, 'healed'],
    ['positions', null, null, 'healed'],
  ]);
  expect(told.slice(0, 2).map(({ ts_from: fromUs, ts_to: toUs }) => ({ fromUs, toUs }))).toEqual(HOLES);
  expect(told.map((gap) => gap.rows_healed)).toEqual([120, 1, lost, closed]);
  expect(await bars()).toEqual(await versions());
  for (const [table, from] of [
    ['deals', 'deal_revisions'],
    ['positions', 'position_revisions'],
  ] as const)
    expect(await ids(table)).toEqual(await ids(from));
  const before = await rig.transactions('gap_events', 'bars', 'deals', 'positions');
  expect(await audit()).toMatchObject({ note: { gaps: 0, restored: 0 } });
  expect(await rig.transactions('gap_events', 'bars', 'deals', 'positions')).toEqual(before);
  await rig.control.command('release', { id: silent['id'] });
});

test('what was seen since the audit was asked for may be on its way, and is no hole', async () => {
  const payload = {
    account: rig.name,
    feed: rig.feed,
    symbol: 'EURUSD',
    timeframe: 'M5',
    why: 'history',
  } as const;
  const asOfUs = rig.parts.clock.nowUs();
  await run(holed(), 'bars', { ...payload, fromUs: START - 2 * DAY, toUs: START - HOUR });
  const now = { account: rig.name, feed: rig.feed, asOfUs };
  expect(await run(rig.parts, 'audit', now)).toMatchObject({ note: { gaps: 0 } });
  expect(await audit()).toMatchObject({ note: { gaps: 2, restored: 25 } });
});
