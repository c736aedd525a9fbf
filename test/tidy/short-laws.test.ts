// Short runs are short, and full runs are full.
import fc from 'fast-check';
import { expect, test } from 'vitest';

test('a law is tried as often as it asks to be with FXTAPE_TEST_LAWS=full, else a tenth as often', () => {
  let tried = 0;
  const law = fc.property(fc.nat(), () => void tried++);
  fc.assert(law, { numRuns: 1000 });
  expect(tried).toBe(process.env['FXTAPE_TEST_LAWS'] === 'full' ? 1000 : 100);
});
