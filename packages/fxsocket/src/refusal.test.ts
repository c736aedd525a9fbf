// What an error body is said to mean, whatever it is, in a time that grows with its length alone.
import { expect, test } from 'vitest';
import { explainBody } from './refusal.ts';
import { parseJson } from './wire/json.ts';

test.each([
  ['<html><head><title> Bad\n gateway </title></head><body>x</body>', 'Bad gateway'],
  ['<html><TITLE lang="en">Über</TITLE>', 'Über'],
  ['  <p>one<br>two</p><script>var x = "<p>no</p>";</script><style>p{}</style>three', 'one two three'],
  ['<title></title><p>text</p>', 'text'],
  ['<p>cut in the middle <a href="x', 'cut in the middle'],
  ['<script>never ends', ''],
  ['plain\ttext', 'plain text'],
  ['', ''],
  ['{"error":"E","message":"m"}', 'E: m'],
  ['{"detail":"d"}', 'd'],
])('%s', (body, text) => {
  expect(explainBody(body).text).toBe(text);
});

/** Of this process: other programs do not count. */
const cpuMs = (work: () => unknown): number => {
  const before = process.cpuUsage();
  work();
  const { system, user } = process.cpuUsage(before);
  return (system + user) / 1000;
};

const REPEATED = ['<title', '<script', '<script>', '<', '</', '<style ', ' ', '< ', '<title>', '\n<a'];
test.each(REPEATED)('many of %j take no time', (piece) => {
  for (const body of [piece.repeat(200_000), `<${piece.repeat(200_000)}`]) {
    expect(cpuMs(() => expect(explainBody(body).text.length).toBeLessThanOrEqual(200))).toBeLessThan(500);
  }
});

test('an identifier of millions of digits is refused in no time, and one of twenty keeps them all', () => {
  const ticket = `{"ticket":${'9'.repeat(4_000_000)}}`;
  // Seconds before; what is left is the parser's own.
  expect(cpuMs(() => expect(parseJson(ticket)).toEqual({ ticket: Number.POSITIVE_INFINITY }))).toBeLessThan(
    1500,
  );
  expect(parseJson('{"ticket":18446744073709551615}')).toEqual({ ticket: 18446744073709551615n });
});
