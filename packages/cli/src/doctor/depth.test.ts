import { demoConfig } from '@fxtape/config';
import { expect, test } from 'vitest';
import { depthLines, depthRows, type HistoryOffer, tickRouteOf } from './depth.ts';

const [demo] = demoConfig({ simulatorUrl: 'http://127.0.0.1:7080' }).accounts;
const offer = (change: Partial<HistoryOffer> = {}): HistoryOffer => ({
  account: {
    ...(demo as HistoryOffer['account']),
    name: 'demo',
    accountData: ['deals', 'positions', 'account'],
    timeframes: ['M1', 'D1'],
    backfill: { bars: { M1: 30 * 86_400_000, D1: 'all' }, ticks: 7 * 86_400_000, deals: 'all' },
  },
  symbols: ['EURUSD'],
  quoteTicks: 'full',
  ...change,
});
const limits = [
  { symbol: 'EURUSD', stream: 'bars', timeframe: 'D1', ts_earliest: Date.UTC(1999, 0, 4) * 1000 },
  { symbol: null, stream: 'deals', timeframe: null, ts_earliest: Date.UTC(2024, 4, 6) * 1000 },
];

test('the table', () => {
  expect(depthLines(depthRows(offer(), limits)).join('\n')).toMatchInlineSnapshot(`
    "ACCOUNT  SYMBOL  STREAM     EARLIEST (UTC)            WANTED  SOURCE            HEALABLE
    demo     EURUSD  ticks      not known yet             7 d     /QuoteTicks       yes
    demo     EURUSD  bars M1    not known yet             30 d    /PriceHistory     yes
    demo     EURUSD  bars D1    1999-01-04T00:00:00.000Z  all     /PriceHistory     yes
    demo             deals      2024-05-06T00:00:00.000Z  all     /OrderHistory     yes
    demo             positions  not known yet             all     /PositionHistory  no: only closed round trips; open positions are recorded only as streamed
    demo             account                                      none              no: the gateway keeps no history of it"
  `);
});

test('ticks by what the bridge offers', () => {
  const ticks = (quoteTicks: HistoryOffer['quoteTicks']) => {
    const { healable, source, why } = depthRows(offer({ quoteTicks }), null)[0] ?? {};
    return [source, healable, why];
  };
  expect(ticks('full')).toEqual(['/QuoteTicks', true, null]);
  expect(ticks('dates_only')).toEqual(['/QuoteTicks', true, 'by whole broker days']);
  expect(ticks('absent')).toEqual([null, false, 'this bridge has no /QuoteTicks']);
  expect(ticks('unknown')).toEqual([null, null, 'its OpenAPI document could not be read']);
});

test('what the document of a bridge says', () => {
  const document = (format: string | undefined) => ({
    paths: {
      '/QuoteTicks': {
        get: { parameters: [{ name: 'from', in: 'query', schema: { type: 'string', format } }] },
      },
    },
  });
  expect(tickRouteOf(document(undefined))).toBe('full');
  expect(tickRouteOf(document('date'))).toBe('dates_only');
  expect(tickRouteOf({ paths: {} })).toBe('absent');
  expect(tickRouteOf(null)).toBe('unknown');
});

test('many rows are counted', () => {
  const symbols = Array.from({ length: 30 }, (_, i) => `S${i}`);
  expect(depthLines(depthRows(offer({ symbols }), null)).at(-1)).toBe(
    'and 53 more rows; all of them with --json',
  );
  expect(depthLines([])).toEqual([]);
});
