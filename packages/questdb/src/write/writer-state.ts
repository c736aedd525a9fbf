// What the queue of one table is doing, for readiness, status and logs.

export interface WriterState {
  readonly table: string;
  /** `retrying`: no verdict from the database yet. `refused`: a verdict against the table or the whole request. Both are repeated. */
  readonly phase: 'ok' | 'retrying' | 'refused';
  /** Stable code of the obstacle; null when there is none. */
  readonly code: string | null;
  readonly message: string | null;
  /** Start of this phase and code, wall clock, ms. */
  readonly sinceMs: number;
  /** Rows of the request that is under way or repeated. */
  readonly inFlightRows: number;
  /** Rows submitted and not answered, those in flight included. */
  readonly pendingRows: number;
}
