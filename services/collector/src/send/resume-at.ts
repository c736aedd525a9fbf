// Where sending begins. In: the confirmed cursor, or none. Out: the position and what is known there: at the cursor what was saved with
// it, otherwise what the head of the oldest segment says.
import { listSegments, type Position, type TapeWriter } from '@fxtape/tape';
import { type ReaderState, readerState } from '../rows/tape-reader.ts';
import type { Checkpoint } from './checkpoints.ts';

export interface ResumeAt {
  /** Null: the oldest line. */
  readonly position: Position | null;
  /** Null: nothing is known. */
  readonly state: ReaderState | null;
}

export const resumeAt = async (
  confirmed: Checkpoint | null,
  { dir, tape }: { readonly dir: string; readonly tape: Pick<TapeWriter, 'follow'> },
): Promise<ResumeAt> => {
  if (confirmed !== null) return { position: confirmed.position, state: readerState(confirmed.ledger) };
  const [oldest] = await listSegments(dir);
  return { position: null, state: oldest === undefined ? null : await oldestHead(tape) };
};

/** Null when that head is damaged. */
const oldestHead = async (tape: Pick<TapeWriter, 'follow'>): Promise<ReaderState | null> => {
  const controller = new AbortController();
  for await (const batch of tape.follow(null, { signal: controller.signal, maxLines: 1, maxBytes: 1 })) {
    controller.abort();
    const first = batch.items[0];
    if (first === undefined || 'kind' in first || first.event !== 'head') return null;
    return { ...readerState((first.data as { state: unknown }).state), tellFromUs: first.tsRecv };
  }
  return null;
};
