// The tape: the durable journal of everything one account's socket brought, and the public surface of @fxtape/tape.
// In: frames as received and events of the session. Out: the same, in the same order, after any crash, as often as asked.
//
// LAYOUT
//   <dir>/lock.sqlite                            held by the one writer; the operating system frees it with the process
//   <dir>/cursor.json                            where the consumer resumes (see cursor.ts)
//   <dir>/restored                               with which database it came from a backup (see restored.ts)
//   <dir>/<YYYYMMDD>/<first ts_recv>.ndjson      a segment: at most 32 MB and one UTC day (a single larger batch is kept whole)
//   <dir>/<YYYYMMDD>/<first ts_recv>.ndjson.zst  the same bytes, one zstd frame, once closed
//   <dir>/<YYYYMMDD>/<first ts_recv>.ndjson.<offset>.torn   bytes that recovery cut off; evidence, read by nobody
//   *.partial                                    not complete, never read, removed at the next open
//
//   A segment is lines, each ended by '\n', which occurs nowhere else. Keys stand in this order:
//     {"ts_recv":1795431234123456,"conn":3,"mark":"live","frame":{…as received…},"crc":"1a2b3c4d"}
//     {"ts_recv":…,"conn":3,"text":"…as received, not JSON on one line…","crc":"…"}      or  "base64":"…"
//     {"ts_recv":…,"conn":3,"event":"subscribed","data":{…},"crc":"…"}
//     {"ts_recv":…,"conn":3,"event":"head","data":{"format":1,"account":…,"state":…,"previous":…},"crc":"…"}   first of each segment
//   crc: CRC-32 of the line's bytes before `,"crc":"`. ts_recv: UTC microseconds, strictly increasing over the whole tape.
//   `previous` {segment, bytes} names the segment before and its length, so that a missing segment or a missing end shows.
//
// OFFSETS   a position is (segment, byte in the uncompressed segment); cursor ≤ synced ≤ appended
//   appended  write(2) returned: survives a killed process. One call of append is one write, all or nothing.
//   synced    fdatasync returned, and fsync of the folder for a new file: survives a power cut. At once after a quiet
//             time, then at most every `syncEveryMs`. Followers get synced lines only, so nothing downstream can know a
//             line that a power cut takes away. What is not synced is kept in memory, at most 64 MB: after a failed sync the
//             segment is written anew under its name (durable.ts). A start syncs what a killed process left.
//   cursor    the consumer's own: everything before it is confirmed.
//
// WHAT A READER MAY TRUST
//   A line whose crc fits, and nothing else. What does not fit is skipped up to the next line that does, and is ONE
//   Damage item in the sequence, with the ts_recv on both sides of it. Readers take no lock and repair nothing. Bytes after
//   the last '\n' of the newest segment are undecided: a writer may be in the middle of them.
//
// WHAT IS CUT AFTER A CRASH (recover.ts, under the lock)
//   The unfinished line at the end of the newest segment, after its bytes went to a .torn file. If it lacks only its '\n',
//   the '\n' is added. Damage that ends in '\n' stays where it is, and so does a torn end that cannot be set aside: then the
//   next append starts a new segment. A segment that holds no line at all is removed.
//
// WHY READING TWICE IS HARMLESS
//   A line never changes after append returned, and carries its identity (ts_recv) and its mark. Memory, .ndjson and
//   .ndjson.zst give equal lines, equal damage and equal positions; rows made from them have equal keys.
export { compressClosed, type CompressReport } from './compress.ts';
export { type Cursor, readCursor, writeCursor } from './cursor.ts';
export type { Damage, DamageReason } from './damage.ts';
export type { FollowOptions } from './follow.ts';
export type { HeadData } from './head.ts';
export { type Entry, type FrameKind, type Line, lineText } from './line.ts';
export { lockTape, type TapeLock, tapeIsLocked } from './lock.ts';
export { newestHead, type NewestHead, readTail, type Tail } from './tail.ts';
export { comparePositions, type Position } from './position.ts';
export { readTape, type ReadOptions, type FollowBatch } from './read.ts';
export type { Recovered } from './recover.ts';
export { markRestored, restoredWith } from './restored.ts';
export { applyRetention, type RetentionReport } from './retention.ts';
export { listSegments, listTapes, type Segment, tapeBytes } from './segment.ts';
export { nodeFs, type TapeFs } from './tape-fs.ts';
export { type SegmentReport, verifyTape } from './verify.ts';
export { TapeWriter, type TapeWriterOptions } from './writer.ts';
