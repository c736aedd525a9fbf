import { openApiDocument, terminalRoutes } from '@fxtape/fxsocket';
import { expect, test } from 'vitest';
import { driftCheck } from './drift.ts';

interface Document extends Record<string, unknown> {
  paths: Record<string, unknown>;
  components: { schemas: Record<string, { properties: Record<string, unknown> }> };
}
const live = (change: (document: Document) => void = () => undefined) => {
  const document = structuredClone(
    openApiDocument({ title: 'T', version: '1', routes: terminalRoutes }),
  ) as Document;
  change(document);
  return document;
};

test('a document that says the same', () => {
  expect(driftCheck('OpenAPI of demo', live())).toMatchObject({
    state: 'ok',
    facts: [
      expect.stringMatching(/^its document lists 20 routes that this client knows, and \d{3} types were/),
      'GET /api-doc/openapi.json is new to this client',
      'GET /swagger-ui/ is new to this client',
      'GET / is new to this client',
    ],
  });
});

test('drift of a route that the recorder reads warns and is named; of another it is told', () => {
  const { facts, state, todo } = driftCheck(
    'x',
    live(({ components, paths }) => {
      const { Deal, OrderSend } = components.schemas;
      if (Deal !== undefined) Deal.properties['ticket'] = { type: 'string' };
      if (OrderSend !== undefined) OrderSend.properties['volume'] = { type: 'string' };
      for (const path of ['/OrderCalcMargin', '/api-doc/openapi.json', '/swagger-ui/', '/'])
        delete paths[path];
    }),
  );
  expect(state).toBe('warning');
  expect(facts.slice(1)).toEqual([
    'GET /OrderHistory: [].ticket is string there and integer here',
    'GET /OrderCalcMargin no longer exists',
    'POST /OrderSend: volume is string there and number here',
  ]);
  expect(todo).toContain('newer release');
  const onlyOthers = driftCheck(
    'x',
    live(({ paths }) => delete paths['/OrderCalcMargin']),
  );
  expect(onlyOthers.state).toBe('ok');
});

test('much is counted; nothing at all is said to be not compared', () => {
  const { facts } = driftCheck('x', { paths: {} });
  expect(facts[0]).toBe('its document lists 0 routes that this client knows, and states no types');
  expect(facts).toContain('and 6 more like these');
  expect(driftCheck('x', null)).toMatchObject({
    state: 'warning',
    facts: [expect.stringContaining('not compared')],
  });
});
