// Lists of history: good rows stay, broken ones stand aside with their reason, identifiers keep their digits; and it is quick enough.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wireClosedPosition, wireDeal } from '../wire/account.ts';
import { isPlainBar, isPlainTick, wirePriceBar, wireQuoteTick, wireSymbolInfo } from '../wire/market.ts';
import { listAnswer, recordAnswer } from './answer.ts';

const bars = listAnswer({ row: wirePriceBar, isPlain: isPlainBar, identifiers: false });
const bar = {
  time: '2026-06-22T16:45:00.000Z',
  open: 1.08,
  high: 1.09,
  low: 1.07,
  close: 1.085,
  tickVolume: 5,
};
const read = <T>(form: { parse: (text: string) => unknown; check: (value: unknown) => T }, text: string) =>
  form.check(form.parse(text));

test('one broken row does not take the others with it', () => {
  const rows = [
    bar,
    { ...bar, close: null },
    7,
    { ...bar, time: undefined },
    { ...bar, realVolume: null, extra: 1 },
  ];
  expect(bars.check(rows)).toEqual({
    ok: true,
    value: {
      rows: [bar, { ...bar, realVolume: null, extra: 1 }],
      rejected: [
        { raw: rows[1], reason: 'close: Invalid input: expected number, received null' },
        { raw: 7, reason: 'Invalid input: expected object, received number' },
        { raw: rows[3], reason: 'time: Invalid input: expected string, received undefined' },
      ],
    },
  });
  expect(bars.check({ rows: [] })).toEqual({ ok: false, where: '', why: 'not an array' });
});

test('a broken field that does not matter costs itself, a broken price or time its row', () => {
  const deals = listAnswer({ row: wireDeal, identifiers: true });
  const deal = { ticket: 7, symbol: 'EURUSD', price: 1.1, time: '2026-06-22T16:45:00Z' };
  const balance = { ticket: 8, type: 'Balance', profit: 5, time: '2026-06-22T16:45:00Z' };
  const read = deals.check([
    { ...deal, magic: 'x', swap: {} },
    { ...deal, price: 'x' },
    balance,
    { ...deal, time: 5 },
  ]);
  expect(read).toMatchObject({
    value: {
      rows: [
        {
          ...deal,
          magic: null,
          swap: null,
          unreadable: [
            { field: 'swap', value: {} },
            { field: 'magic', value: 'x' },
          ],
        },
        balance,
      ],
      rejected: [{ raw: { price: 'x' } }, { raw: { time: 5 } }],
    },
  });
  expect(bars.check([{ ...bar, tickVolume: '5', realVolume: Number.POSITIVE_INFINITY }])).toMatchObject({
    value: { rows: [{ close: 1.085, tickVolume: null, realVolume: null }], rejected: [] },
  });
});

test('of one record a broken field is null, and of a list in it the broken elements are left out', () => {
  const info = recordAnswer(wireSymbolInfo);
  const session = { day: 'MONDAY', from: '00:00', to: '24:00' };
  const symbol = { symbol: 'EURUSD', digits: 5, point: 0.00001 };
  expect(
    info.check({ ...symbol, stopsLevel: 'x', sessions: [session, { day: 5 }, session], commissions: 'none' }),
  ).toMatchObject({
    ok: true,
    value: { ...symbol, stopsLevel: null, sessions: [session, session], commissions: null },
  });
  expect(info.check({ ...symbol, digits: 'x' })).toMatchObject({ ok: false, where: 'digits' });
});

test('identifiers beyond 2^53 keep their digits', () => {
  const deals = listAnswer({ row: wireDeal, identifiers: true });
  const deal = '{"ticket":9007199254740993,"order":1,"position":18446744073709551615,"symbol":"EURUSD",';
  const rest = '"type":"Buy","volume":0.1,"price":1.0712300000000001,"time":"2026-06-22T16:45:00Z"}';
  expect(read(deals, `[${deal}${rest}]`)).toMatchObject({
    value: {
      rows: [{ ticket: 9007199254740993n, position: 18446744073709551615n, price: 1.0712300000000001 }],
      rejected: [],
    },
  });
  const positions = listAnswer({ row: wireClosedPosition, identifiers: true });
  expect(read(positions, '[{"positionId":9007199254740993}]')).toMatchObject({
    value: { rows: [], rejected: [{ raw: { positionId: 9007199254740993n } }] },
  });
});

test('the quick tests of rows never take what the schemas refuse', () => {
  const value = fc.oneof(
    fc.double(),
    fc.constantFrom(undefined, null, '', '2026-06-22T16:45:00Z', 5, Number.POSITIVE_INFINITY, true, {}, [1]),
  );
  const fields = ['time', 'timeMsc', 'open', 'high', 'low', 'close', 'tickVolume', 'realVolume', 'spread'];
  const names = [...fields, 'bid', 'ask', 'last', 'volume'];
  const good = { ...bar, timeMsc: 1, bid: 1, ask: 2, last: null, volume: 0 };
  const row = fc
    .dictionary(fc.constantFrom(...names), value, { maxKeys: 2 })
    .map((some) => ({ ...good, ...some }));
  fc.assert(
    fc.property(row, (one) => {
      expect(wirePriceBar.safeParse(one).success).toBe(isPlainBar(one));
      expect(wireQuoteTick.safeParse(one).success).toBe(isPlainTick(one));
    }),
  );
});

test('forty thousand bars', () => {
  const many = Array.from({ length: 40_000 }, (_, i) => ({
    ...bar,
    realVolume: 0,
    spread: 12,
    tickVolume: i,
  }));
  const text = JSON.stringify(many);
  const time = (work: () => unknown) => {
    const times = Array.from({ length: 9 }, () => {
      const startedMs = performance.now();
      work();
      return performance.now() - startedMs;
    });
    return times.toSorted((a, b) => a - b)[4] as number;
  };
  const parsed: unknown = JSON.parse(text);
  const [wholeMs, parseMs, checkMs] = [
    time(() => read(bars, text)),
    time(() => JSON.parse(text)),
    time(() => bars.check(parsed)),
  ];
  const perSecond = (ms: number) => `${(many.length / ms / 1000).toFixed(2)} M rows/s`;
  console.log(
    `bars of one answer: ${perSecond(wholeMs)}, of that JSON.parse ${perSecond(parseMs)}, checks ${perSecond(checkMs)}`,
  );
  expect(bars.check(parsed)).toMatchObject({ ok: true, value: { rejected: [] } });
});
