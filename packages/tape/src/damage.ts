// A stretch of the tape that cannot be read. It is an item in the sequence of lines, between the last line that could be read
// before it and the first one after it, so that no consumer can miss it.
import type { Position } from './position.ts';

/** Why the rest of a segment cannot be read, and how many bytes that is when it is known. */
export interface SourceFailure {
  readonly reason: DamageReason;
  readonly lostBytes: number | null;
}

/**
 * `crc`: bytes changed. `torn`: a line without its end. `not_json`: the crc fits, the content is none of ours.
 * `missing_segment`, `missing_tail`: the next segment's head names bytes that are not there. `zstd`: the compressed file does
 * not decompress from here on. `unreadable`: the disk gives an I/O error.
 */
export type DamageReason =
  | 'crc'
  | 'torn'
  | 'not_json'
  | 'missing_segment'
  | 'missing_tail'
  | 'zstd'
  | 'unreadable';

export interface Damage {
  readonly kind: 'damage';
  /** Where it starts. */
  readonly at: Position;
  /** Bytes of the uncompressed tape that are lost; null when nothing tells how many. */
  readonly bytes: number | null;
  readonly reason: DamageReason;
  /** ts_recv of the last line before it, µs; null when there is none. */
  readonly afterTsRecv: number | null;
  /** ts_recv of the first line after it, µs; null when nothing readable follows. */
  readonly beforeTsRecv: number | null;
}
