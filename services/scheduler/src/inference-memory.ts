// Caches the last inference of an account's clock: it costs tens of milliseconds, a plan is made each minute, and evidence changes every few
// days. In: evidence, to which rows are only ever appended. Out: the answer of `inferClock`, computed once for the same evidence.
import { type ClockEvidence, type ClockInference, inferClock } from '@fxtape/market';

export class InferenceMemory {
  #key = '';
  #found: ClockInference | null = null;

  infer(evidence: ClockEvidence): ClockInference {
    const { histories, known, nowUtcMs, samples } = evidence;
    // Append-only: the same number of rows up to the same time are the same rows.
    const ends = histories.map(({ edges, symbol }) => [symbol, edges.length, edges.at(-1)?.brokerMs]);
    const key = JSON.stringify([nowUtcMs, samples.length, ends, known]);
    if (this.#found === null || key !== this.#key) {
      this.#found = inferClock(evidence);
      this.#key = key;
    }
    return this.#found;
  }
}
