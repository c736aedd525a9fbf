// A part of the recording meets an error again and again: it is begun again each time, readiness says so, the process lives on, and every tick
// is in the table or in a gap.
import { until } from '@fxtape/testkit';
import { expect, test } from 'vitest';
import { begin, promiseKept } from './lane.ts';

const HOOK = `--import=${new URL('passing-hook.mjs', import.meta.url).href}`;

test.each([
  ['collector: frames taken', 300, /failed \(/],
  ['collector: lines read', 40, /part_failed \(sending, .*EMFILE: too many open files/],
  ['collector: symbols due', 1, /part_failed \(symbols, .*EMFILE/],
  ['collector: clock rule due', 1, /part_failed \(clock rule, .*EMFILE/],
] as const)(
  'failing-parts: %s',
  async (place, every, said) => {
    const recording = await begin({ ticksPerSecond: 200 });
    const service = await recording.collector(recording.dataDir, {
      NODE_OPTIONS: HOOK,
      PASSING_THROW_AT: place,
      PASSING_EVERY: String(every),
    });
    const ready = async (): Promise<string> => (await fetch(`${service.http}/readyz`)).text();
    // Whoever reads the configuration anew looks at the symbols.
    if (place === 'collector: symbols due') {
      await recording.live(service);
      recording.configure({ timeframes: ['M1', 'H1'] });
    }
    for (let round = 0; round < 3; round++) {
      await until(async () => said.test(await ready()), {
        what: `${said}, round ${round}`,
        deadlineMs: 60_000,
        everyMs: 20,
      });
      await recording.moreTicks(200);
    }
    expect(service.child.exit).toBeNull();
    await service.stop();
    // What is left on the tape is sent by a collector that meets no error.
    await recording.live(await recording.collector());
    await recording.moreTicks(200);
    await promiseKept(place, recording);
  },
  300_000,
);
