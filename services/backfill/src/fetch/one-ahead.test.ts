import { expect, test } from 'vitest';
import { oneAhead } from './fetch-pages.ts';

test('the next item is made while one is consumed, and never a second one', async () => {
  let made = 0;
  const items = async function* () {
    for (; made < 5; ) yield ++made;
  };
  const seen: [number, number][] = [];
  for await (const item of oneAhead(items())) {
    await new Promise((resolve) => setImmediate(resolve));
    seen.push([item, made]);
  }
  expect(seen).toEqual([
    [1, 2],
    [2, 3],
    [3, 4],
    [4, 5],
    [5, 5],
  ]);
});

test('an error is met after the items before it; a consumer that ends early ends what is under way', async () => {
  const failing = async function* () {
    yield 1;
    throw new Error('page 2');
  };
  const seen: number[] = [];
  const run = async (): Promise<void> => {
    for await (const item of oneAhead(failing())) seen.push(item);
  };
  await expect(run()).rejects.toThrow('page 2');
  expect(seen).toEqual([1]);
  const early = async (): Promise<void> => {
    for await (const _ of oneAhead(failing())) throw new Error('consumer');
  };
  await expect(early()).rejects.toThrow('consumer');
});
