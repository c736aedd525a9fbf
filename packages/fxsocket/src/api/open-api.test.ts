import { expect, test } from 'vitest';
import { hasRoute, routeParameters } from './open-api.ts';

const document = {
  paths: {
    '/mt5/{id}/QuoteTicks': {
      get: {
        parameters: [
          { name: 'id', in: 'path', schema: { type: 'string' } },
          { name: 'symbol', in: 'query', required: true, schema: { type: 'string' } },
          { name: 'from', in: 'query', description: 'first day', schema: { type: 'string', format: 'date' } },
          { $ref: '#/components/parameters/to' },
          { $ref: '#/components/parameters/nowhere' },
          null,
        ],
      },
    },
    '/OrderSend': { post: {} },
  },
  components: {
    parameters: { to: { name: 'to', in: 'query', schema: { $ref: '#/components/schemas/day' } } },
    schemas: { day: { type: 'string', format: 'date', description: 'a day' } },
  },
};

test('routes and what is told of their parameters', () => {
  expect(routeParameters(document, '/QuoteTicks')).toEqual([
    { name: 'symbol', required: true, format: null, description: null },
    { name: 'from', required: false, format: 'date', description: 'first day' },
    { name: 'to', required: false, format: 'date', description: 'a day' },
  ]);
  expect(hasRoute(document, '/QuoteTicks')).toBe(true);
  expect(hasRoute(document, '/OrderSend')).toBe(false);
  expect(hasRoute({}, '/QuoteTicks')).toBe(false);
  expect(hasRoute({ paths: [] }, '/QuoteTicks')).toBe(false);
});
