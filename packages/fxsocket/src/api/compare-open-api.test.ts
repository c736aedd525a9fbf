// Drift between an account's document and ours: each kind is found and named, and nothing is found where nothing changed.
import { expect, test } from 'vitest';
import {
  compareOpenApi,
  managementRoutes,
  openApiDocument,
  readingRoutes,
  terminalRoutes,
} from '../index.ts';

type Json = Record<string, unknown>;
type Schema = { properties: Record<string, Json>; required: string[] };
interface Document extends Json {
  paths: Record<string, Record<string, { parameters: Json[]; responses: Json; requestBody?: Json }>>;
  components: { schemas: Record<string, Schema> };
}
const fresh = (): Document =>
  structuredClone(openApiDocument({ title: 'T', version: '1', routes: terminalRoutes })) as Document;
const ours = fresh();
const drifts = (live: Json, own: Json = ours) =>
  compareOpenApi(live, own).drifts.map(
    ({ kind, name, route, severity, text }) => `${severity} ${kind}: ${route} ${name ?? ''} ${text}`,
  );
const changed = (change: (document: Document) => void): string[] => {
  const live = fresh();
  change(live);
  return drifts(live);
};
const get = (document: Document, path: string) => document.paths[path]?.['get'] as Document['paths'][''][''];

test('the same document, and the same under another address, have no drift', () => {
  const { compared, drifts: none, routes } = compareOpenApi(fresh(), ours);
  expect(none).toEqual([]);
  expect(routes).toBe(Object.keys(terminalRoutes).length);
  expect(compared).toBeGreaterThan(200);
  const live = fresh();
  live.paths = Object.fromEntries(
    Object.entries(live.paths).map(([path, item]) => [`/mt5/{account_id}${path}`, item]),
  );
  expect(drifts(live)).toEqual([]);
  const management = openApiDocument({ title: 'M', version: '1', routes: managementRoutes }) as Document;
  const named = Object.entries(management.paths).map(([path, item]) => [
    path.replace('{id}', '{account}'),
    item,
  ]);
  const other = { ...management, paths: { '/servers/{id}/accounts': {}, ...Object.fromEntries(named) } };
  expect(drifts(other, management)).toEqual([]);
});

test('routes that are gone, optional, or new', () => {
  expect(changed(({ paths }) => delete paths['/symbols'])).toEqual([
    'breaking route_missing: GET /symbols  no longer exists',
  ]);
  expect(changed(({ paths }) => delete paths['/QuoteTicks'])).toEqual([
    'note route_missing: GET /QuoteTicks  is missing, as on some bridges',
  ]);
  expect(
    changed(({ paths }) => {
      paths['/Depth'] = { get: { parameters: [], responses: {} } };
    }),
  ).toEqual(['note route_new: GET /Depth  is new to this client']);
  // Only the routes that are asked for are compared.
  const reading = openApiDocument({ title: 'T', version: '1', routes: readingRoutes });
  expect(drifts(reading, reading)).toEqual([]);
  expect(drifts(fresh(), reading).every((line) => line.startsWith('note route_new: '))).toBe(true);
});

test('parameters that are gone, new, required, or of another type', () => {
  expect(
    changed((live) => {
      get(live, '/PriceHistory').parameters = [
        { name: 'symbol', in: 'query', required: true, schema: { type: 'integer' } },
        { name: 'timeframe', in: 'query', required: true, schema: { type: 'string' } },
        { name: 'from', in: 'query', required: true, schema: { type: 'string' } },
        { name: 'limit', in: 'query', schema: { type: 'integer' } },
        { name: 'session', in: 'query', required: true },
        { name: 'x-trace', in: 'header', required: true },
      ];
    }),
  ).toEqual([
    'breaking parameter_type: GET /PriceHistory symbol is integer there and string here',
    'breaking parameter_required: GET /PriceHistory from is now required',
    'breaking parameter_missing: GET /PriceHistory to is no longer a parameter',
    'breaking parameter_required: GET /PriceHistory session is a new required parameter',
    'note parameter_new: GET /PriceHistory limit is a new parameter',
  ]);
});

test('fields of an answer that are gone, new, or of another type, however deep', () => {
  expect(
    changed(({ components: { schemas } }) => {
      const { Deal, Quote, Status } = schemas as Record<'Deal' | 'Quote' | 'Status', Schema>;
      delete Deal.properties['time'];
      delete Deal.properties['swap'];
      Deal.properties['ticket'] = { type: 'string' };
      Deal.properties['strategy'] = { type: 'string' };
      Quote.properties['bid'] = { type: ['number', 'null'] };
      Quote.properties['ask'] = { type: 'integer' }; // a whole number is a number
      (Status.properties['broker'] as unknown as Schema).properties['connected'] = { type: 'string' };
    }),
  ).toEqual([
    'breaking field_type: GET /status broker.connected is string there and boolean here',
    'breaking field_type: GET /getQuote bid is null or number there and number here',
    'breaking field_type: GET /OrderHistory [].ticket is string there and integer here',
    'breaking field_missing: GET /OrderHistory [].time is no longer sent',
    'note field_missing: GET /OrderHistory [].swap is no longer sent',
    'note field_new: GET /OrderHistory [].strategy is a new field',
  ]);
});

test('fields of a body go the other way', () => {
  expect(
    changed(({ components: { schemas } }) => {
      const { OrderSend } = schemas as Record<'OrderSend', Schema>;
      OrderSend.properties['volume'] = { type: 'integer' };
      OrderSend.properties['slippage'] = { type: 'number' };
      OrderSend.required.push('comment', 'account');
      OrderSend.properties['account'] = { type: 'string' };
      OrderSend.properties['tag'] = { type: 'string' };
      delete OrderSend.properties['expertId'];
    }),
  ).toEqual([
    'breaking field_type: POST /OrderSend volume is integer there and number here',
    'breaking parameter_required: POST /OrderSend comment is now required',
    'breaking parameter_missing: POST /OrderSend expertId is no longer accepted',
    'breaking parameter_required: POST /OrderSend account is a new required field',
    'note parameter_new: POST /OrderSend tag is a new optional field',
  ]);
});

test('what a document does not tell is not held against it', () => {
  const bare = {
    paths: Object.fromEntries(
      Object.entries(ours.paths).map(([path, item]) => [
        path,
        Object.fromEntries(
          Object.entries(item).map(([method, { parameters }]) => [
            method,
            {
              parameters: (parameters as Json[] | undefined)?.map((one) => ({ ...one, schema: undefined })),
              responses: { 200: {} },
            },
          ]),
        ),
      ]),
    ),
  };
  const { compared, drifts: none, routes } = compareOpenApi(bare, ours);
  expect([none, compared, routes]).toEqual([[], 0, Object.keys(terminalRoutes).length]);
});

test('a document of the older standard, with references and parts, and one that leads to itself', () => {
  const live = {
    paths: {
      '/mt5/x/getQuote': {
        get: {
          parameters: [{ $ref: '#/components/parameters/Symbol' }],
          responses: { 200: { $ref: '#/components/responses/Quote' } },
        },
      },
    },
    components: {
      parameters: { Symbol: { name: 'symbol', in: 'query', required: true, schema: { type: 'string' } } },
      responses: {
        Quote: { content: { 'application/json': { schema: { $ref: '#/components/schemas/Quote' } } } },
      },
      schemas: {
        Quote: {
          allOf: [
            { $ref: '#/components/schemas/Price' },
            {
              type: 'object',
              properties: { symbol: { type: 'string', nullable: true }, time: { enum: ['a', 'b'] } },
            },
          ],
        },
        Price: { properties: { bid: { type: 'number' }, ask: { $ref: '#/components/schemas/Loop' } } },
        Loop: { oneOf: [{ $ref: '#/components/schemas/Loop' }, { $ref: '#/components/schemas/Loop' }] },
      },
    },
  };
  const own = openApiDocument({ title: 'T', version: '1', routes: { quote: readingRoutes.quote } });
  expect(drifts(live, own)).toEqual([
    'breaking field_type: GET /getQuote symbol is null or string there and string here',
    'note field_missing: GET /getQuote last is no longer sent',
    'note field_missing: GET /getQuote volume is no longer sent',
  ]);
  for (const nonsense of [
    {},
    { paths: [] },
    { paths: { '/getQuote': 7 } },
    { paths: { '/getQuote': { get: [] } } },
  ])
    expect(drifts(nonsense, own)).toEqual(['breaking route_missing: GET /getQuote  no longer exists']);
});
