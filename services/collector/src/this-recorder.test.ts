import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { hasEnded, thisRecorder } from './this-recorder.ts';

test('a process of this machine is known to live or to have ended; of others nothing is known', async () => {
  const { place, process: self } = thisRecorder('.');
  expect(place).toMatch(/^.+:\/./);
  expect(hasEnded(self)).toBe(false);
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  const parsed = JSON.parse(self) as object;
  expect(hasEnded(JSON.stringify({ ...parsed, pid: child.pid }))).toBe(true);
  expect(hasEnded(JSON.stringify({ ...parsed, pid: child.pid, host: 'elsewhere' }))).toBe(false);
  expect(hasEnded(JSON.stringify({ ...parsed, pid: child.pid, namespace: 'pid:[1]' }))).toBe(false);
  for (const text of ['', 'null', '{}', '{"host":1}']) expect(hasEnded(text)).toBe(false);
});
