// The correction of a wrong clock rule between many pairs of rules, killed before each of its steps and at random moments, and taken back.
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { applyJournal, ClockApply } from '@fxtape/cli/clock-apply';
import { parseClockRule } from '@fxtape/market';
import { asObjects } from '@fxtape/questdb';
import { startNode, tempDir, until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import {
  clock,
  correctedFromTo,
  http,
  log,
  MOVED,
  record,
  server,
  sorted,
  stored,
} from '../integration/clock-apply-rig.ts';

test.each([
  ['Europe/Athens', 'America/New_York+7h'],
  ['UTC+2h', 'America/New_York+7h'],
  ['America/New_York+7h', 'Europe/London'],
  [MOVED, 'Europe/Athens'],
  ['Europe/Athens', 'UTC+3h'],
] as const)('from %s to %s: as if the right rule had read every row', (from, to) =>
  correctedFromTo(from, to),
);

const STEPS = [
  'filling',
  'filling ticks',
  'pausing',
  'paused',
  'writing coverage',
  'swapping',
  'away ticks',
  'away coverage',
  'swapped ticks',
  'swapped bars',
  'swapped',
];

const applier = (dataDir: string, rule: string, killAt: string) =>
  startNode(
    'applier',
    [
      fileURLToPath(new URL('../integration/clock-applier.ts', import.meta.url)),
      server.conf,
      dataDir,
      rule,
      killAt,
    ],
    { dataDir },
  );

test('killed before each named step it goes on, and ends as if it had never been killed', async () => {
  const [wrong, right] = [parseClockRule('UTC+2h'), parseClockRule('America/New_York+7h')];
  const expected = await record(wrong, right, 7);
  const folder = tempDir('clock-apply');
  try {
    for (const step of STEPS) {
      const child = await applier(folder.path, right.id, step);
      const { signal } = await child.exited;
      expect({ step, signal, said: child.logs.trim().split('\n').at(-1) }).toEqual({
        step,
        signal: 'SIGKILL',
        said: step,
      });
    }
    const last = await applier(folder.path, right.id, 'never');
    const { code } = await last.exited;
    expect(code, last.logs).toBe(0);
    const now = await stored();
    for (const [table, rows] of sorted(expected)) expect(now.get(table), table).toEqual(rows);
    expect(asObjects(await http.exec('SELECT step FROM clock_applies ORDER BY ts DESC LIMIT 1'))).toEqual([
      { step: 'applied' },
    ]);
    expect(Number((await http.exec('SELECT count() FROM gaps')).dataset[0]?.[0])).toBeGreaterThan(0);
  } finally {
    await folder.remove();
  }
}, 240_000);

test('killed at random moments, and then going back: nothing was replaced', async () => {
  const [wrong, right] = [parseClockRule('UTC+9h'), parseClockRule('Europe/Athens')];
  const expected = await record(wrong, right, 11);
  const before = await stored();
  const folder = tempDir('clock-apply');
  try {
    const first = await applier(folder.path, right.id, 'writing coverage');
    await first.exited;
    const apply = new ClockApply({ http, journal: applyJournal(folder.path), clock, log });
    const state = await apply.unfinished();
    if (state === null) throw new Error('nothing is unfinished');
    expect([state.step, apply.canGoBack(state)]).toEqual(['paused', true]);
    await apply.goBack(state);
    expect(await apply.unfinished()).toBeNull();
    expect(await stored()).toEqual(before);
    for (let kill = 0; kill < 10; kill++) {
      const child = await applier(folder.path, right.id, 'never');
      // It has begun when it says something; from then on the moment is what is varied.
      let over = false;
      void child.exited.then(() => {
        over = true;
      });
      await until(() => over || child.logs !== '', {
        what: 'its first word',
        deadlineMs: 30_000,
        everyMs: 10,
      });
      const ended = await Promise.race([child.exited, delay(Math.floor(Math.random() * 1500), null)]);
      if (ended !== null) {
        expect(ended.code, child.logs).toBe(0);
        break;
      }
      await child.kill('SIGKILL');
      process.stdout.write(`  killed at ${child.logs.trim().split('\n').at(-1)}\n`);
    }
    const last = await applier(folder.path, right.id, 'never');
    const { code } = await last.exited;
    expect(code, last.logs).toBe(0);
    const now = await stored();
    for (const [table, rows] of sorted(expected)) expect(now.get(table), table).toEqual(rows);
  } finally {
    await folder.remove();
  }
}, 240_000);
