import fc from 'fast-check';
import { expect, test } from 'vitest';
import { indentJson } from './indent-json.ts';

test('every token stays as it was', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 1, '\t'), (text, indent) => {
      const given = JSON.stringify(JSON.parse(text), null, indent);
      const shown = indentJson(given);
      expect(shown).toBe(JSON.stringify(JSON.parse(text), null, 2));
    }),
  );
});

test('no digit is lost, and what is not JSON is not touched', () => {
  expect(indentJson('[9007199254740993,1.10,1e400]')).toBe('[\n  9007199254740993,\n  1.10,\n  1e400\n]');
  expect(indentJson('{"a":{ },"b":[ ]}')).toBe('{\n  "a": {},\n  "b": []\n}');
  expect(indentJson('<html>')).toBeNull();
  expect(indentJson('{"a":1')).toBeNull();
});
