// A writer that is killed at random moments, again and again on the same tape: every line it had been told is written stands there
// exactly once, in order, and nothing that was never sent. Under the writes run rotation, compression and cursors.

import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Damage, type Line, listSegments, readCursor, readTape, verifyTape } from '@fxtape/tape';
import { ChildHandle, machineEnv, tempDir, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { contentOf, seeded } from './tape-content.ts';

const ROUNDS = 20;
const program = fileURLToPath(new URL('./tape-appender.ts', import.meta.url));

/** The last number that stands on a whole line. */
const acknowledged = (stdout: string): number => {
  const whole = stdout.slice(0, stdout.lastIndexOf('\n'));
  return Number(whole.slice(whole.lastIndexOf('\n') + 1));
};

test(`a writer killed ${ROUNDS} times: every acknowledged line once, in order`, {
  timeout: 180_000,
}, async () => {
  const seed = Date.now() % 1_000_000;
  console.log(`seed ${seed}`);
  const random = seeded(seed);
  const folder = tempDir('tape-killed');
  const dir = join(folder.path, 'tape');
  const written: number[] = [];
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const child = await ChildHandle.start({
        name: 'appender',
        command: process.execPath,
        args: ['--conditions=@fxtape/source', program, dir, String(round), String(seed)],
        cwd: folder.path,
        env: machineEnv(),
        logFile: join(folder.path, 'appender.log'),
      });
      await until(() => child.stdout.includes('\n') || child.exit !== null, {
        what: 'the writer',
        deadlineMs: 20_000,
      });
      // The moment of the kill is what this test is about: a random one.
      await delay(random() * 250);
      await child.kill('SIGKILL');
      expect(child.exit, child.logs.slice(-2000)).toEqual({ code: null, signal: 'SIGKILL' });
      written.push(acknowledged(child.stdout));
    }

    const seen: number[][] = written.map(() => []);
    const damage: Damage[] = [];
    let lastTs = 0;
    for await (const { items } of readTape(dir, null)) {
      for (const item of items as (Line | Damage)[]) {
        if ('kind' in item) damage.push(item);
        else {
          expect(item.tsRecv).toBeGreaterThan(lastTs);
          lastTs = item.tsRecv;
          if (item.frame === null) continue;
          const { i, round } = JSON.parse(item.frame) as { i: number; round: number };
          expect(item.frame).toBe(contentOf(round, i));
          seen[round]?.push(i);
        }
      }
    }
    expect(damage).toEqual([]);
    for (const [round, numbers] of seen.entries()) {
      expect(numbers, `round ${round}`).toEqual(Array.from({ length: numbers.length }, (_, i) => i));
      // What was written and not yet acknowledged may stand there as well, whole.
      expect(numbers.length, `round ${round}`).toBeGreaterThanOrEqual(written[round] as number);
    }
    for await (const report of verifyTape(dir)) expect(report.damage).toEqual([]);
    const segments = await listSegments(dir);
    const total = written.reduce((a, b) => a + b, 0);
    const compressed = segments.filter((segment) => segment.compressed).length;
    console.log(`${total} lines acknowledged, ${segments.length} segments, ${compressed} of them compressed`);
    expect(total).toBeGreaterThan(1000);
    expect(await readCursor(dir)).not.toBeNull();
  } finally {
    await folder.remove();
  }
});
