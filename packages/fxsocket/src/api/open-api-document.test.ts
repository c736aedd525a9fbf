// The document made of the route table: a validator accepts it, the answers of the reference fit it, and it tells what programs look for.
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, test } from 'vitest';
import { hasRoute, managementRoutes, openApiDocument, routeParameters, terminalRoutes } from '../index.ts';
import { shapeOf } from './schema-shape.ts';

const terminal = openApiDocument({
  title: 'Terminal',
  version: '0.14.0',
  servers: ['http://127.0.0.1:7080/mt5/d04096e8-0000-4000-8000-000000000000'],
  routes: terminalRoutes,
  socket: true,
});
const management = openApiDocument({ title: 'Management', version: '1', routes: managementRoutes });
type Operation = {
  parameters?: { name: string; in: string; required: boolean; description?: string; schema: object }[];
  requestBody?: { content: { 'application/json': { schema: { $ref: string } } } };
  responses: Record<string, { content?: Record<string, unknown> }>;
  security?: unknown[];
};
const operation = (document: object, path: string, method = 'get') =>
  (document as { paths: Record<string, Record<string, Operation>> }).paths[path]?.[method] as Operation;

test.each([
  ['terminal', terminal],
  ['management', management],
])('a validator accepts the document of the %s', async (_name, document) => {
  const validator = new Validator();
  // Through text, as it goes over the wire.
  expect(await validator.validate(JSON.parse(JSON.stringify(document)) as typeof document)).toEqual({
    valid: true,
  });
  expect(validator.version).toBe('3.1');
  // The validator does find what is wrong.
  const wrong = { ...document, paths: { '/x': { get: { responses: { abc: {} } } } } };
  expect(await new Validator().validate(wrong)).toMatchObject({ valid: false });
});

test('every reference leads somewhere, every component is used, and no schema is left open by accident', () => {
  for (const document of [terminal, management]) {
    const text = JSON.stringify(document);
    const { schemas } = (document as { components: { schemas: Record<string, object> } }).components;
    const named = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name));
    expect(named).toEqual(new Set(Object.keys(schemas)));
    for (const [name, schema] of Object.entries(schemas)) {
      const shape = shapeOf(document, schema);
      expect(shape?.fields.size, name).toBeGreaterThan(0);
      for (const [field, { schema: one }] of shape?.fields ?? [])
        expect(shapeOf(document, one)?.kinds.size, `${name}.${field}`).toBeGreaterThan(0);
    }
  }
});

test('routes, parameters, bodies, statuses', () => {
  const paths = Object.keys((terminal as { paths: object }).paths);
  expect(paths).toEqual([...Object.values(terminalRoutes).map(({ path }) => path), '/ws']);
  expect(operation(terminal, '/PriceHistory').parameters).toEqual([
    {
      name: 'symbol',
      in: 'query',
      required: true,
      description: expect.any(String) as string,
      schema: { type: 'string', minLength: 1 },
    },
    {
      name: 'timeframe',
      in: 'query',
      required: true,
      schema: expect.objectContaining({ enum: expect.arrayContaining(['M1', 'MN1']) as string[] }) as object,
    },
    {
      name: 'from',
      in: 'query',
      required: false,
      description: expect.stringContaining('Broker time') as string,
      schema: { type: 'string', minLength: 1 },
    },
    {
      name: 'to',
      in: 'query',
      required: false,
      description: expect.stringContaining('Broker time') as string,
      schema: { type: 'string', minLength: 1 },
    },
  ]);
  const send = operation(terminal, '/OrderSend', 'post');
  expect(send.requestBody?.content['application/json'].schema).toEqual({
    $ref: '#/components/schemas/OrderSend',
  });
  expect(Object.keys(send.responses)).toEqual([
    '200',
    '400',
    '401',
    '403',
    '404',
    '429',
    '500',
    '502',
    '503',
    '504',
  ]);
  expect(operation(terminal, '/healthz').responses['503']).toMatchObject({
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Health' } } },
  });
  expect(operation(terminal, '/api-doc/openapi.json').security).toEqual([]);
  expect(operation(management, '/accounts', 'post').responses['201']).toBeDefined();
  expect(operation(management, '/accounts/{id}', 'delete').responses['204']?.content).toBeUndefined();
  expect(operation(management, '/accounts/{id}').parameters).toMatchObject([
    { name: 'id', in: 'path', required: true },
  ]);
});

test('identifiers are whole numbers of 64 bits; topics tell what they need', () => {
  const { OrderResult } = (terminal as { components: { schemas: Record<string, { properties: object }> } })
    .components.schemas;
  expect(OrderResult?.properties).toMatchObject({
    order: { anyOf: [{ type: 'integer', format: 'int64' }, { type: 'null' }] },
  });
  expect(operation(terminal, '/ws')).toMatchObject({
    'x-fxsocket-topics': expect.arrayContaining([
      {
        topic: 'bars',
        frame: 'bar',
        needs: ['symbol', 'timeframe'],
        data: { $ref: '#/components/schemas/Bar' },
      },
    ]) as object[],
  });
});

test('what this package reads from a live document it finds in its own', () => {
  expect(hasRoute(terminal, '/QuoteTicks')).toBe(true);
  expect(routeParameters(terminal, '/QuoteTicks')).toMatchObject([
    { name: 'symbol', required: true },
    { name: 'from', required: true, description: expect.stringContaining('Broker time') as string },
    { name: 'to', required: true },
  ]);
});
