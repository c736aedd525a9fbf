import { expect, test } from 'vitest';
import type { BackfillParts } from './parts.ts';
import { syncContext } from './sync-context.ts';

test('whoever loses the name of a stream writes nothing more in that run', async () => {
  const leased = new AbortController();
  const parts = { contexts: { get: async () => ({ account: 'one' }) } } as unknown as BackfillParts;
  const c = await syncContext(
    parts,
    {
      payload: { account: 'one' },
      request: (_kind, work) => work(leased.signal),
      alone: (_name, work) => work(leased.signal),
    },
    new AbortController().signal,
  );
  await c.alone('bars|EURUSD', async () => {
    expect(c.signal.aborted).toBe(false);
    leased.abort(new Error('another process has it'));
    expect(c.signal.reason).toMatchObject({ message: 'another process has it' });
  });
});
