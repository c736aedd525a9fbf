// What every disaster shares: a recording that is closed after the test, of a gateway that is as gateways are in life, and the sentence that
// matters. The seed of the life is printed, and `FXTAPE_TEST_SEED` repeats it.
import {
  drawnLife,
  excess,
  type GapSight,
  type HistoryVerdict,
  judge,
  Recording,
  type RecordingOptions,
  report,
  type Verdict,
} from '@fxtape/testkit';
import { afterEach, expect } from 'vitest';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** `calm`: why this disaster needs a gateway that behaves as well as it can. */
export const begin = async ({
  calm,
  ...options
}: RecordingOptions & { readonly calm?: string }): Promise<Recording> => {
  const lives = calm === undefined && options.life === undefined;
  const recording = await Recording.start(lives ? { ...options, life: drawnLife() } : options);
  closers.push(() => recording.close());
  return recording;
};

/** Called in reverse order when the test ends. */
export const atTheEnd = (close: () => Promise<unknown>): void => {
  closers.push(close);
};

/** Comes to rest, prints the figures, and asserts the promise. */
export const promiseKept = async (title: string, recording: Recording): Promise<Verdict> => {
  await recording.settle();
  const verdict = await judge(recording);
  process.stdout.write(`${report(title, verdict)}\n`);
  expect(verdict.sent).toBeGreaterThan(0);
  const { doubled, missing, unaccounted, unclaimedUs, wrong } = verdict;
  expect({ doubled, missing, unaccounted, unclaimedUs, wrong }).toEqual({
    doubled: 0,
    missing: 0,
    unaccounted: 0,
    unclaimedUs: 0,
    wrong: 0,
  });
  return verdict;
};

/** Gaps but for those of dropped frames, which begin long before their hole: nobody knows when the gateway began to drop. */
export const exactGaps = ({ gaps }: Verdict): GapSight[] =>
  gaps.filter(({ cause }) => cause !== 'server_dropped');

/** Gaps stay close to their holes: at most 3 s in the median at each end. */
export const closeGaps = (verdict: Verdict): void => {
  const { ends, starts } = excess(exactGaps(verdict));
  const median = (values: number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;
  expect(median(starts)).toBeLessThanOrEqual(3);
  expect(median(ends)).toBeLessThanOrEqual(3);
};

/** Prints the figures and asserts that the tables have the gateway's truth, row by row. */
export const historyExact = (title: string, verdict: HistoryVerdict): void => {
  const { different, examples, expected, extra, missing, stored } = verdict;
  process.stdout.write(`  ${title}: ${stored} of ${expected} rows\n`);
  expect({ title, different, examples, extra, missing }).toEqual({
    title,
    different: 0,
    examples: [],
    extra: 0,
    missing: 0,
  });
  expect(expected, title).toBeGreaterThan(0);
};
