// Ports of engines: each is given once, also to callers that ask at the same time.
import { expect, test } from 'vitest';
import { freePort } from './free-port.ts';

test('no port is given twice, whatever the dice say', async () => {
  const dice = [0.5, 0.5, 0.25, 0.5, 0.25, 0.75, 0.5, 0.1, 0.2, 0.3];
  const random = (): number => dice.shift() ?? Math.random();
  const ports = await Promise.all([freePort(random), freePort(random), freePort(random)]);
  expect(new Set(ports).size).toBe(3);
});
