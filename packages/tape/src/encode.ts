// Entries → bytes. In: a batch of entries and the last ts_recv. Out: stamped lines and one buffer that holds them all, ready for one
// write. The batch is built as one string with blank crcs and encoded once; the crcs are computed on the bytes and patched in.
import { crc32 } from 'node:zlib';
import { entryInvalid } from './errors.ts';
import { CRC_TAIL_BYTES, type Entry, frameKindOf, type Line, lineBody, stamp } from './line.ts';

export interface EncodedBatch {
  /** Valid until the next `encode` of the same encoder. */
  readonly buffer: Uint8Array;
  readonly bytes: number;
  readonly lines: Line[];
  /** End of each line, '\n' included, in bytes from the start of the batch. */
  readonly ends: number[];
  readonly lastTsRecv: number;
}

const BLANK_TAIL = ',"crc":"00000000"}\n';
const NEWLINE = 10;
const KEEP_BYTES = 4 * 1024 * 1024;
const HEX = Buffer.from('0123456789abcdef', 'latin1');

export class BatchEncoder {
  #scratch = Buffer.allocUnsafeSlow(256 * 1024);

  /** Throws TAPE_ENTRY_INVALID; then nothing of the batch counts. */
  encode(entries: readonly Entry[], lastUs: number): EncodedBatch {
    const lines: Line[] = [];
    const ends: number[] = [];
    let text = '';
    let tsRecv = lastUs;
    for (const entry of entries) {
      tsRecv = stamp(entry, tsRecv);
      const isEvent = entry.event !== undefined;
      if (isEvent === (entry.frame !== undefined)) {
        throw entryInvalid('an entry holds either a frame or an event', { conn: entry.conn });
      }
      const kind = isEvent ? null : frameKindOf(entry);
      const data = isEvent ? jsonOf(entry) : null;
      text += lineBody(tsRecv, entry, kind, data) + BLANK_TAIL;
      ends.push(text.length);
      lines.push({
        tsRecv,
        conn: entry.conn,
        mark: entry.mark ?? null,
        event: entry.event ?? null,
        // What a reader of the file will see, and safe from later changes of the object.
        data: data === null ? null : JSON.parse(data),
        frame: entry.frame ?? null,
        frameKind: kind,
        message: entry.message,
      });
    }
    const buffer = this.#room(text.length * 3);
    const bytes = buffer.write(text, 'utf8');
    // One byte per character unless something is not ASCII; then the ends are where the newlines are.
    if (bytes !== text.length) findEnds(buffer, bytes, ends);
    patchCrcs(buffer, ends);
    return { buffer, bytes, lines, ends, lastTsRecv: tsRecv };
  }

  #room(bytes: number): Buffer {
    if (bytes <= this.#scratch.length) return this.#scratch;
    const larger = Buffer.allocUnsafeSlow(bytes);
    if (bytes <= KEEP_BYTES) this.#scratch = larger;
    return larger;
  }
}

function jsonOf(entry: Entry): string {
  try {
    return JSON.stringify(entry.data) ?? 'null';
  } catch (error) {
    throw entryInvalid('the data of an event is not JSON', { event: entry.event, error: String(error) });
  }
}

function findEnds(buffer: Buffer, bytes: number, ends: number[]): void {
  let end = 0;
  for (let i = 0; i < ends.length; i++) {
    end = buffer.indexOf(NEWLINE, end) + 1;
    ends[i] = end;
  }
  if (end !== bytes) throw entryInvalid('the last line does not end where the batch does', { bytes, end });
}

function patchCrcs(buffer: Buffer, ends: readonly number[]): void {
  let start = 0;
  for (const end of ends) {
    let crc = crc32(buffer.subarray(start, end - 1 - CRC_TAIL_BYTES));
    for (let at = end - 4; at > end - 12; at--) {
      buffer[at] = HEX[crc & 15] as number;
      crc >>>= 4;
    }
    start = end;
  }
}
