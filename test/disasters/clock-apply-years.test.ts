// Ten brokers over 25 years under wrong rules, corrected and killed at every step that a correction takes, while the rules are changed and changed
// back and somebody writes who knows no pause: no row is lost, doubled or left at a wrong time, in any table.
import { tempDir } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { correctKilled, expectYears, startStubborn, Years } from '../integration/clock-apply-years.ts';

test('clock-apply: ten brokers over 25 years, killed at every step', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`  seed ${seed}\n`);
  const years = new Years(seed);
  await years.record(400);
  const folder = tempDir('clock-apply');
  const stubborn = startStubborn(years);
  try {
    const kills = await correctKilled({
      dataDir: folder.path,
      steps: /./,
      changeEvery: 4,
      onLast: async () => expect(await stubborn.stop()).toBeGreaterThan(20),
    });
    expect(kills).toBeGreaterThan(30);
    await expectYears(years);
  } finally {
    await stubborn.stop();
    await folder.remove();
  }
}, 3_600_000);
