// The correction of a wrong clock rule between many pairs of rules, killed before each of its steps and at random moments, and taken back.
import { fileURLToPath } from 'node:url';
import { ApplyJournal, takeBack } from '@fxtape/cli/clock-apply';
import { brokerMs, type ClockRule, parseClockRule } from '@fxtape/market';
import { asObjects } from '@fxtape/questdb';
import { startNode, tempDir } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { clock, http, log, random, record, server, stored } from '../integration/clock-apply-rig.ts';
import {
  correctedFromTo,
  correctTo,
  expectStored,
  isUnfinished,
  MOVED,
} from '../integration/clock-apply-runs.ts';
import { correctUnderKills } from './kills.ts';

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
      JSON.stringify({ icm: rule }),
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
    await expectStored(expected);
    expect(asObjects(await http.exec('SELECT step FROM clock_applies ORDER BY ts DESC LIMIT 1'))).toEqual([
      { step: 'applied' },
    ]);
    expect(Number((await http.exec('SELECT count() FROM gaps')).dataset[0]?.[0])).toBeGreaterThan(0);
  } finally {
    await folder.remove();
  }
}, 240_000);

test('going back after a kill: nothing was replaced', async () => {
  const [wrong, right] = [parseClockRule('UTC+9h'), parseClockRule('Europe/Athens')];
  await record(wrong, right, 11);
  const before = await stored();
  const folder = tempDir('clock-apply');
  try {
    const first = await applier(folder.path, right.id, 'writing coverage');
    await first.exited;
    const journal = new ApplyJournal({ http, clock });
    const [step] = await journal.steps();
    if (step === undefined) throw new Error('nothing was begun');
    expect(step.step).toBe('paused');
    await takeBack({ http, clock, journal, log }, step.applyId);
    expect(await journal.steps()).toMatchObject([{ applyId: step.applyId, step: 'abandoned' }]);
    expect(await stored()).toEqual(before);
  } finally {
    await folder.remove();
  }
}, 240_000);

test('killed ten times at random moments, there and back: as if the right rule had read every row', async () => {
  const [wrong, right] = [parseClockRule('UTC+9h'), parseClockRule('Europe/Athens')];
  const expected = await record(wrong, right, 13);
  const folder = tempDir('clock-apply');
  try {
    const hits = await correctUnderKills({
      rules: ['UTC+5h', right.id],
      kills: 10,
      steps: /./,
      start: (rule) => applier(folder.path, rule, 'never'),
      choose: async () => {},
      isUnfinished,
    });
    expect(hits).toBeGreaterThanOrEqual(10);
    await expectStored(expected);
  } finally {
    await folder.remove();
  }
}, 1_800_000);

const POOL = [
  'Europe/Athens',
  'America/New_York+7h',
  'Europe/London',
  'UTC+2h',
  'UTC+9h',
  'UTC-5h',
  MOVED,
] as const;

test.each([1, 2, 3])('a chain of wrong rules, then the right one: as the right one alone (%i)', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`  seed ${seed}\n`);
  const below = random(seed);
  const names = [...POOL].map((name) => ({ name, at: below(1e6) })).toSorted((a, b) => a.at - b.at);
  const rules = names.slice(0, 3 + below(3)).map(({ name }) => parseClockRule(name));
  process.stdout.write(`  ${rules.map(({ id }) => id).join(' → ')}\n`);
  const [first, ...later] = rules as [ClockRule, ...ClockRule[]];
  const right = later.at(-1) as ClockRule;
  const expected = await record(first, right, seed, later);
  for (const rule of later) await correctTo(rule);
  const now = await stored();
  // Rows of an hour that one of the rules repeats may have been left out on the way.
  const told = (table: string, row: string): boolean => {
    if (table === 'trading_sessions' || table === 'history_limits') return true;
    const [, us, offsetS] = row.split(' ');
    const broker = brokerMs(Math.floor(Number(us) / 1000) + Number(offsetS) * 1000);
    return rules.every((rule) => rule.repeatedHourAt(broker) === null);
  };
  for (const [table, rows] of expected) {
    const outside = rows.toSorted().filter((row) => told(table, row));
    expect(outside.length, table).toBeGreaterThan(50);
    expect(
      now.get(table)?.filter((row) => told(table, row)),
      table,
    ).toEqual(outside);
  }
});
