import { expect, test } from 'vitest';
import { configJsonSchema } from './json-schema.ts';

test('the published schema names every field, forbids others and survives JSON', () => {
  const schema = JSON.parse(JSON.stringify(configJsonSchema())) as {
    additionalProperties: boolean;
    required: string[];
    properties: {
      accounts: {
        items: { additionalProperties: boolean; properties: Record<string, unknown>; required: string[] };
      };
    };
  };
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(['accounts']);
  const account = schema.properties.accounts.items;
  expect(account.additionalProperties).toBe(false);
  expect(account.required).toEqual(['name', 'market_data']);
  expect(Object.keys(account.properties)).toEqual([
    'name',
    'id',
    'match',
    'discover',
    'key',
    'tls_verify',
    'allow_http',
    'market_data',
    'account_data',
    'timeframes',
    'clock',
    'backfill',
  ]);
});
