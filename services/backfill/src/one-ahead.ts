// While a page is being stored, the next one is fetched: at most one ahead, so that memory stays bounded. In: a generator. Out: the same
// items. When the consumer ends early, what is under way is waited for and let go.

export async function* oneAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = items.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done === true) return;
      next = items.next();
      // Its failure is heard when it is its turn; until then it must not count as unheard.
      next.catch(() => {});
      yield value;
    }
  } finally {
    await next.catch(() => {});
  }
}
