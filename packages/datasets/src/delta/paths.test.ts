// Any name that is not refused can be read back from its folder, whose name has only safe characters.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromLogPath, partitionFolder, partitionOf, toLogPath } from './paths.ts';

const refused = expect.objectContaining({ code: 'DATASET_NAME_UNSUPPORTED' }) as Error;

test('names of symbols as brokers write them', () => {
  const folder = partitionFolder(['feed', 'symbol', 'month'], {
    feed: 'icm',
    symbol: 'EUR/USD',
    month: '2026-01',
  });
  expect(folder).toBe('feed=icm/symbol=EUR%2FUSD/month=2026-01');
  expect(toLogPath(`${folder}/part-1.parquet`)).toBe(
    'feed=icm/symbol=EUR%252FUSD/month=2026-01/part-1.parquet',
  );
  const one = (symbol: string): string => partitionFolder(['symbol'], { symbol });
  expect(['#AAPL', 'US 500', 'é', 'XAU+', '..', 'a\\b', '%2F'].map(one)).toEqual([
    'symbol=%23AAPL',
    'symbol=US%20500',
    'symbol=%C3%A9',
    'symbol=XAU%2B',
    'symbol=..',
    'symbol=a%5Cb',
    'symbol=%252F',
  ]);
});

test('any text can be read back, from the folder and from the log', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
      fc.string({ minLength: 1, maxLength: 40 }),
      (feed, symbol) => {
        const folder = partitionFolder(['feed', 'symbol'], { feed, symbol });
        expect(folder).toMatch(/^feed=[A-Za-z0-9._%-]+\/symbol=[A-Za-z0-9._%-]+$/);
        const path = `${folder}/part-1.parquet`;
        expect(partitionOf(path)).toEqual({ feed, symbol });
        expect(fromLogPath(toLogPath(path))).toBe(path);
      },
    ),
    { numRuns: 1000 },
  );
});

test.each([
  ['', 'empty'],
  ['__HIVE_DEFAULT_PARTITION__', 'null'],
  ['\uD800', 'no Unicode'],
  ['中'.repeat(30), '277 bytes'],
  ['x'.repeat(249), '256 bytes'],
])('%j is refused', (symbol) => {
  expect(() => partitionFolder(['symbol'], { symbol })).toThrowError(refused);
});

test('the longest names that fit', () => {
  expect(partitionFolder(['symbol'], { symbol: 'x'.repeat(248) })).toHaveLength(255);
  expect(() => partitionFolder(['symbol'], {})).toThrowError(refused);
});

test('what is not a partition folder', () => {
  expect(partitionOf('README.md')).toEqual({});
  for (const path of ['_manifest/0.json', '=x/a', 'a=%/b', 'a=/b']) expect(partitionOf(path)).toBeNull();
});
