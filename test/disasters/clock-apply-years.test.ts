// Ten brokers over 25 years under wrong rules, corrected and killed, while the rules are changed and changed back and somebody writes who knows no
// pause: no row is lost, doubled or left at a wrong time, in any table.
import { tempDir } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { correctKilled, expectYears, startStubborn, Years } from '../integration/clock-apply-years.ts';

test.each([
  {
    name: 'here and there',
    rows: 8,
    steps: /^(filling bars|writing coverage|away deals|swapped bars)$/,
    changeEvery: 2,
    kills: 4,
  },
  { name: 'at every step', rows: 60, steps: /./, changeEvery: 4, kills: 30 },
])(
  'clock-apply: ten brokers over 25 years, killed $name',
  async ({ changeEvery, kills, rows, steps }) => {
    const seed = Math.floor(Math.random() * 2 ** 31);
    process.stdout.write(`  seed ${seed}\n`);
    const years = new Years(seed);
    await years.record(rows);
    const folder = tempDir('clock-apply');
    const stubborn = startStubborn(years);
    try {
      const made = await correctKilled({
        dataDir: folder.path,
        steps,
        changeEvery,
        onLast: async () => expect(await stubborn.stop()).toBeGreaterThan(3),
      });
      expect(made).toBeGreaterThanOrEqual(kills);
      await expectYears(years);
    } finally {
      await stubborn.stop();
      await folder.remove();
    }
  },
  3_600_000,
);
