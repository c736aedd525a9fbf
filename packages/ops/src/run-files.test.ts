import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readServiceInfo, writePidFile } from './run-files.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'run-'));
});
afterEach(() => rmSync(data, { recursive: true }));

test('what a service wrote is found, and gone after removal', () => {
  expect(readServiceInfo(data, 'collector')).toBeNull();
  const remove = writePidFile(data, 'collector', { pid: process.pid, http: '127.0.0.1:4000' });
  expect(readServiceInfo(data, 'collector')).toMatchObject({ pid: process.pid, http: '127.0.0.1:4000' });
  expect(readFileSync(join(data, 'run/collector.pid'), 'utf8')).toBe(`${process.pid}\n`);
  expect(readdirSync(join(data, 'run')).sort()).toEqual(['collector.json', 'collector.pid']);
  remove();
  expect(readServiceInfo(data, 'collector')).toBeNull();
  expect(existsSync(join(data, 'run/collector.pid'))).toBe(false);
});

test('what it wrote is for this user alone', () => {
  const remove = writePidFile(data, 'collector', { pid: process.pid, http: '127.0.0.1:1', pass: 'a-pass' });
  expect(statSync(join(data, 'run/collector.json')).mode & 0o777).toBe(0o600);
  expect(readServiceInfo(data, 'collector')?.pass).toBe('a-pass');
  remove();
});

test.each(['ENOSPC', 'EIO', 'EMFILE'])('%s delays the files and ends nothing', async (code) => {
  const hooks = globalThis as { [key: symbol]: ((place: string) => void) | undefined };
  const key = Symbol.for('fxtape.passing');
  hooks[key] = () => {
    throw Object.assign(new Error('a fault of the disk'), { code });
  };
  const remove = writePidFile(data, 'collector', { pid: process.pid, http: null });
  hooks[key] = undefined;
  expect(readServiceInfo(data, 'collector')).toBeNull();
  await expect.poll(() => readServiceInfo(data, 'collector')?.pid, { timeout: 20_000 }).toBe(process.pid);
  remove();
});

test('a folder that cannot be written at all ends the start', () => {
  writeFileSync(join(data, 'run'), 'a file');
  expect(() => writePidFile(data, 'collector', { pid: process.pid, http: null })).toThrow('run');
});

test('the files of a successor are not removed', () => {
  const remove = writePidFile(data, 'console', { pid: 1111, http: null });
  const removeNext = writePidFile(data, 'console', { pid: 2222, http: null });
  remove();
  expect(readServiceInfo(data, 'console')?.pid).toBe(2222);
  removeNext();
});

test('a damaged file is an error, not an absent service', () => {
  mkdirSync(join(data, 'run'));
  writeFileSync(join(data, 'run/console.json'), '{"pid":');
  expect(() => readServiceInfo(data, 'console')).toThrow(
    expect.objectContaining({ code: 'RUN_FILE_INVALID' }),
  );
});
