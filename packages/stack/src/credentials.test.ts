import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { provideCredentials, readCredentials, renewCredentials } from './credentials.ts';
import { makePrivateFolder } from './private-file.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'fxtape-credentials-'));
  path = join(dir, 'credentials.json');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const mode = (of: string) => statSync(of).mode & 0o777;

test('made once, all different, and readable by their owner alone', () => {
  expect(readCredentials(dir)).toBeNull();
  const made = provideCredentials(dir);
  expect(new Set([made.questdb.admin, made.questdb.reader, made.redis]).size).toBe(3);
  expect(mode(path)).toBe(0o600);
  expect(provideCredentials(dir)).toEqual(made);
  expect(readdirSync(dir)).toEqual(['credentials.json']);
});

test('renewed ones replace them; what others could read is closed', () => {
  const first = provideCredentials(dir);
  chmodSync(path, 0o644);
  expect(readCredentials(dir)).toEqual(first);
  expect(mode(path)).toBe(0o600);
  // As a crash in the middle of writing leaves it.
  writeFileSync(`${path}.partial`, 'half', { mode: 0o644 });
  const next = renewCredentials(dir);
  expect(next.redis).not.toBe(first.redis);
  expect(mode(path)).toBe(0o600);
  expect(readCredentials(dir)).toEqual(next);
});

test('a file that is not ours is told, without its content', () => {
  writeFileSync(path, '{"questdb": {"admin": "geheim", "reader": 5}}');
  expect(() => provideCredentials(dir)).toThrow(
    expect.objectContaining({ code: 'CREDENTIALS_INVALID', message: expect.not.stringContaining('geheim') }),
  );
});

test('a data folder that others could enter is closed to them', () => {
  chmodSync(dir, 0o755);
  expect(makePrivateFolder(dir)).toBe(true);
  expect(mode(dir)).toBe(0o700);
  expect(makePrivateFolder(dir)).toBe(false);
  makePrivateFolder(join(dir, 'new', 'one'));
  expect(mode(join(dir, 'new', 'one'))).toBe(0o700);
});
