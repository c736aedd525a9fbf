// Rows that stood in a table and are gone: found against their versions, told as gaps, and healed like them.
import { backfillHandlers, HEAL_TIMING } from '@fxtape/backfill';
import type { JobHandler, Payload } from '@fxtape/jobs';
import type { RowsByTable } from '@fxtape/questdb';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { BackfillRig, DAY, HOUR, MemoryCheckpoint, scenario, START } from './backfill-rig.ts';

const MINUTE = 60_000_000;
const HOLES = [
  { fromUs: START - 30 * HOUR, toUs: START - 28 * HOUR },
  { fromUs: START - 20 * HOUR, toUs: START - 20 * HOUR + MINUTE },
];

let rig: BackfillRig;
beforeAll(async () => {
  const history = { days: 20, trader: { dealsPerDay: 40, days: 10 } };
  rig = await BackfillRig.start({ conf: inject('questdb').conf, scenario: scenario({ history }) });
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
  });
  const write: typeof writer.write = (rows, options) => writer.write(thin(rows), options);
  return { ...rig.parts, writer: { write } as typeof writer };
}

const run = async <N extends 'bars' | 'deals' | 'heal' | 'audit'>(
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
const ids = async (table: string) =>
  (await rig.rows(table, 'deal_id', 'deal_id')).map(({ deal_id: id }) => String(id));

test('holes in the middle of bars and deals are found, told once, and healed; what is whole is left alone', async () => {
  const whole = {
    account: rig.name,
    feed: rig.feed,
    symbol: 'EURUSD',
    timeframe: 'H1',
    why: 'history',
  } as const;
  await run(rig.parts, 'bars', { ...whole, fromUs: START - 2 * DAY, toUs: START - HOUR });
  expect(await audit()).toMatchObject({ note: { gaps: 0, missing: 0 } });

  const range = { fromUs: START - 2 * DAY, toUs: START - HOUR };
  await run(holed(), 'bars', { ...whole, timeframe: 'M1', ...range });
  await run(holed(), 'deals', { account: rig.name, ...range, why: 'history' });
  const lost = (await ids('deal_revisions')).length - (await ids('deals')).length;
  expect(lost).toBeGreaterThan(0);
  expect((await versions()).length - (await bars()).length).toBe(121);

  expect(await audit()).toMatchObject({ note: { gaps: 3, missing: 121 + lost } });
  const opened = await gaps();
  expect(opened.map(({ state, stream, symbol, timeframe }) => [stream, symbol, timeframe, state])).toEqual([
    ['bars', 'EURUSD', 'M1', 'open'],
    ['bars', 'EURUSD', 'M1', 'open'],
    ['deals', null, null, 'open'],
  ]);
  expect(opened.slice(0, 2).map(({ ts_from: fromUs, ts_to: toUs }) => ({ fromUs, toUs }))).toEqual(HOLES);
  expect(opened.map((gap) => gap.missing_estimate)).toEqual([120, 1, lost]);

  // Asked again, nothing is told twice.
  const before = await rig.transactions('gap_events');
  await audit();
  expect(await rig.transactions('gap_events')).toEqual(before);

  for (const gap of opened) {
    await run(rig.parts, 'heal', {
      account: rig.name,
      gapId: gap.gap_id,
      stream: gap.stream as 'bars' | 'deals',
      feed: gap.feed,
      symbol: gap.symbol,
      timeframe: gap.timeframe as 'M1' | null,
      fromUs: gap.ts_from as number,
      toUs: gap.ts_to as number,
    });
  }
  expect((await gaps()).map(({ state }) => state)).toEqual(['healed', 'healed', 'healed']);
  expect(await bars()).toEqual(await versions());
  expect(await ids('deals')).toEqual(await ids('deal_revisions'));
  expect(await audit()).toMatchObject({ note: { gaps: 0, missing: 0 } });
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
  expect(await audit()).toMatchObject({ note: { gaps: 2, missing: 25 } });
});
