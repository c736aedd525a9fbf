// How far each `fxtape clock apply` has got, from the table `clock_applies`. In: a database. Out: the newest step of each correction. A pause
// belongs to one correction: it lasts until that one records another step.
import { asObjects } from '../wire/exec-answer.ts';
import type { CallOptions, QuestDbHttp } from '../wire/quest-db-http.ts';
import { FxtapeError } from '@fxtape/ops';

export const applyUnderWay = (applyId: string, us: number): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_APPLY_UNDER_WAY',
    message: `\`fxtape clock apply\` has paused writing to QuestDB (${applyId}, since ${new Date(us / 1000).toISOString()}); nothing is lost meanwhile`,
    context: { applyId },
  });

export interface ApplyStepRow {
  readonly applyId: string;
  /** `begun` and `paused` are unfinished, `applied` and `abandoned` are over. */
  readonly step: string;
  /** When it was taken, UTC microseconds. */
  readonly us: number;
}

/** The newest step of each correction, oldest first. Errors: as `exec`. */
export async function newestSteps(
  http: Pick<QuestDbHttp, 'exec'>,
  options: CallOptions = {},
): Promise<ApplyStepRow[]> {
  const answer = await http.exec(
    'SELECT apply_id, step, cast(ts as long) us FROM (clock_applies LATEST ON ts PARTITION BY apply_id) ORDER BY us',
    options,
  );
  return asObjects(answer).map((row) => ({
    applyId: String(row['apply_id']),
    step: String(row['step']),
    us: Number(row['us']),
  }));
}

/** The correction that writers wait for; null when none has paused writing. */
export const pausedStep = (steps: Iterable<ApplyStepRow>): ApplyStepRow | null =>
  [...steps].findLast(({ step }) => step === 'paused') ?? null;
