import { spawnSync } from 'node:child_process';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jsonText, pythonText, shellWord, typescriptText } from './literals.ts';

const NASTY = [
  '',
  "'",
  `''`,
  `\\'`,
  `'\\''`,
  '"\\"',
  '$(touch x)`id`$HOME',
  'a b\tc\nd\r\n',
  '\\',
  '\\n',
  '-n',
  '%s',
  '日本 😀 ñ',
  '\u2028\u2029\u202e\u200b\ufeff\u007f',
  '*?[a-z]~!#&;|<>(){}',
];
const texts = fc.array(
  fc.oneof(fc.constantFrom(...NASTY), fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' })),
);
const wellFormed = texts.map((all) => [...NASTY, ...all].filter((text) => text.isWellFormed()));

test('sh reads each word back as it was', () => {
  fc.assert(
    fc.property(wellFormed, (all) => {
      // No command line can hold a zero byte, and it separates the words here.
      const given = all.map((text) => text.replaceAll('\0', ''));
      const { status, stdout } = spawnSync('sh', [
        '-c',
        `printf '%s\\0' ${given.map(shellWord).join(' ')} end`,
      ]);
      expect(status).toBe(0);
      expect(stdout.toString('utf8').split('\0').slice(0, -1)).toEqual([...given, 'end']);
    }),
    { numRuns: 25 },
  );
});

test('JavaScript and JSON read each text back as it was, and nothing in it is invisible', () => {
  fc.assert(
    fc.property(wellFormed, (all) => {
      expect(runInNewContext(`JSON.stringify([${all.map(typescriptText).join(',')}])`)).toBe(
        JSON.stringify(all),
      );
      for (const text of all) {
        expect(JSON.parse(jsonText(text))).toBe(text);
        for (const literal of [typescriptText(text), pythonText(text)])
          expect(literal).not.toMatch(/[\n\r\u2028\u2029\u202e\u200b\ufeff]/);
      }
    }),
  );
});
