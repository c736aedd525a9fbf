import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchesGlob, matchSymbols } from './match-symbols.ts';

const listed = ['EURUSD', 'EURUSD.sd', 'XAUUSD', 'XAGUSD', '#US30', 'BTC+', 'eurusd'];

describe('matchSymbols', () => {
  test.for([
    [['EURUSD', 'XAU*'], ['EURUSD', 'XAUUSD'], []],
    [['*'], listed, []],
    [['EURUSD?sd', '#US30', 'BTC+'], ['EURUSD.sd', '#US30', 'BTC+'], []],
    [['GBPUSD', 'XA?USD', 'OIL*'], ['XAUUSD', 'XAGUSD'], ['GBPUSD']],
    [['EURUSD', 'EUR*'], ['EURUSD', 'EURUSD.sd'], []],
    [[], [], []],
  ] as const)('%j', ([globs, matched, unknown]) => {
    expect(matchSymbols(globs, listed)).toEqual({ matched, unknown });
  });

  test('a listed symbol always matches itself, whatever characters it has', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), fc.array(fc.string()), (symbol, others) => {
        const found = matchSymbols([symbol], [...others, symbol]);
        expect(found.matched).toContain(symbol);
        expect(found.unknown).toEqual([]);
      }),
    );
  });

  test('many stars take no exponential time', () => {
    expect(matchesGlob(`${'*'.repeat(60)}x`, 'a'.repeat(200))).toBe(false);
  });
});
