// The last inference of an account's clock: plans come each minute, evidence every few days, and an inference costs tens of milliseconds.
// In: evidence, all of it appended and never changed. Out: the same answer as `inferClock`, computed once for the same evidence.
import { type ClockEvidence, type ClockInference, inferClock } from '@fxtape/market';

export class InferenceMemory {
  #key = '';
  #found: ClockInference | null = null;

  infer(evidence: ClockEvidence): ClockInference {
    const { histories, known, nowUtcMs, samples } = evidence;
    // Rows are only ever added: as many, up to the same moment, are the same.
    const ends = histories.map(({ edges, symbol }) => [symbol, edges.length, edges.at(-1)?.brokerMs]);
    const key = JSON.stringify([nowUtcMs, samples.length, ends, known]);
    if (this.#found === null || key !== this.#key) {
      this.#found = inferClock(evidence);
      this.#key = key;
    }
    return this.#found;
  }
}
