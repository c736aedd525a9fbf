// Records as brokers really send them: a field that cannot be read or stored costs that field, never the record, and a row without a
// time that a table could hold is set aside where it can be found.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { BackfillRig, DAY, HOUR, START } from './backfill-rig.ts';
import { ownQuestDb } from '../own-servers.ts';

let rig: BackfillRig;
let simulator: BackfillRig['simulator'];
beforeAll(async () => {
  const first = await BackfillRig.start({ conf: ownQuestDb().conf });
  ({ simulator } = first);
  await first.close({ simulator: false });
});
beforeEach(async () => {
  rig = await BackfillRig.start({ conf: ownQuestDb().conf, simulator });
  return () => rig.close({ simulator: false });
});
afterAll(() => simulator.close());

const UNIT_US: Readonly<Record<string, number>> = { m: HOUR / 60, h: HOUR };
/** Winter at the broker. */
const OFFSET_US = 2 * HOUR;
const RANGE = { fromUs: START - DAY, toUs: START - HOUR / 60 };

/** The file with its times; a string, so that the digits of long numbers survive. */
const bodyOf = (file: string): string =>
  readFileSync(new URL(`field-cases/${file}.json`, import.meta.url), 'utf8').replaceAll(
    /@-(\d+)([mh])/g,
    (_all, count: string, unit: string) =>
      new Date((START + OFFSET_US - Number(count) * (UNIT_US[unit] as number)) / 1000).toISOString(),
  );

const answerWith = async (path: string, body: string): Promise<void> => {
  await rig.control.command('release', { kind: 'rest' });
  await rig.control.fault('rest', { path, status: 200, body, ms: 600_000 });
};

const fieldNotes = () => rig.rows('rejected', 'reason, raw', 'ts', "kind = 'field'");
const gaps = () =>
  rig.sql(
    `SELECT stream, cause, state, cast(ts_from as long) a, cast(ts_to as long) b, evidence FROM gaps WHERE account = '${rig.name}'`,
  );
const unreadable = async (): Promise<number> => {
  const found = await rig.metrics.registry.getSingleMetric('fxtape_backfill_fields_unreadable_total')?.get();
  return found?.values.reduce((sum, { value }) => sum + value, 0) ?? 0;
};

test('tickets are exact, and a magic of 64 bits without a sign is kept as its pattern', async () => {
  const body = bodyOf('09-magic-ulong.order-history').replace(/"magic": -1/, '"magic": 9223372036854775808');
  await answerWith('/OrderHistory', body);
  await rig.deals(RANGE.fromUs, RANGE.toUs);
  expect(await rig.rows('deals', 'deal_id, magic', 'deal_id')).toEqual([
    { deal_id: '2147483648', magic: '0' },
    { deal_id: '4294967297', magic: '0' },
    { deal_id: '5000000301', magic: '9223372036854775807' },
    { deal_id: '5000000303', magic: '-1' },
    // 2^63 is the database's null.
    { deal_id: '5000000305', magic: null },
    { deal_id: '9007199254740993', magic: '0' },
  ]);
  const notes = await fieldNotes();
  expect(notes).toHaveLength(1);
  expect(notes[0]?.['raw']).toContain('5000000305');
  expect(notes[0]?.['raw']).toContain('9223372036854775808');
  expect(await gaps()).toEqual([]);
  expect(await rig.covered('deals')).toEqual([RANGE]);
  // Read again it is the same, and nothing is told twice.
  const before = await rig.transactions('deals', 'deal_revisions', 'rejected');
  await rig.deals(RANGE.fromUs, RANGE.toUs);
  expect(await rig.transactions('deals', 'deal_revisions', 'rejected')).toEqual(before);
  expect(await unreadable()).toBe(1);
});

test('a comment that no database keeps as it is does not change at every look', async () => {
  await answerWith('/OrderHistory', bodyOf('10-comment-nul-half-emoji.order-history'));
  for (let i = 0; i < 3; i += 1) await rig.deals(RANGE.fromUs, RANGE.toUs);
  const versions = await rig.rows('deal_revisions', 'deal_id, count() n', 'deal_id', 'true GROUP BY deal_id');
  expect(versions.map(({ n }) => Number(n))).toEqual([1, 1, 1, 1, 1]);
  const comments = await rig.rows('deals', 'comment', 'deal_id');
  expect(comments.map(({ comment }) => comment)).toEqual([
    'plain',
    '[sl 1.08]\ufffd\ufffd',
    'copied by bot no 17 of desk \u{1f3c1}',
    'copied by bot no 17 of the desk\ufffd',
    'two\nlines, "quoted" \\ and a tab\t',
  ]);
});

test('deposits, credits and dividends are deals without symbol, volume and price', async () => {
  await answerWith('/OrderHistory', bodyOf('12-balance-deal-without-symbol.order-history'));
  await rig.deals(RANGE.fromUs, RANGE.toUs);
  const deals = await rig.rows('deals', 'type, profit, symbol', 'deal_id');
  expect(deals).toEqual([
    { type: 'Balance', profit: 10_000, symbol: null },
    { type: 'Credit', profit: 500, symbol: null },
    { type: 'Balance', profit: -250.5, symbol: null },
    { type: 'DEAL_DIVIDEND', profit: 1.37, symbol: null },
  ]);
  const [absent] = await rig.rows('deals', 'volume, price', 'ts', 'deal_id = 3');
  expect(absent).toEqual({ volume: null, price: null });
  expect(await gaps()).toEqual([]);
  expect(await rig.count('rejected')).toBe(0);
});

test('a volume that is no whole number costs the volume, not the bar', async () => {
  const body = bodyOf('13-fractional-bar-volume.price-history').replaceAll('2026-06-23T12', '2026-02-11T12');
  await answerWith('/PriceHistory', body);
  const fromUs = START - 2 * HOUR;
  await rig.bars({ fromUs, toUs: fromUs + HOUR });
  const bars = await rig.rows('bars', 'close, tick_volume, real_volume', 'ts');
  expect(bars).toEqual([
    { close: 97_001.2, tick_volume: '120', real_volume: null },
    { close: 97_001.2, tick_volume: null, real_volume: '0' },
    { close: 97_001.2, tick_volume: '120', real_volume: '1029145' },
    { close: 97_001.2, tick_volume: '120', real_volume: null },
    { close: 97_001.2, tick_volume: '120', real_volume: '0' },
  ]);
  expect(await rig.rows('rejected', 'kind', 'ts')).toEqual(
    Array.from({ length: 3 }, () => ({ kind: 'field' })),
  );
  expect(await unreadable()).toBe(3);
});

test('a deal without a time of its own is set aside with a gap, once, and the others are stored', async () => {
  await answerWith('/OrderHistory', bodyOf('08-time-zero.order-history'));
  await rig.deals(RANGE.fromUs, RANGE.toUs);
  expect((await rig.rows('deals', 'deal_id', 'deal_id')).map((row) => row['deal_id'])).toEqual([
    '5000000101',
    '5000000105',
  ]);
  const [kept] = await rig.rows('rejected', 'kind, reason, raw');
  expect(kept).toMatchObject({ kind: 'history_deal', reason: 'the time lies before 1971' });
  expect(kept?.['raw']).toContain('5000000103');
  const where = { a: String(RANGE.fromUs), b: String(RANGE.toUs) };
  expect(await gaps()).toMatchObject([{ stream: 'deals', cause: 'rejected', state: 'open', ...where }]);
  expect(await rig.covered('deals')).toEqual([]);
  // It comes with the next answer as well: it has its gap, and may not keep everything else from being known.
  const next = { fromUs: RANGE.fromUs - DAY, toUs: RANGE.fromUs };
  await rig.deals(next.fromUs, next.toUs);
  await rig.deals(RANGE.fromUs, RANGE.toUs);
  expect(await gaps()).toHaveLength(1);
  expect(await rig.count('rejected')).toBe(1);
  expect(await rig.covered('deals')).toEqual([next]);
});

test('so is a position that was closed at no time', async () => {
  await answerWith('/PositionHistory', bodyOf('08-time-zero.position-history'));
  await rig.run('positions', { account: rig.name, ...RANGE, why: 'history' });
  expect(await rig.count('positions')).toBe(0);
  expect(await rig.rows('rejected', 'kind, reason')).toEqual([
    { kind: 'history_position', reason: 'the time lies before 1971' },
  ]);
  expect(await gaps()).toMatchObject([{ stream: 'positions', cause: 'rejected', state: 'open' }]);
  expect(await rig.covered('positions')).toEqual([]);
});
