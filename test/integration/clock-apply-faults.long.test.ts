// What can go wrong around a correction of the tables, on a real QuestDB: rows that come at the last moment, copies that are not what a killed
// run left, a second correction beside the first, a table that is suspended, rows that were replaced and are still missed.
import { ApplyJournal, dropOldTables, strandedIds, takeBack } from '@fxtape/cli/clock-apply';
import { parseClockRule, type RowInput } from '@fxtape/market';
import { sqlTimestamp, tableNames } from '@fxtape/questdb';
import { expect, test } from 'vitest';
import { clock, http, log, record, SERVER, settled, stored, write } from './clock-apply-rig.ts';
import {
  applyOf,
  beginKilledAt,
  correctTo,
  expectStored,
  HOUR_US,
  isUnfinished,
  lateTick,
  lateTicks,
  plan,
  RIGHT,
  sql,
  SUMMER,
  WRONG,
} from './clock-apply-runs.ts';

test('rows that somebody writes between any two steps of the pause are corrected, too', async () => {
  const expected = await record(WRONG, RIGHT, 5);
  const written: ReturnType<typeof lateTick>[] = [];
  const steps = new Set<string>();
  await correctTo(RIGHT, false, async (step) => {
    if (steps.has(step) || !/^(paused|checking|writing|swapping|away ticks)/.test(step)) return;
    steps.add(step);
    const late = lateTick(written.length);
    written.push(late);
    // Its name is away: a statement that began before ends in the table all the same.
    const name = (await tableNames(http)).find((each) => each.startsWith('ticks_before_')) ?? 'ticks';
    const { ask, bid, feed, source, symbol, ts, ts_recv, utc_offset_s } = late.wrong;
    await http.exec(
      `INSERT INTO ${name} (ts, feed, symbol, ts_recv, bid, ask, utc_offset_s, source) VALUES (${sqlTimestamp(ts)}, '${feed}', '${symbol}', ${sqlTimestamp(ts_recv)}, ${bid}, ${ask}, ${utc_offset_s}, '${source}')`,
    );
  });
  expect(written.length).toBeGreaterThan(5);
  expect(await lateTicks()).toEqual(written.map(({ right }) => right));
  const others = new Map([...expected].filter(([table]) => table !== 'ticks'));
  await expectStored(others);
});

test('copies that are absent, or have too few rows or too many, are made anew', async () => {
  const expected = await record(WRONG, RIGHT, 6);
  const { state } = await beginKilledAt('swapping');
  const copy = (table: string): string => `${table}_corrected_${state.id}`;
  // As a run leaves them that was killed while it took the correction back, or a power cut.
  for (const table of ['bars', 'deals', 'coverage']) await http.exec(`DROP TABLE ${copy(table)}`);
  await http.exec(`TRUNCATE TABLE ${copy('ticks')}`);
  await http.exec(
    `INSERT INTO ${copy('bar_events')} SELECT dateadd('d', 400, ts) ts, feed, symbol, timeframe, ts_recv, open, high, low, close, tick_volume, real_volume, spread_points, utc_offset_s FROM bar_events LIMIT 10`,
  );
  await http.exec(
    `INSERT INTO ${copy('bar_revisions')} SELECT dateadd('s', 1, ts) ts, feed, symbol, timeframe, ts_seen, open, high, low, close, tick_volume, real_volume, spread_points, utc_offset_s FROM bar_revisions LIMIT 10`,
  );
  const again = applyOf();
  const unfinished = await again.unfinished();
  expect(unfinished?.id).toBe(state.id);
  await again.run(unfinished ?? state);
  await expectStored(expected);
});

test('a second correction from another data folder waits for nobody and uses no pause but its own', async () => {
  const expected = await record(WRONG, RIGHT, 7);
  const { servers, state, tables } = await beginKilledAt('writing coverage');
  // A second one that looked before the first was there.
  const second = applyOf({ owner: 'elsewhere' });
  await expect(second.begin(servers, tables)).rejects.toMatchObject({ code: 'CLOCK_APPLY_ELSEWHERE' });
  await expect(second.unfinished()).rejects.toMatchObject({ code: 'CLOCK_APPLY_ELSEWHERE' });
  // It withdrew, and the first one's pause lasts.
  const journal = new ApplyJournal({ http, clock });
  const steps = await journal.steps();
  expect(steps.find(({ applyId }) => applyId === state.id)?.step).toBe('paused');
  expect(steps.filter(({ applyId }) => applyId !== state.id).map(({ step }) => step)).toEqual(['abandoned']);
  const again = applyOf();
  await again.run((await again.unfinished()) ?? state);
  await expectStored(expected);
});

test('a run whose correction was ended by somebody else replaces nothing', async () => {
  await record(WRONG, RIGHT, 8);
  const before = await stored();
  const journal = new ApplyJournal({ http, clock });
  const correcting = correctTo(RIGHT, false, async (step) => {
    if (step !== 'writing coverage') return;
    const [newest] = await journal.steps();
    await takeBack({ http, clock, journal, log }, newest?.applyId ?? '');
  });
  await expect(correcting).rejects.toThrow();
  expect(await stored()).toEqual(before);
});

test.each(['filling ticks', 'paused', 'swapping', 'away ticks', 'away coverage', 'swapped ticks', 'swapped'])(
  'killed at "%s" and put back: as if nothing had been begun, and a power cut may have taken its rows',
  async (step) => {
    await record(WRONG, RIGHT, 9);
    const before = await stored();
    const { state } = await beginKilledAt(step);
    const journal = new ApplyJournal({ http, clock });
    const isAway = (await tableNames(http)).some((name) => name.includes('_before_'));
    if (isAway) await http.exec('TRUNCATE TABLE clock_applies');
    await settled('clock_applies');
    const [id = state.id] = await strandedIds(http, journal);
    expect(id).toBe(state.id);
    expect(await takeBack({ http, clock, journal, log }, id)).toEqual([]);
    expect(await stored()).toEqual(before);
    expect(await isUnfinished()).toBe(false);
    expect((await tableNames(http)).filter((name) => name.includes(state.id))).toEqual([]);
    expect(Number((await sql('SELECT count() FROM gaps'))[0]?.[0])).toBe(0);
  },
);

test('rows that somebody wrote into a copy which had taken a name are kept when everything is put back', async () => {
  await record(WRONG, RIGHT, 10);
  const { state } = await beginKilledAt('swapped');
  await write('ticks', [lateTick(1).wrong as RowInput<'ticks'>]);
  const journal = new ApplyJournal({ http, clock });
  const kept = await takeBack({ http, clock, journal, log }, state.id);
  expect(kept).toEqual([`ticks_written_${state.id}`]);
  expect(await sql(`SELECT count() FROM ${kept[0] ?? ''} WHERE symbol = 'LATE'`)).toEqual([['1']]);
});

test('a table that somebody made while its name was away is kept when everything is put back', async () => {
  await record(WRONG, RIGHT, 18);
  const before = await stored();
  const { state } = await beginKilledAt('away ticks');
  await http.exec(`CREATE TABLE ticks (LIKE ticks_before_${state.id})`);
  const again = applyOf();
  await expect(again.run((await again.unfinished()) ?? state)).rejects.toMatchObject({
    code: 'CLOCK_APPLY_STATE',
  });
  const journal = new ApplyJournal({ http, clock });
  expect(await takeBack({ http, clock, journal, log }, state.id)).toEqual([`ticks_made_${state.id}`]);
  expect(await stored()).toEqual(before);
});

test("a checkpoint that a killed run left is ended, and somebody else's is left alone", async () => {
  const expected = await record(WRONG, RIGHT, 19);
  const isMade = async () => (await sql('SELECT in_progress FROM checkpoint_status()'))[0]?.[0];
  const { state } = await beginKilledAt('paused');
  const journal = new ApplyJournal({ http, clock });
  await journal.load(state.id);
  await journal.save({ ...state, syncing: true });
  await http.exec('CHECKPOINT CREATE');
  const again = applyOf();
  await again.run((await again.unfinished()) ?? state);
  await expectStored(expected);
  expect(await isMade()).toBe(false);
  await http.exec('CHECKPOINT CREATE');
  try {
    await correctTo(parseClockRule('UTC+5h'));
    expect(await isMade()).toBe(true);
  } finally {
    await http.exec('CHECKPOINT RELEASE');
  }
});

test('a copy that is suspended never takes a name', async () => {
  const expected = await record(WRONG, RIGHT, 11);
  let copy = '';
  const apply = applyOf({
    onStep: async (step) => {
      if (step !== 'writing coverage') return;
      copy = (await tableNames(http)).find((name) => name.startsWith('bars_corrected_')) ?? '';
      await http.exec(`ALTER TABLE ${copy} SUSPEND WAL`);
    },
  });
  const { servers, tables } = await plan(RIGHT);
  const state = await apply.begin(servers, tables);
  await expect(apply.run(state)).rejects.toMatchObject({ code: 'QDB_SUSPENDED' });
  expect((await tableNames(http)).filter((name) => name.includes('_before_'))).toEqual([]);
  await http.exec(`ALTER TABLE ${copy} RESUME WAL`);
  const again = applyOf();
  await again.run((await again.unfinished()) ?? state);
  await expectStored(expected);
});

test("a person's own columns are carried over, and refused by name where they cannot be", async () => {
  await record(WRONG, RIGHT, 12);
  await http.exec('ALTER TABLE ticks ADD COLUMN "my note" VARCHAR');
  await http.exec('ALTER TABLE deals ADD COLUMN mine DOUBLE');
  await settled('ticks', 'deals');
  await http.exec(`UPDATE ticks SET "my note" = concat('n', cast(cast(bid as int) as varchar))`);
  await http.exec('UPDATE deals SET mine = deal_id * 1.5');
  await settled('ticks', 'deals');
  const noted = 'SELECT bid, feed, "my note" FROM ticks ORDER BY bid, feed';
  const notes = await sql(noted);
  const mine = await sql('SELECT deal_id, mine FROM deals ORDER BY deal_id');
  // Made while the copies are filled.
  await correctTo(RIGHT, false, async (step) => {
    if (step === 'pausing') await http.exec('ALTER TABLE bar_events ADD COLUMN later INT');
  });
  // Rows of an hour that occurs twice are left out.
  const rest = await sql(noted);
  expect(rest.length).toBeGreaterThan(notes.length / 2);
  expect(notes).toEqual(expect.arrayContaining(rest));
  const deals = await sql('SELECT deal_id, mine FROM deals ORDER BY deal_id');
  expect(deals.length).toBeGreaterThan(mine.length / 2);
  expect(mine).toEqual(expect.arrayContaining(deals));
  expect(await sql(`SELECT "column" FROM table_columns('bar_events') WHERE "column" = 'later'`)).toEqual([
    ['later'],
  ]);
  await http.exec('ALTER TABLE coverage ADD COLUMN mine INT');
  await settled('coverage');
  const { affected } = await plan(parseClockRule('UTC+5h'));
  expect(affected.find(({ table }) => table === 'coverage')?.own).toEqual(['mine']);
});

test('of bars, deals and positions the version that was seen last holds, whichever rule had read it', async () => {
  await record(WRONG, RIGHT, 13);
  const bar = { feed: 'f', symbol: 'NEWEST', timeframe: 'H1', utc_offset_s: 10_800 };
  const deal = { account: 'icm', deal_id: 4711, utc_offset_s: 10_800 };
  const [seen, later] = [SUMMER + 24 * HOUR_US, SUMMER + 48 * HOUR_US];
  // Read rightly first, and again with the wrong rule: the broker had corrected it by then.
  const right = { ...bar, ts: SUMMER, close: 1, ts_seen: seen };
  const wrong = { ...bar, ts: SUMMER + HOUR_US, utc_offset_s: 7200, close: 2, ts_seen: later };
  await write('bars', [right, wrong]);
  await write('bar_revisions', [right, wrong]);
  const first = { ...deal, ts: SUMMER, profit: 1, ts_seen: seen };
  const second = { ...deal, ts: SUMMER + HOUR_US, utc_offset_s: 7200, profit: 2, ts_seen: later };
  await write('deals', [first, second]);
  await write('deal_revisions', [first, second]);
  const position = { account: 'icm', position_id: 4711 };
  const [opened, reopened] = [
    { ...position, ts: SUMMER, utc_offset_s: 10_800, ts_close: SUMMER + HOUR_US, profit: 1, ts_seen: seen },
    {
      ...position,
      ts: SUMMER + HOUR_US,
      utc_offset_s: 7200,
      ts_close: SUMMER + 2 * HOUR_US,
      profit: 2,
      ts_seen: later,
    },
  ];
  await write('positions', [opened]);
  await write('position_revisions', [opened, reopened]);
  await settled('bars', 'bar_revisions', 'deals', 'deal_revisions', 'positions', 'position_revisions');
  await correctTo(RIGHT);
  expect(
    await sql(
      'SELECT cast(ts as long), cast(ts_close as long), profit FROM positions WHERE position_id = 4711',
    ),
  ).toEqual([[String(SUMMER), String(SUMMER + HOUR_US), 2]]);
  expect(await sql(`SELECT cast(ts as long), close FROM bars WHERE symbol = 'NEWEST'`)).toEqual([
    [String(SUMMER), 2],
  ]);
  expect(await sql('SELECT cast(ts as long), profit FROM deals WHERE deal_id = 4711')).toEqual([
    [String(SUMMER), 2],
  ]);
});

test('every feed that a server ever filled is corrected, and what cannot be told is named', async () => {
  await record(WRONG, RIGHT, 14);
  const said = { account_id: 'x', login: 1, currency: 'USD', ts: SUMMER - HOUR_US };
  await write('accounts', [
    { ...said, account: 'icm', server: SERVER, feed: 'before' },
    { ...said, account: 'one', server: 'One', feed: 'shared' },
    { ...said, account: 'two', server: 'Two', feed: 'shared' },
  ]);
  const claim = { account: 'icm', feed: 'claimed', symbol: 'LATE', stream: 'ticks', timeframe: null };
  await write('coverage', [
    {
      ...claim,
      ts: SUMMER,
      ts_to: SUMMER + HOUR_US,
      range_id: 'r',
      source: 'live',
      rows: 1,
      rule_id: WRONG.id,
    },
  ]);
  const feeds = ['f', 'before', 'claimed', 'shared', 'strange'];
  await write(
    'ticks',
    feeds.map((feed, i) => ({ ...lateTick(i).wrong, feed }) as RowInput<'ticks'>),
  );
  await settled('ticks', 'accounts', 'coverage');
  const { leftAlone } = await plan(RIGHT);
  expect(leftAlone.map(({ name, why }) => `${name}: ${why}`).toSorted()).toEqual([
    'g: no clock rule was decided for Elsewhere',
    'shared: several servers filled it: One, Two',
    'strange: no account is known to have filled it',
  ]);
  await correctTo(RIGHT);
  const rows = await sql("SELECT feed, utc_offset_s FROM ticks WHERE symbol = 'LATE' ORDER BY bid");
  expect(rows).toEqual(feeds.map((feed, i) => [feed, i < 3 ? 10_800 : 7200]));
});

test('a position that was opened in an hour that occurs twice is a gap, and is claimed no more', async () => {
  await record(WRONG, RIGHT, 15);
  // 03:30 on the broker's clock, on the day when it is set back from 04:00 to 03:00.
  const opened = Date.UTC(2024, 9, 27, 1, 30) * 1000;
  const close = Date.UTC(2024, 9, 28, 12) * 1000;
  const row = { account: 'icm', utc_offset_s: 7200, ts_seen: close };
  await write('positions', [
    { ...row, ts: opened, position_id: 1001, ts_close: close },
    // Nothing tells either when this one was closed.
    { ...row, ts: opened, position_id: 1002, ts_close: opened + 20 * 60_000_000 },
  ]);
  await settled('positions');
  await correctTo(RIGHT);
  expect(await sql('SELECT position_id FROM positions WHERE position_id > 1000')).toEqual([]);
  const gaps = await sql(
    "SELECT cast(ts_from as long) a, cast(ts_to as long) b, cause, state FROM gaps WHERE stream = 'positions' ORDER BY a",
  );
  const midnight = Date.UTC(2024, 9, 27) * 1000;
  expect(gaps).toEqual([
    [String(midnight), String(midnight + 2 * HOUR_US), 'refused', 'open'],
    [String(close), String(close + 1000), 'refused', 'open'],
  ]);
  const claimed = await sql(
    `SELECT count() FROM coverage WHERE stream = 'positions' AND ts <= ${sqlTimestamp(close)} AND ts_to > ${sqlTimestamp(close)}`,
  );
  expect(claimed).toEqual([['0']]);
});

test('--drop-old puts back what is missing, and keeps a small table that somebody wrote into', async () => {
  const expected = await record(WRONG, RIGHT, 16);
  const { state } = await correctTo(RIGHT);
  const late = lateTick(1);
  // A statement that began before the names changed hands ends in the old table.
  const { ask, bid, feed, source, symbol, ts, ts_recv, utc_offset_s } = late.wrong;
  await http.exec(
    `INSERT INTO ticks_before_${state.id} (ts, feed, symbol, ts_recv, bid, ask, utc_offset_s, source) VALUES (${sqlTimestamp(ts)}, '${feed}', '${symbol}', ${sqlTimestamp(ts_recv)}, ${bid}, ${ask}, ${utc_offset_s}, '${source}')`,
  );
  // Rows that are in no corrected table any more, whyever.
  await http.exec("ALTER TABLE bars DROP PARTITION WHERE ts > '2025-06-01'");
  await settled('bars');
  const journal = new ApplyJournal({ http, clock });
  const { servers } = await plan(RIGHT);
  const dropped = await dropOldTables({ http, clock, journal, servers });
  const putBack = new Map(dropped.map((each) => [each.name.replace(/_before_.*/, ''), each.putBack]));
  expect(putBack.get('ticks')).toBe(1);
  expect(putBack.get('bars')).toBeGreaterThan(50);
  expect(putBack.get('deals')).toBe(0);
  expect(await lateTicks()).toEqual([late.right]);
  const others = new Map([...expected].filter(([table]) => table !== 'ticks'));
  await expectStored(others);
});

test('--drop-old keeps a small table that somebody wrote into after it was replaced', async () => {
  await record(WRONG, RIGHT, 17);
  const { state } = await correctTo(RIGHT);
  await http.exec(
    `INSERT INTO coverage_before_${state.id} (ts, account, stream, range_id, ts_to, source) VALUES (${sqlTimestamp(SUMMER)}, 'icm', 'deals', 'late', ${sqlTimestamp(SUMMER + 1)}, 'live')`,
  );
  const journal = new ApplyJournal({ http, clock });
  const { servers } = await plan(RIGHT);
  await expect(dropOldTables({ http, clock, journal, servers })).rejects.toMatchObject({
    code: 'CLOCK_APPLY_LATE_ROWS',
  });
  expect(await tableNames(http)).toContain(`coverage_before_${state.id}`);
});
