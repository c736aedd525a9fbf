// Permits of one process: never more than its share, in the order of asking, and none is lost whatever is aborted when.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LocalPermits } from './local-permits.ts';

test('whatever is asked, given back, aborted and resized: never too many, none lost, first come first served', async () => {
  const step = fc.oneof(
    fc.constant({ do: 'ask' as const, n: 0 }),
    fc.record({ do: fc.constantFrom('give' as const, 'abort' as const), n: fc.nat(20) }),
    fc.record({ do: fc.constant('resize' as const), n: fc.integer({ min: 1, max: 4 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const leased = new Set<string>();
      let tokens = 0;
      const leases = {
        take: async (_account: string, _limit: () => number, signal: AbortSignal) => {
          await Promise.resolve();
          signal.throwIfAborted();
          tokens += 1;
          leased.add(String(tokens));
          return String(tokens);
        },
        give: (_account: string, token: string) => void leased.delete(token),
      };
      let slots = 2;
      const permits = new LocalPermits({ account: 'one', leases, slots, limit: 9 });
      const asked: { abort: AbortController; giveBack: (() => void) | null; ended: boolean }[] = [];
      const served: number[] = [];
      for (const one of steps) {
        const which = asked[one.n % Math.max(1, asked.length)];
        if (one.do === 'ask') {
          const abort = new AbortController();
          const mine = { abort, giveBack: null as (() => void) | null, ended: false };
          const at = asked.push(mine);
          permits.take(abort.signal).then(
            (giveBack) => {
              mine.giveBack = giveBack;
              served.push(at);
            },
            () => (mine.ended = true),
          );
        } else if (one.do === 'give') which?.giveBack?.();
        else if (one.do === 'abort') which?.abort.abort(new Error('stop'));
        else {
          const before = permits.inUse;
          slots = one.n;
          permits.resize(slots, 9);
          expect(permits.inUse).toBeLessThanOrEqual(Math.max(before, slots));
        }
        if (one.n % 2 === 0) await new Promise(setImmediate);
      }
      await new Promise(setImmediate);
      expect(permits.inUse).toBe(leased.size);
      expect(permits.waiting === 0 || permits.inUse >= slots).toBe(true);
      expect(served).toEqual(served.toSorted((a, b) => a - b));
      for (const one of asked) {
        one.abort.abort(new Error('stop'));
        one.giveBack?.();
      }
      await new Promise(setImmediate);
      for (const one of asked) one.giveBack?.();
      await new Promise(setImmediate);
      expect([permits.inUse, permits.waiting, leased.size]).toEqual([0, 0, 0]);
    }),
  );
});
