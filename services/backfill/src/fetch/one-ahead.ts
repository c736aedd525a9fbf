// Fetches the next page while one is being stored: at most one ahead, so that memory stays bounded. In: a generator. Out: the same items.
// If the consumer stops early, the fetch under way is awaited and dropped.

export async function* oneAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = items.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done === true) return;
      next = items.next();
      // Its failure is reported when it is its turn; until then it must not count as unhandled.
      next.catch(() => {});
      yield value;
    }
  } finally {
    await next.catch(() => {});
  }
}
