import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Config } from './config.ts';
import { parseConfig } from './parse.ts';
import { watchConfig } from './watch.ts';

const text = (tape: string) =>
  `accounts: [{ name: a, id: 0f9c2d4e-1a2b-4c3d-8e5f-60718293a4b5, market_data: false }]\nretention: { tape: ${tape} }\n`;
const DAY_MS = 86_400_000;

let folder: string;
let path: string;
let seen: Config[];
let errors: string[];
let watcher: { close(): void } | null;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'watch-'));
  path = join(folder, 'fxtape.yaml');
  writeFileSync(path, text('1d'));
  seen = [];
  errors = [];
  watcher = null;
});
afterEach(() => {
  watcher?.close();
  rmSync(folder, { recursive: true });
});

const days = () => seen.map((config) => config.retention.tapeMs / DAY_MS);
const until = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 });

/** Watches with `1d` as known, and waits until a first change has been seen. */
async function watching(options: { settleMs?: number; pollMs?: number } = {}): Promise<void> {
  watcher = watchConfig(
    path,
    (config) => seen.push(config),
    (error) => errors.push(error.code),
    { current: parseConfig(text('1d'), path), settleMs: 20, pollMs: 50, ...options },
  );
  writeFileSync(path, text('2d'));
  await until(() => expect(days()).toEqual([2]));
}

describe('watchConfig', () => {
  test('an exception of who is told is an error like any other, and the next change is told again', async () => {
    watcher = watchConfig(
      path,
      (config) => {
        if (seen.push(config) === 1) throw new Error('cannot be taken up');
      },
      (error) => errors.push(`${error.code} ${(error.cause as Error).message}`),
      { current: parseConfig(text('1d'), path), settleMs: 20, pollMs: 50 },
    );
    for (const day of [2, 3]) {
      writeFileSync(path, text(`${day}d`));
      await until(() => expect(days().at(-1)).toBe(day));
    }
    expect(errors).toEqual(['CONFIG_INVALID cannot be taken up']);
  });

  test('sees a file written in place and one that is renamed over it, again and again', async () => {
    await watching({ pollMs: 60_000 });
    for (const day of [3, 4, 5]) {
      writeFileSync(`${path}~`, text(`${day}d`));
      renameSync(`${path}~`, path);
      await until(() => expect(days().at(-1)).toBe(day));
      writeFileSync(path, text(`${day * 10}d`));
      await until(() => expect(days().at(-1)).toBe(day * 10));
    }
    expect(errors).toEqual([]);
  });

  test('sees a volume that swaps a link', async () => {
    await watching();
    writeFileSync(join(folder, 'v2'), text('7d'));
    symlinkSync(join(folder, 'v2'), join(folder, 'link'));
    renameSync(join(folder, 'link'), path);
    await until(() => expect(days()).toEqual([2, 7]));
  });

  test('tells an error once, keeps the old configuration, and goes on', async () => {
    await watching();
    writeFileSync(path, 'accounts: 3\n');
    await until(() => expect(errors).toEqual(['CONFIG_INVALID']));
    unlinkSync(path);
    await until(() => expect(errors).toEqual(['CONFIG_INVALID', 'CONFIG_NOT_FOUND']));
    writeFileSync(path, text('9d'));
    await until(() => expect(days()).toEqual([2, 9]));
    expect(errors).toHaveLength(2);
  });

  test('a comment is no change', async () => {
    await watching();
    writeFileSync(path, `# hello\n${text('2d')}`);
    writeFileSync(path, '[');
    await until(() => expect(errors).toEqual(['CONFIG_INVALID']));
    writeFileSync(path, `# again\n${text('2d')}`);
    writeFileSync(`${path}~`, text('4d'));
    renameSync(`${path}~`, path);
    await until(() => expect(days()).toEqual([2, 4]));
  });

  test('a file that is wrong at the start and right later is news', async () => {
    writeFileSync(path, '[');
    watcher = watchConfig(
      path,
      (config) => seen.push(config),
      (error) => errors.push(error.code),
      { settleMs: 20, pollMs: 50 },
    );
    await until(() => expect(errors).toEqual(['CONFIG_INVALID']));
    writeFileSync(path, text('6d'));
    await until(() => expect(days()).toEqual([6]));
  });

  test('nothing is told after close', async () => {
    await watching();
    const told: Config[] = [];
    const second = watchConfig(
      path,
      (config) => told.push(config),
      () => undefined,
      { current: parseConfig(text('2d'), path), settleMs: 20, pollMs: 50 },
    );
    watcher?.close();
    writeFileSync(path, text('8d'));
    await until(() => expect(told).toHaveLength(1));
    second.close();
    expect(days()).toEqual([2]);
  });
});
