// A place on the tape: a segment and a byte in it, and the order of places. The end of a segment and the start of the next one are the same
// place for a reader.

export interface Position {
  /** First ts_recv of the segment, µs: its name. */
  readonly segment: number;
  /** Bytes from the start of the uncompressed segment. */
  readonly offset: number;
}

/** Negative when `a` lies before `b`. `null` is the start of the tape, before everything. */
export function comparePositions(a: Position | null, b: Position | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return a.segment === b.segment ? a.offset - b.offset : a.segment - b.segment;
}
