import { expect, test } from 'vitest';
import { endpointsOf } from './endpoints.ts';
import { fillIn } from './fill-in.ts';

const own = endpointsOf(null);
function fill(id: string, texts: Record<string, string>) {
  const endpoint = own.find((one) => one.id === id);
  if (endpoint === undefined) throw new Error(`no ${id}`);
  return fillIn(endpoint, texts);
}
const said = (id: string, texts: Record<string, string>): string[] =>
  fill(id, texts).problems.map(({ field, text }) => `${field} ${text}`);

test('what is required is asked for, what is empty is not given, what is unknown is not taken', () => {
  expect(said('GET /getQuote', {})).toEqual(['symbol is required']);
  const { filled, problems } = fill('GET /PriceHistory', {
    symbol: 'A',
    timeframe: 'M1',
    from: '',
    other: 'x',
  });
  expect(problems).toEqual([]);
  expect(filled.values.map(({ field, text }) => [field.name, text])).toEqual([
    ['symbol', 'A'],
    ['timeframe', 'M1'],
  ]);
  expect(said('GET /getQuote', JSON.parse('{"__proto__":"x","constructor":"y"}'))).toEqual([
    'symbol is required',
  ]);
});

test.for([
  ['2026-06-22', null],
  ['2026-06-22T15:30:00', null],
  ['2026-06-22T15:30', null],
  ['2026-06-22T15:30:00.123', null],
  ['2026-06-22T15:30:00Z', "is the broker's wall clock and has no zone: leave it out"],
  ['2026-06-22T15:30:00+02:00', "is the broker's wall clock and has no zone: leave it out"],
  ['2026-02-30', 'is not a time that exists'],
  ['2026-06-22T24:30:00', 'is not a time that exists'],
  ['22.06.2026', 'must be YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS'],
  ['1', 'must be YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS'],
] as const)('broker time %s', ([text, wrong]) => {
  expect(said('GET /OrderHistory', { from: text })).toEqual(wrong === null ? [] : [`from ${wrong}`]);
});

test.for([
  ['9223372036854775807', []],
  ['9007199254740993', []],
  ['-1', []],
  ['9223372036854775808', ['ticket has more than 64 bits']],
  ['1.5', ['ticket must be a whole number']],
  ['0x10', ['ticket must be a whole number']],
  ['007', ['ticket must be a whole number']],
  ['1e3', ['ticket must be a whole number']],
] as const)('ticket %s', ([ticket, problems]) => {
  expect(said('POST /OrderClose', { ticket })).toEqual(problems);
});

test.for([
  ['0.1', []],
  ['1e-2', []],
  ['0', ['volume must be more than 0']],
  ['-1', ['volume must be more than 0']],
  ['.5', ['volume must be a number such as 0.1']],
  ['0,5', ['volume must be a number such as 0.1']],
  ['NaN', ['volume must be a number such as 0.1']],
  ['1e999', ['volume is too large']],
] as const)('volume %s', ([volume, problems]) => {
  expect(said('POST /OrderSend', { symbol: 'A', operation: 'Buy', volume })).toEqual(problems);
});

test('words have to be of the list, texts whole, paths inside their place', () => {
  expect(said('GET /PriceHistory', { symbol: 'A', timeframe: 'M2' })).toEqual([
    'timeframe must be one of M1, M5, M15, M30, H1, H4, D1, W1, MN1',
  ]);
  expect(said('GET /getQuote', { symbol: '\ud800' })).toEqual([
    'symbol contains half a character (a lone surrogate)',
  ]);
  expect(said('GET /v1/accounts/{id}', { id: '..' })).toEqual(['id would lead to another address']);
});

test('prices fit the operation', () => {
  const send = (operation: string, more: Record<string, string>) =>
    said('POST /OrderSend', { symbol: 'A', operation, volume: '1', ...more });
  expect(send('BuyLimit', {})).toEqual(['price must be above 0 for BuyLimit']);
  expect(send('BuyLimit', { price: '1', expiration: '2026-06-22' })).toEqual([]);
  expect(send('SellStopLimit', { price: '1' })).toEqual(['stopLimitPrice must be above 0 for SellStopLimit']);
  expect(send('Buy', { price: '1' })).toEqual(['price is for pending orders: a market order ignores it']);
  expect(said('POST /OrderModify', { ticket: '1', price: '0', stopLoss: '0' })).toEqual([
    'price must be above 0',
  ]);
});

test('an empty text is a value where the gateway takes one; secrets are never taken from the form', () => {
  expect(fill('PATCH /v1/accounts/{id}', { id: 'a' })).toMatchObject({
    problems: [],
    filled: { values: [{ text: 'a' }, { field: { name: 'trade_ea_symbol' }, text: '' }] },
  });
  const { filled, problems } = fill('POST /v1/accounts', { server: 'S', login: '1', password: 'typed in' });
  expect(problems).toEqual([]);
  expect(JSON.stringify(filled)).not.toContain('typed in');
  expect(filled.values.map(({ field }) => field.name)).toEqual(['server', 'login', 'password']);
});
