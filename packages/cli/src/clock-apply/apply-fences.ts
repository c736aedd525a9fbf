// Whether a correction may go on: it is the only one, and nobody has ended it. In: the journal and the correction's id. Out: nothing, or an
// error that says why not.
import { pausedStep } from '@fxtape/questdb';
import { type ApplyJournal, isUnfinished } from './apply-state.ts';
import { elsewhere, takenBack } from './errors.ts';

type Journal = Pick<ApplyJournal, 'steps'>;

/** The step that every other process sees; null if the journal has none. */
export const stepOf = async (journal: Journal, id: string): Promise<string | null> =>
  (await journal.steps()).find(({ applyId }) => applyId === id)?.step ?? null;

/** No other correction is unfinished. Errors: CLOCK_APPLY_ELSEWHERE. */
export async function requireAlone(journal: Journal, id: string): Promise<void> {
  const other = (await journal.steps()).find((step) => isUnfinished(step) && step.applyId !== id);
  if (other !== undefined) throw elsewhere(other.applyId, other.step === 'paused');
}

/** No other correction has paused writing. Errors: CLOCK_APPLY_ELSEWHERE. */
export async function requireNoOtherPause(journal: Journal, id: string): Promise<void> {
  const other = pausedStep((await journal.steps()).filter(({ applyId }) => applyId !== id));
  if (other !== null) throw elsewhere(other.applyId, true);
}

/** The pause still belongs to this correction, and to no other. Errors: CLOCK_APPLY_TAKEN_BACK, _ELSEWHERE. */
export async function requireStill(journal: Journal, id: string): Promise<void> {
  if ((await stepOf(journal, id)) !== 'paused') throw takenBack(id);
  await requireNoOtherPause(journal, id);
}
