// Proves that a store refuses a second put under one name, before anything depends on it. In: a store. Out: nothing, or the error. Some
// servers ignore the condition; some check first and write later, which only concurrent writers reveal.
import { randomUUID } from 'node:crypto';
import { FxtapeError } from '@fxtape/ops';
import type { Store } from './store.ts';

const AT_ONCE = 4;

/** @throws DATASET_STORE_UNSAFE */
export async function proveSafe(store: Store, signal?: AbortSignal): Promise<void> {
  const path = `_staging/probe-${randomUUID()}`;
  const content = (n: number): Buffer => Buffer.from(`${path} ${n}`);
  try {
    const first = await Promise.allSettled(
      Array.from({ length: AT_ONCE }, (_, n) => store.putIfAbsent(path, content(n), signal)),
    );
    for (const each of first) if (each.status === 'rejected') throw each.reason;
    const won = first.flatMap((each, n) => (each.status === 'fulfilled' && each.value ? [n] : []));
    const late = await store.putIfAbsent(path, content(AT_ONCE), signal);
    const kept = await store.read(path, signal);
    const winner = won[0];
    if (winner !== undefined && won.length === 1 && !late && kept?.equals(content(winner)) === true) return;
    throw new FxtapeError({
      code: 'DATASET_STORE_UNSAFE',
      message: late
        ? `${store.address} replaced a file that it was asked to keep`
        : `${store.address} let ${won.length} of ${AT_ONCE} writers take one name at once`,
      context: { won: won.length, late },
    });
  } finally {
    // If this fails, vacuum removes the file later.
    await store.remove(path, signal).catch(() => undefined);
  }
}
