// Whose a tape is and which clock rules it has, for programs that only look at it. In: its folder. Out: the account it is bound to and its
// clock spans, from the newest head and the events behind it; null for a tape without a line.
import type { ClockSpan } from '@fxtape/market';
import { readTail } from '@fxtape/tape';
import type { Binding } from './tape-memory.ts';

export interface TapeOwner {
  readonly binding: Binding | null;
  readonly spans: readonly ClockSpan[];
}

/** @throws TAPE_IO, TAPE_FORMAT */
export const tapeOwner = async (dir: string): Promise<TapeOwner | null> => {
  const tail = await readTail(dir);
  if (tail === null) return null;
  let { binding, spans } = (tail.head?.state ?? { binding: null, spans: [] }) as TapeOwner;
  for await (const items of tail.lines) {
    for (const item of items) {
      if ('kind' in item) continue;
      if (item.event === 'bound') binding = item.data as Binding;
      if (item.event === 'clock') ({ spans } = item.data as { spans: ClockSpan[] });
    }
  }
  return { binding, spans };
};
