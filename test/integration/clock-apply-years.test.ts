// Ten brokers over 25 years, corrected from ten wrong rules to ten right ones: no row is lost, doubled or left at a wrong time, in any table,
// whenever the correction is killed. It is killed at every step in the lane `disasters`.
import { tempDir } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { correctKilled, expectYears, startStubborn, Years } from './clock-apply-years.ts';

test('ten brokers over 25 years, killed here and there, with a writer that knows no pause', async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  process.stdout.write(`  seed ${seed}\n`);
  const years = new Years(seed);
  await years.record(30);
  const folder = tempDir('clock-apply');
  const stubborn = startStubborn(years);
  try {
    const kills = await correctKilled({
      dataDir: folder.path,
      steps: /^(filling bars|writing coverage|away deals|swapped bars)$/,
      changeEvery: 2,
      onLast: async () => expect(await stubborn.stop()).toBeGreaterThan(3),
    });
    expect(kills).toBe(4);
    await expectYears(years);
  } finally {
    await stubborn.stop();
    await folder.remove();
  }
}, 240_000);
