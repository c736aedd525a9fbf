// The public surface of @fxtape/backfill: nothing yet.
export {};
