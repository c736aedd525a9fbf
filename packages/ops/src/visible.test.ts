import { expect, test } from 'vitest';
import { readable } from './log.ts';
import { visible } from './visible.ts';

const HOSTILE = 'A\u001b[2J\u001b]0;title\u0007\rB\u009b31mC\u202eD\u{e0041}E';
const SPELLED = 'A\\u001b[2J\\u001b]0;title\\u0007\\u000dB\\u009b31mC\\u202eD\\udb40\\udc41E';
/** What a terminal acts upon, but for line breaks and tabs. */
const acted = (text: string) => text.match(/[^\P{Cc}\n\t]|[\p{Cf}\u2028\u2029]/gu);

test('what a terminal would act upon is spelled; lines, tabs and our colours stay', () => {
  expect(visible(HOSTILE)).toBe(SPELLED);
  expect(visible('one\n\u001b[31mred\u001b[39m\ttwo 😀 ü')).toBe('one\n\u001b[31mred\u001b[39m\ttwo 😀 ü');
});

test('a JSON document means the same', () => {
  const document = { [HOSTILE]: HOSTILE, plain: 'a\\u001b' };
  expect(JSON.parse(visible(JSON.stringify(document, null, 2)))).toEqual(document);
});

test('a line of a log that is made readable tells no terminal what to do', () => {
  const record = {
    level: 30,
    time: 1,
    service: 'x',
    msg: HOSTILE,
    [`k${HOSTILE}`]: 'a\\u001b\\\u001b',
    nested: { HOSTILE },
  };
  const line = readable()(`${JSON.stringify(record)}\n`);
  expect(acted(line)).toBeNull();
  expect(line).toContain(SPELLED.replace('\\u000d', '\\r'));
});
