// The public surface of @fxtape/cli.
export {};
