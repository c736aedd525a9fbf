import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GONE_AFTER_MS, KnownSymbols, type SymbolSight } from './known-symbols.ts';

const all = ['EURUSD', 'XAUUSD', 'BTCUSD'];
const sight = (monoMs: number, listed: readonly string[] = ['EURUSD'], ready = true): SymbolSight => ({
  listed,
  monoMs,
  ready,
});
const after = (...sights: SymbolSight[]): KnownSymbols => {
  const book = new KnownSymbols();
  for (const each of [sight(0, all), ...sights]) book.saw(each);
  return book;
};

test('a list adds at once', () => {
  const book = after(sight(1, [...all, 'ETHUSD']));
  expect([book.listed, book.missing, book.doubtful]).toEqual([[...all, 'ETHUSD'], [], false]);
});

test('what one shorter list misses is missing, and gone only when a ready terminal says so again, minutes later', () => {
  expect(after(sight(1)).missing).toEqual(['XAUUSD', 'BTCUSD']);
  expect(after(sight(1), sight(GONE_AFTER_MS)).missing).toEqual(['XAUUSD', 'BTCUSD']);
  expect(after(sight(1), sight(1 + GONE_AFTER_MS)).missing).toEqual([]);
  expect(after(sight(1), sight(1 + GONE_AFTER_MS, ['EURUSD', 'BTCUSD'])).missing).toEqual([]);
});

test.each([
  ['an empty list', sight(2, [])],
  ['a terminal that is not ready', sight(2, ['EURUSD'], false)],
])('%s proves nothing, and what was proved before it has to be proved again', (_what, doubt) => {
  expect(after(doubt).doubtful).toBe(true);
  const often = Array.from({ length: 9 }, (_, n) => ({ ...doubt, monoMs: n * GONE_AFTER_MS }));
  expect(new Set([...after(...often).listed, ...after(...often).missing])).toEqual(new Set(all));
  const between = after(sight(1), doubt, sight(1 + GONE_AFTER_MS));
  expect(between.missing.toSorted()).toEqual(['BTCUSD', 'XAUUSD']);
  between.saw(sight(1 + 2 * GONE_AFTER_MS));
  expect(between.missing).toEqual([]);
});

test('what an earlier process knew is missing until it is listed or proved gone', () => {
  const book = new KnownSymbols(['XAUUSD', 'OLD']);
  expect([book.missing, book.doubtful]).toEqual([['XAUUSD', 'OLD'], true]);
  book.saw(sight(0, all));
  expect(book.missing).toEqual(['OLD']);
  book.saw(sight(GONE_AFTER_MS, all));
  expect(book.missing).toEqual([]);
});

test('law: a symbol that was ever listed is listed or missing, unless ready terminals missed it twice, minutes apart, without a doubt between', () => {
  const anySight = fc.record({
    listed: fc.subarray(all),
    ready: fc.boolean(),
    stepMs: fc.integer({ min: 0, max: GONE_AFTER_MS }),
  });
  fc.assert(
    fc.property(fc.array(anySight, { maxLength: 20 }), (steps) => {
      const book = new KnownSymbols();
      const seen: SymbolSight[] = [];
      let monoMs = 0;
      for (const { listed, ready, stepMs } of steps) {
        monoMs += stepMs;
        seen.push({ listed, ready, monoMs });
        book.saw({ listed, ready, monoMs });
        const here = new Set([...book.listed, ...book.missing]);
        for (const symbol of all) {
          const last = seen.findLastIndex((one) => one.listed.includes(symbol));
          if (last < 0 || here.has(symbol)) continue;
          const since = seen.slice(last + 1);
          const proofs = since.map((one) => one.ready && one.listed.length > 0);
          const proved = since.some((one, n) => {
            const first = since[proofs.lastIndexOf(false, n) + 1];
            return proofs[n] === true && first !== undefined && one.monoMs - first.monoMs >= GONE_AFTER_MS;
          });
          expect(proved).toBe(true);
        }
      }
    }),
  );
});
