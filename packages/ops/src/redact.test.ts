import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createLog } from './log.ts';
import { FxtapeError } from './errors/fxtape-error.ts';
import { REDACTED, Redactor } from './redact.ts';

// Long and random enough not to stand in a line by accident; with characters that JSON and URLs spell differently.
const secrets = fc
  .string({
    unit: fc.constantFrom(...Array.from('abcXYZ0189"\\/ +&=%äß€\n\u2028')),
    minLength: 12,
    maxLength: 40,
  })
  .filter((s) => s.trim() === s && new Set(s).size > 5);

/** A log record with the secret hidden at a random place: nested, in a key, inside longer text, in an error or a URL. */
function hiding(secret: string): fc.Arbitrary<Record<string, unknown>> {
  const carrier = fc.oneof(
    fc.constant(secret),
    fc.string().map((s) => `${s}${secret}${s}`),
    fc.constant(`https://gate.example/mt5/ws?api_key=${encodeURIComponent(secret)}&x=1`),
    fc.constant(`wss://gate.example/ws?${new URLSearchParams({ api_key: secret }).toString()}`),
    fc.constant(JSON.stringify({ headers: { 'X-API-Key': secret } })),
    fc.constant(new Error(`refused: ${secret}`, { cause: new Error(`cause ${secret}`) })),
    fc.constant(
      new FxtapeError({
        code: 'TAPE_IO',
        message: secret,
        hint: secret,
        context: { deep: [{ secret }] },
      }),
    ),
    fc.constant({ [secret]: 1 }),
    fc.constant(new Map([[secret, secret]])),
    fc.constant(Buffer.from(secret).toString()),
  );
  return fc
    .letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        carrier,
        fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'err', 'error'), tie('tree'), { minKeys: 1, maxKeys: 3 }),
      ),
    }))
    .tree.map((tree) => ({ tree, err: new Error(secret) }));
}

function spellings(secret: string): string[] {
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)];
}

describe('no secret leaves through the log', () => {
  test.for([false, true])('wherever it stands in the record (pretty: %s)', (pretty) => {
    fc.assert(
      fc.property(
        secrets.chain((secret) => fc.tuple(fc.constant(secret), hiding(secret))),
        ([secret, record]) => {
          const lines: string[] = [];
          const log = createLog({
            service: 't',
            redactor: new Redactor([secret]),
            pretty,
            write: (line) => lines.push(line),
          });
          log.info(record, `message with ${secret}`);
          log.child({ key: secret }).warn(record, secret);
          log.error(new Error(secret));
          const text = lines.join('');
          for (const spelling of spellings(secret)) expect(text).not.toContain(spelling);
          if (!pretty) for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
        },
      ),
      { numRuns: 150 },
    );
  });

  test('the first of two secrets is the beginning of the second', () => {
    const redactor = new Redactor(['abcdef', 'abcdefghij']);
    expect(redactor.redact('x abcdefghij y abcdef z')).toBe(`x ${REDACTED} y ${REDACTED} z`);
  });
});

describe('credentials that nobody registered', () => {
  const redact = (text: string) => new Redactor().redact(text);

  test.for([
    ['wss://h/ws?api_key=abc123&x=1', 'wss://h/ws?api_key=[redacted]&x=1'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer [redacted]'],
    ['{"X-API-Key":"abc","n":1}', '{"X-API-Key":"[redacted]","n":1}'],
    [String.raw`{"s":"{\"password\":\"abc\"}"}`, String.raw`{"s":"{\"password\":\"[redacted]\"}"}`],
    ['postgresql://admin:quest@127.0.0.1:8812/qdb', 'postgresql://admin:[redacted]@127.0.0.1:8812/qdb'],
    ['http::addr=h:9000;username=a;password=pw;', 'http::addr=h:9000;username=a;password=[redacted];'],
    ['key fxs_live_A1-b2_c3 used', 'key [redacted] used'],
  ] as const)('%s', ([input, expected]) => {
    expect(redact(input)).toBe(expected);
    expect(redact(expected)).toBe(expected);
  });

  test.for(['http://127.0.0.1:9000/exec?query=a', 'at 10:30:00 user@example.org', 'tokens=3 of a secretary'])(
    'ordinary text stays: %s',
    (text) => expect(redact(text)).toBe(text),
  );
});
