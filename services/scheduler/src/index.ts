// The public surface of @fxtape/scheduler: nothing yet.
export {};
