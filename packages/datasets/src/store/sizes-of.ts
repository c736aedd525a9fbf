// Which of some files exist. In: paths. Out: the size in bytes of those that the store has, by path.
import type { Store } from './store.ts';

/** Up to this many are asked for one by one; for more, one listing of everything is cheaper. */
const ONE_BY_ONE = 16;

export async function sizesOf(
  store: Pick<Store, 'list'>,
  paths: readonly string[],
  signal?: AbortSignal,
): Promise<Map<string, number>> {
  const wanted = new Set(paths);
  const sizes = new Map<string, number>();
  for (const prefix of wanted.size > ONE_BY_ONE ? [''] : wanted)
    for await (const { bytes, path } of store.list(prefix, signal))
      if (wanted.has(path)) sizes.set(path, bytes);
  return sizes;
}
