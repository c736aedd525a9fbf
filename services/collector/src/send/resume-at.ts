// Where sending begins. In: the confirmed cursor, or none. Out: the position and what is known there: at the cursor what was saved with
// it, otherwise what the head of the oldest segment says. A database without the rows before that segment begins there; one that was restored
// together with the tape has them.
import { listSegments, type Position, restoredWith, type TapeWriter } from '@fxtape/tape';
import { type ReaderState, readerState } from '../rows/tape-reader.ts';
import type { Checkpoint } from './checkpoints.ts';

export interface ResumeAt {
  /** Null: the oldest line. */
  readonly position: Position | null;
  /** Null: nothing is known. */
  readonly state: ReaderState | null;
}

export const resumeAt = async (
  { confirmed, database }: { readonly confirmed: Checkpoint | null; readonly database: string | null },
  { dir, tape }: { readonly dir: string; readonly tape: Pick<TapeWriter, 'follow'> },
): Promise<ResumeAt> => {
  if (confirmed !== null) return { position: confirmed.position, state: readerState(confirmed.ledger) };
  const [oldest] = await listSegments(dir);
  return {
    position: null,
    state: oldest === undefined ? null : await oldestHead(tape, (await restoredWith(dir)) === database),
  };
};

/** Null when that head is damaged. */
const oldestHead = async (
  tape: Pick<TapeWriter, 'follow'>,
  hasRowsBefore: boolean,
): Promise<ReaderState | null> => {
  const controller = new AbortController();
  for await (const batch of tape.follow(null, { signal: controller.signal, maxLines: 1, maxBytes: 1 })) {
    controller.abort();
    const first = batch.items[0];
    if (first === undefined || 'kind' in first || first.event !== 'head') return null;
    const state = readerState((first.data as { state: unknown }).state);
    return hasRowsBefore ? state : { ...state, tellFromUs: first.tsRecv };
  }
  return null;
};
