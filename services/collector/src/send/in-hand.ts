// How much of the tapes is kept in memory while rows wait for the database. In: the number of accounts that this process records. Out: each
// account's share of a fixed total. The rest is read from the tape.

export interface InHand {
  /** Lines of a batch that become rows at once; an account has at most two such batches. */
  readonly maxLines: number;
  /** Tape bytes of such a batch, and of the newest lines, which are kept for those who read along. */
  readonly maxBytes: number;
}

/** A line costs some two kilobytes until its rows are answered: parsed, as a row, and as text for the database. */
const ALL_LINES = 20_000;
const ALL_BYTES = 8 * 1024 * 1024;
/** A smaller batch is not worth a request. */
const LEAST_LINES = 500;
const LEAST_BYTES = 128 * 1024;

export const inHand = (accounts: number): InHand => ({
  maxLines: Math.max(LEAST_LINES, Math.floor(ALL_LINES / Math.max(1, accounts))),
  maxBytes: Math.max(LEAST_BYTES, Math.floor(ALL_BYTES / Math.max(1, accounts))),
});
