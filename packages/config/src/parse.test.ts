import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACCOUNT_DATA } from './config.ts';
import { demoConfig } from './demo.ts';
import { parseConfig } from './parse.ts';
import { showConfig } from './show.ts';

const ID = '0f9c2d4e-1a2b-4c3d-8e5f-60718293a4b5';
const OTHER_ID = '1f9c2d4e-1a2b-4c3d-8e5f-60718293a4b5';
const DAY_MS = 86_400_000;

const full = `
defaults:
  timeframes: [M1, D1]
  backfill: { bars: { M1: 30d, D1: all }, ticks: 7d, deals: all }
accounts:
  - id: ${ID}
    name: icm-demo
    key: FXSOCKET_API_KEY
    market_data: { feed: icm, symbols: [EURUSD, "XAU*"] }
    account_data: [deals, positions, account]
    clock: auto
retention: { tape: 30d }
`;

const account = (lines: string) =>
  `accounts:\n  - name: a\n    id: ${ID}\n    market_data: { symbols: [EURUSD] }\n${lines}`;
const problemsOf = (text: string): string[] => {
  try {
    parseConfig(text, 'fxtape.yaml');
  } catch (error) {
    const { code, context, message } = error as Error & { code: string; context: { problems: string[] } };
    expect(code).toBe('CONFIG_INVALID');
    expect(message).toContain('fxtape.yaml: ');
    return context.problems;
  }
  return [];
};

describe('a right file', () => {
  test('the example of the design', () => {
    expect(parseConfig(full, 'fxtape.yaml')).toEqual({
      source: 'fxtape.yaml',
      retention: { tapeMs: 30 * DAY_MS },
      accounts: [
        {
          name: 'icm-demo',
          id: ID,
          match: null,
          discoverMs: null,
          keyVariable: 'FXSOCKET_API_KEY',
          tlsVerify: true,
          allowHttp: false,
          marketData: { feed: 'icm', symbols: ['EURUSD', 'XAU*'] },
          accountData: ['deals', 'positions', 'account'],
          timeframes: ['M1', 'D1'],
          clock: { rule: 'auto', replayed: false },
          backfill: { bars: { M1: 30 * DAY_MS, D1: 'all' }, ticks: 7 * DAY_MS, deals: 'all' },
        },
      ],
    });
  });

  test('defaults, and what an account says itself', () => {
    const text = `
defaults: { timeframes: [H1], backfill: { ticks: false } }
accounts:
  - { name: a, id: ${ID}, market_data: { symbols: ["*"] } }
  - name: b
    match: { server: "ICM*" }
    market_data: false
    timeframes: [M5]
    tls_verify: false
    allow_http: true
    clock: { rule: UTC+3h, replayed: true }
`;
    const [a, b] = parseConfig(text, 'f').accounts;
    expect(a).toMatchObject({ marketData: { feed: 'a' }, timeframes: ['H1'], tlsVerify: true });
    expect(a?.backfill).toEqual({ bars: { M1: 30 * DAY_MS, D1: 'all' }, ticks: null, deals: 'all' });
    expect(b).toMatchObject({ id: null, match: { server: 'ICM*' }, discoverMs: 300_000, marketData: null });
    expect(b).toMatchObject({
      timeframes: ['M5'],
      tlsVerify: false,
      allowHttp: true,
      clock: { rule: 'UTC+3h', replayed: true },
    });
  });

  test.for([
    ['clock: replayed', { rule: 'auto', replayed: true }],
    ['clock: "America/New_York+7h"', { rule: 'America/New_York+7h', replayed: false }],
    ['clock: { replayed: true }', { rule: 'auto', replayed: true }],
  ] as const)('%s', ([line, clock]) => {
    expect(parseConfig(account(`    ${line}\n`), 'f').accounts[0]?.clock).toEqual(clock);
  });
});

describe('a wrong file is told in sentences with the place', () => {
  test.for([
    ['accounts: []', 'accounts must have at least one account (line 1)'],
    ['', 'the file must be a mapping with accounts'],
    ['- a', 'the file must be a mapping with accounts'],
    ['retention: { tape: 30d }', 'accounts is missing: it must be a list of accounts'],
    [
      `accounts:\n  - id: ${ID}\n    market_data: false\n`,
      'accounts[0].name is missing: it must be a name such as icm-demo (line 2)',
    ],
    [
      `accounts:\n  - name: a\n    id: ${ID}\n`,
      'accounts[0].market_data is missing: it must be a mapping such as { symbols: [EURUSD] }, or false (line 2)',
    ],
    [account('    symbols: [X]\n'), 'accounts[0] does not know "symbols" (line 5)'],
    [account('    market_dat:\n      feed: x\n'), 'accounts[0] does not know "market_dat" (line 5)'],
    [`${account('')}retain: 30d\n`, 'the file does not know "retain" (line 5)'],
    [
      account('    timeframes: [M1, M3]\n'),
      'accounts[0].timeframes[1] must be one of M1, M5, M15, M30, H1, H4, D1, W1, MN1 (line 5)',
    ],
    [
      account('    clock: Mars/Base\n'),
      'accounts[0].clock must be auto, or a clock rule such as America/New_York+7h or UTC+3h (line 5)',
    ],
    [
      account('    clock: { rule: Mars/Base }\n'),
      'accounts[0].clock.rule must be auto, or a clock rule such as America/New_York+7h or UTC+3h (line 5)',
    ],
    [
      account('    account_data: [money]\n'),
      `accounts[0].account_data[0] must be one of ${ACCOUNT_DATA.join(', ')} (line 5)`,
    ],
    [
      account('    backfill: { ticks: 7 }\n'),
      'accounts[0].backfill.ticks must be a duration such as 30d, or all, or false (line 5)',
    ],
    [
      account('    backfill: { bars: { M3: 7d } }\n'),
      'accounts[0].backfill.bars does not know "M3" (line 5)',
    ],
    [account('    match: { server: X }\n'), 'accounts[0] has both id and match; keep one of them (line 2)'],
    [account('    discover: 5m\n'), 'accounts[0].discover only goes with match (line 5)'],
    [account('    tls_verify: "no"\n'), 'accounts[0].tls_verify must be true or false (line 5)'],
    [
      `accounts:\n  - name: a\n    market_data: false\n`,
      'accounts[0] needs id (the UUID on FxSocket) or match (line 2)',
    ],
    [
      `accounts:\n  - { name: a, match: {}, market_data: false }`,
      'accounts[0].match needs server or nickname (line 2)',
    ],
    [
      `accounts:\n  - { name: ../a, id: ${ID}, market_data: false }`,
      'accounts[0].name must start with a letter or digit and contain only letters, digits, ".", "_" and "-" (at most 63) (line 2)',
    ],
    [
      `accounts:\n  - { name: a, id: nope, market_data: false }`,
      'accounts[0].id must be the UUID of the account on FxSocket (line 2)',
    ],
    [
      `accounts:\n  - { name: a, id: ${ID}, market_data: { symbols: [] } }`,
      'accounts[0].market_data.symbols must name at least one symbol, for example ["*"] (line 2)',
    ],
    [
      `accounts:\n  - { name: a, id: ${ID}, market_data: { symbols: X } }`,
      'accounts[0].market_data.symbols must be a list such as [EURUSD, "XAU*"] (line 2)',
    ],
    [
      `accounts:\n  - { name: a, id: ${ID}, market_data: false, account_data: false }`,
      'accounts[0] records nothing: market_data and account_data are both off (line 2)',
    ],
    [
      `${account('')}retention: { tape: soon }\n`,
      'retention.tape must be a duration such as 90s, 5m, 12h, 30d or 2w (line 5)',
    ],
    ['accounts:\n  - name: a\n    name: b\n', 'not YAML: Map keys must be unique (line 3)'],
  ] as const)('%s', ([text, sentence]) => {
    expect(problemsOf(text)).toEqual([sentence]);
  });

  test('two accounts that would write into each other', () => {
    const problems = problemsOf(`accounts:
  - { name: a, id: ${ID}, market_data: { feed: x, symbols: [A] } }
  - { name: A, id: ${ID.toUpperCase()}, market_data: { feed: X, symbols: [A] } }
  - { name: c, id: ${OTHER_ID}, market_data: { symbols: [A] } }
`);
    expect(problems).toHaveLength(3);
    expect(problems.join(' ')).toMatch(
      /accounts\[1\].name is already used by.*accounts\[1\].id is listed twice.*accounts\[1\].market_data writes feed "X"/,
    );
  });

  test('everything wrong is told at once', () => {
    expect(problemsOf(account('    clock: 3\n    tls_verify: 1\nretention: 5\n'))).toHaveLength(3);
  });

  test('a key in place of the name of its variable is refused and not repeated', () => {
    const problems = problemsOf(account('    key: fxs_live_abcdef123\n'));
    expect(problems.join(' ')).toContain('not the key itself');
    expect(problems.join(' ')).not.toContain('abcdef123');
  });

  test('no text whatsoever makes it throw anything else', () => {
    const pieces = [
      'accounts',
      ':',
      '- ',
      '\n',
      '  ',
      '{',
      '}',
      '[',
      ']',
      '&a',
      '*a',
      '!!x',
      '"',
      "'",
      '|',
      '#',
      '\t',
      'name',
      '0',
      '\u0000',
    ];
    fc.assert(
      fc.property(
        fc.string({ unit: fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 2 })) }),
        (text) => {
          try {
            parseConfig(text, 'f');
          } catch (error) {
            expect((error as { code?: string }).code).toBe('CONFIG_INVALID');
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('show', () => {
  test.for([
    ['the example', () => parseConfig(full, 'f')],
    ['the demonstration', () => demoConfig({ simulatorUrl: 'http://127.0.0.1:7080' })],
    ['a real day', () => demoConfig({ simulatorUrl: 'http://127.0.0.1:7080', demo: 'real-0123abcd' })],
    [
      'replayed, depths off',
      () =>
        parseConfig(
          account(
            '    clock: { rule: UTC+3h, replayed: true }\n    backfill: { bars: {}, ticks: false, deals: 90d }\n    account_data: false\n',
          ),
          'f',
        ),
    ],
  ] as const)('is read back to the same: %s', ([, make]) => {
    const config = make();
    const { source: _, ...again } = parseConfig(showConfig(config), 'again');
    expect({ ...again, source: config.source }).toEqual(config);
  });

  test('takes out what looks like a key', () => {
    const config = parseConfig(
      `accounts:\n  - { name: a, match: { nickname: fxs_live_abcdef }, market_data: false }`,
      'f',
    );
    expect(showConfig(config)).not.toContain('abcdef');
  });
});

test('the source of this test holds no real-looking key', () => {
  expect(readFileSync(new URL(import.meta.url), 'utf8')).not.toMatch(/fxs_live_[A-Za-z0-9]{16,}/);
});
