// How code deep inside a job ends the job for now: nothing failed, but waiting here would keep a place in the queue busy.

/** Becomes `{ againAfterMs }` of the job; the handler's wrapper catches it. */
export class ComeAgain extends Error {
  readonly afterMs: number;

  constructor(afterMs: number, why: string) {
    super(why);
    this.name = 'ComeAgain';
    this.afterMs = afterMs;
  }
}
