// How deep inside a job its end for now is told: nothing failed, and waiting here would keep a place in the queue busy.

/** Becomes `{ againAfterMs }` of the job; the handler's wrapper catches it. */
export class ComeAgain extends Error {
  readonly afterMs: number;

  constructor(afterMs: number, why: string) {
    super(why);
    this.name = 'ComeAgain';
    this.afterMs = afterMs;
  }
}
