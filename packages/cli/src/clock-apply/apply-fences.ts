// Whether a correction may go on: that it is the only one, and that nobody has ended it. In: the journal, the name of the correction. Out: nothing,
// or the error that says who is in the way.
import { pausedStep } from '@fxtape/questdb';
import { type ApplyJournal, isUnfinished } from './apply-state.ts';
import { elsewhere, takenBack } from './errors.ts';

type Journal = Pick<ApplyJournal, 'steps'>;

/** What everybody else sees of it; null where nothing is known of it. */
export const stepOf = async (journal: Journal, id: string): Promise<string | null> =>
  (await journal.steps()).find(({ applyId }) => applyId === id)?.step ?? null;

/** Errors: CLOCK_APPLY_ELSEWHERE. */
export async function requireAlone(journal: Journal, id: string): Promise<void> {
  const other = (await journal.steps()).find((step) => isUnfinished(step) && step.applyId !== id);
  if (other !== undefined) throw elsewhere(other.applyId, other.step === 'paused');
}

/** A pause belongs to one correction. Errors: CLOCK_APPLY_ELSEWHERE. */
export async function requireNoOtherPause(journal: Journal, id: string): Promise<void> {
  const other = pausedStep((await journal.steps()).filter(({ applyId }) => applyId !== id));
  if (other !== null) throw elsewhere(other.applyId, true);
}

/** Nobody else has ended it, or pauses beside it. Errors: CLOCK_APPLY_TAKEN_BACK, _ELSEWHERE. */
export async function requireStill(journal: Journal, id: string): Promise<void> {
  if ((await stepOf(journal, id)) !== 'paused') throw takenBack(id);
  await requireNoOtherPause(journal, id);
}
