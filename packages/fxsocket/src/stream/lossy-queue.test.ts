import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LossyQueue } from './lossy-queue.ts';

test('the newest stay, in order, and what is told as lost is exactly what is missing', () => {
  const steps = fc.array(fc.constantFrom('put', 'put', 'put', 'take'), { maxLength: 200 });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 7 }), steps, (capacity, words) => {
      const queue = new LossyQueue<number>(capacity);
      let put = 0;
      let next = 0; // the item that the reader expects
      for (const word of [...words, ...Array.from({ length: capacity + 1 }, () => 'take')]) {
        if (word === 'put') queue.put(put++);
        else {
          next += queue.takeLost();
          const item = queue.take();
          expect(item).toBe(next < put ? next : undefined);
          if (item !== undefined) next++;
        }
      }
      expect(next).toBe(put);
    }),
  );
});

test('no more is kept than the capacity, and a cleared queue is a new one', () => {
  const queue = new LossyQueue<number>(3);
  for (let n = 0; n < 10; n++) queue.put(n);
  expect([queue.takeLost(), queue.take(), queue.take(), queue.take(), queue.take()]).toEqual([
    7,
    7,
    8,
    9,
    undefined,
  ]);
  queue.put(1);
  queue.clear();
  queue.put(2);
  expect([queue.takeLost(), queue.take(), queue.take()]).toEqual([0, 2, undefined]);
});
