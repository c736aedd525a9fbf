// Merges many streams into one order: newest first, and round robin among equally new items, so that no symbol waits for another one's many
// pieces. Equally new are ends within the same four hours, which have the same job priority. In: sequences that are each newest first.
// Out: one lazy sequence.
import type { Range } from '@fxtape/market';

const STEP_US = 4 * 3600 * 1_000_000;

interface Head<T> {
  readonly item: T;
  readonly step: number;
  /** How many items of this stream in this step came before. */
  readonly turn: number;
  readonly stream: number;
  readonly rest: Iterator<T>;
}

const before = <T>(a: Head<T>, b: Head<T>): boolean => {
  if (a.step !== b.step) return a.step > b.step;
  if (a.turn !== b.turn) return a.turn < b.turn;
  return a.stream < b.stream;
};

export function* newestFirst<T>(streams: readonly Iterable<T>[], rangeOf: (item: T) => Range): Generator<T> {
  const heap: Head<T>[] = [];
  const next = (rest: Iterator<T>, stream: number, last: Head<T> | null): Head<T> | null => {
    const { done, value } = rest.next();
    if (done === true) return null;
    const step = Math.floor((rangeOf(value).toUs - 1) / STEP_US);
    return { item: value, step, turn: last?.step === step ? last.turn + 1 : 0, stream, rest };
  };
  for (const [stream, items] of streams.entries()) {
    const head = next(items[Symbol.iterator](), stream, null);
    if (head !== null) push(heap, head);
  }
  for (let top = heap[0]; top !== undefined; top = heap[0]) {
    yield top.item;
    const head = next(top.rest, top.stream, top);
    replaceTop(heap, head);
  }
}

function push<T>(heap: Head<T>[], head: Head<T>): void {
  heap.push(head);
  let at = heap.length - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(head, heap[parent] as Head<T>)) break;
    heap[at] = heap[parent] as Head<T>;
    at = parent;
  }
  heap[at] = head;
}

function replaceTop<T>(heap: Head<T>[], replacement: Head<T> | null): void {
  const last = replacement ?? (heap.pop() as Head<T>);
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Head<T>, heap[child] as Head<T>)) child += 1;
    if (!before(heap[child] as Head<T>, last)) break;
    heap[at] = heap[child] as Head<T>;
    at = child;
  }
  heap[at] = last;
}
