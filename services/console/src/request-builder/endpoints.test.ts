import { openApiDocument, terminalRoutes } from '@fxtape/fxsocket';
import { describe, expect, test } from 'vitest';
import type { Endpoint } from './endpoint.ts';
import { endpointsOf } from './endpoints.ts';

const document = (paths: object, components: object = {}) => ({ openapi: '3.0.3', paths, components });
const find = (endpoints: readonly Endpoint[], id: string): Endpoint => {
  const found = endpoints.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no ${id}`);
  return found;
};
const field = (endpoint: Endpoint, name: string) => endpoint.fields.find((one) => one.name === name);

describe('our own document', () => {
  const own = endpointsOf(null);

  test('has routes, topics and accounts, each id once', () => {
    const ids = own.map(({ id }) => id);
    expect(ids.length).toBe(new Set(ids).size);
    for (const id of [
      'GET /getQuote',
      'POST /OrderSend',
      'topic bars',
      'GET /v1/accounts',
      'DELETE /v1/accounts/{id}',
    ])
      expect(ids).toContain(id);
  });

  test('only GET runs, and no topic does', () => {
    const runs = own.filter(({ runnable }) => runnable);
    expect(new Set(runs.map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(runs.some(({ base }) => base === 'socket')).toBe(false);
    expect(own.filter(({ needs, runnable }) => needs === 'change' && runnable)).toEqual([]);
  });

  test('fields know words, bounds, broker time and secrets', () => {
    const history = find(own, 'GET /PriceHistory');
    expect(field(history, 'timeframe')).toMatchObject({
      required: true,
      options: expect.arrayContaining(['MN1']),
    });
    expect(field(history, 'from')).toMatchObject({ required: false, brokerTime: true, place: 'query' });
    const send = find(own, 'POST /OrderSend');
    expect(field(send, 'volume')).toMatchObject({ kind: 'number', above: 0, place: 'body', required: true });
    expect(field(send, 'expertId')).toMatchObject({ kind: 'integer', required: false });
    expect(field(send, 'expiration')).toMatchObject({ brokerTime: true });
    const link = find(own, 'POST /v1/accounts');
    expect(link.fields.filter(({ secret }) => secret).map(({ name }) => name)).toEqual([
      'password',
      'proxy_auth',
    ]);
    expect(field(find(own, 'GET /v1/accounts/{id}'), 'id')).toMatchObject({ place: 'path', required: true });
    expect(find(own, 'topic bars').fields.map(({ name }) => name)).toEqual(['symbol', 'timeframe']);
  });
});

describe('the document of an account', () => {
  test('a gateway that serves the document of our table is told as our table', () => {
    const live = openApiDocument({ title: 'T', version: '1', routes: terminalRoutes, socket: true });
    const read = JSON.parse(JSON.stringify(live)) as typeof live;
    expect(endpointsOf(read)).toEqual(endpointsOf(null));
    const socket = { get: { 'x-fxsocket-topics': [{ topic: 'prices' }, null] } };
    const few = endpointsOf({ ...read, paths: { '/ws': socket } });
    expect(few.filter(({ base, listed }) => base === 'socket' && listed).map(({ path }) => path)).toEqual([
      'prices',
    ]);
  });

  test('what it does not list is offered and not run', () => {
    const live = endpointsOf(document({ '/mt5/{account}/getQuote': { get: {} } }));
    expect(find(live, 'GET /getQuote')).toMatchObject({ listed: true, runnable: true });
    expect(find(live, 'GET /QuoteTicks')).toMatchObject({ listed: false, runnable: false });
  });

  test('it tells more than a text, or ours does', () => {
    const parameters = [
      { name: 'timeframe', in: 'query', required: true, schema: { type: 'string' } },
      { name: 'from', in: 'query', required: true, schema: { $ref: '#/components/schemas/Time' } },
      { name: 'api_key', in: 'query', schema: { type: 'string' } },
      {
        name: 'limit',
        in: 'query',
        description: 'Rows',
        schema: { type: 'integer', minimum: 0, exclusiveMinimum: true, default: 500 },
      },
    ];
    const live = endpointsOf(
      document(
        { '/PriceHistory': { get: { parameters } } },
        { schemas: { Time: { type: 'string', format: 'date-time' } } },
      ),
    );
    const history = find(live, 'GET /PriceHistory');
    expect(history.fields.map(({ name }) => name)).toEqual(['symbol', 'timeframe', 'from', 'to', 'limit']);
    expect(field(history, 'timeframe')?.options).toContain('H4');
    expect(field(history, 'from')).toMatchObject({ brokerTime: true, required: true, extra: false });
    expect(field(history, 'limit')).toMatchObject({
      kind: 'integer',
      above: 0,
      least: null,
      defaultText: '500',
      extra: true,
    });
    const words = [{ name: 'timeframe', in: 'query', schema: { type: 'string', enum: ['M1', 'M2'] } }];
    const other = endpointsOf(document({ '/PriceHistory': { get: { parameters: words } } }));
    expect(field(find(other, 'GET /PriceHistory'), 'timeframe')).toMatchObject({
      options: ['M1', 'M2'],
      required: true,
    });
  });

  test('routes that only it knows: GET runs, the rest does not; pages and odd paths are left out', () => {
    const live = endpointsOf(
      document({
        '/mt5/{id}/Depth': { get: { summary: 'Book' }, post: { requestBody: { content: {} } } },
        '/swagger-ui/': { get: {} },
        '/ws': { get: {} },
        '/a b?c=d#': { get: {} },
        '//elsewhere.example/x': { get: null },
      }),
    );
    const other = live.filter(({ group }) => group === 'Other');
    expect(other.map(({ id, runnable }) => [id, runnable])).toEqual([
      ['GET /Depth', true],
      ['POST /Depth', false],
    ]);
  });

  test.for([
    [{}],
    [{ paths: null }],
    [{ paths: { '/getQuote': 7, '/x': { get: { parameters: [null, 3, { name: 'a' }] } } } }],
  ])('whatever it holds, it does no harm: %j', ([broken = {}]) => {
    expect(find(endpointsOf(broken), 'GET /getQuote').fields.map(({ name }) => name)).toEqual(['symbol']);
  });
});
