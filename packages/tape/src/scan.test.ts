import { expect, test } from 'vitest';
import { LineScanner } from './scan.ts';

const LINE = `${'x'.repeat(16 * 1024)}\n`;

/** How many reads a tape of 64 MiB takes, and the largest of them. */
const readsOf = (maxBytes: number): { reads: number; largestKiB: number } => {
  const scanner = new LineScanner(maxBytes);
  scanner.begin(1, 0, 'tape');
  let largest = 0;
  let reads = 0;
  for (let left = 64 * 1024 * 1024; left > 0; reads++) {
    const { buffer, length, offset } = scanner.space();
    buffer.fill(LINE, offset, offset + length);
    scanner.filled(length);
    scanner.scan({ items: [], bytes: 0, end: null }, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY);
    largest = Math.max(largest, length);
    left -= length;
  }
  return { reads, largestKiB: largest / 1024 };
};

test('a long tape is read in few pieces: each one waits for a turn of the event loop', () => {
  expect(readsOf(8 * 1024 * 1024).reads).toBeLessThan(40);
});

test('a reader of small batches reads little at once: a head, or an account among many', () => {
  expect(readsOf(1).largestKiB).toBeLessThanOrEqual(256);
  expect(readsOf(300 * 1024).largestKiB).toBeLessThanOrEqual(600);
});
