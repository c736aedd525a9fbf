// Bytes → items. In: the bytes of segments, one after the other. Out: lines, and one Damage for each stretch between two lines that
// cannot be trusted, also where the stretch runs over the end of a segment or a head names bytes that are not there.
//
//   buffer:  [ used | #from … not yet scanned … #to | space to read into ]      #offset = place of #from in the segment
import type { Damage, DamageReason, SourceFailure } from './damage.ts';
import { decodeLine, LINE_START } from './decode.ts';
import { headOf, type PreviousSegment } from './head.ts';
import type { Line } from './line.ts';
import type { Position } from './position.ts';

const LEAST_READ_BYTES = 128 * 1024;
const LARGEST_READ_BYTES = 2 * 1024 * 1024;
const NEWLINE = 10;
/** A frame may quote line starts; more than these are not tried after damage, so that junk cannot make it slow. */
const MAX_TRIES = 64;

/** Items gathered for one batch. `end` lies after the last item. */
export interface Gathered {
  readonly items: (Line | Damage)[];
  bytes: number;
  end: Position | null;
}

interface Stretch {
  readonly at: Position;
  readonly reason: DamageReason;
  bytes: number | null;
}

/** What was read of the segment before: null = nothing, so that its end says nothing. */
interface Prior {
  readonly segment: number;
  readonly bytes: number;
  /** False when the reader resumes in a segment that is gone. */
  readonly exists: boolean;
}

export class LineScanner {
  readonly #readBytes: number;
  #buffer = Buffer.alloc(0);
  #from = 0;
  #to = 0;
  #offset = 0;
  #segment = 0;
  #path = '';
  #bad: Stretch | null = null;
  #prior: Prior | null = null;
  #lastTsRecv: number | null = null;

  /**
   * `maxBytes`: of a batch. That much is read at once, within limits: each read waits for a turn of the event loop, and in that turn a busy
   * recorder takes in some thousand lines, so that one who reads on in small pieces falls behind for ever.
   */
  constructor(maxBytes: number) {
    this.#readBytes = Math.min(LARGEST_READ_BYTES, Math.max(LEAST_READ_BYTES, maxBytes));
  }

  begin(segment: number, offset: number, path: string): void {
    this.#segment = segment;
    this.#offset = offset;
    this.#path = path;
    this.#from = 0;
    this.#to = 0;
  }

  /** ts_recv of the last line seen. */
  get lastTsRecv(): number | null {
    return this.#lastTsRecv;
  }

  /** Where the next line is looked for. */
  get position(): Position {
    return { segment: this.#segment, offset: this.#offset };
  }

  /** Bytes read and not yet part of a line. */
  get pendingBytes(): number {
    return this.#to - this.#from;
  }

  /** The reader resumes at a place whose segment is gone. */
  resumeInMissing(from: Position): void {
    this.#prior = { segment: from.segment, bytes: from.offset, exists: false };
  }

  /** Space to read into; grows with a line that does not end. */
  space(): { buffer: Buffer; offset: number; length: number } {
    const kept = this.#to - this.#from;
    const room = Math.max(kept, this.#readBytes);
    if (this.#buffer.length - this.#to < room) {
      const target = kept + room > this.#buffer.length ? Buffer.allocUnsafe(2 * (kept + room)) : this.#buffer;
      this.#buffer.copy(target, 0, this.#from, this.#to);
      this.#buffer = target;
      this.#from = 0;
      this.#to = kept;
    }
    return { buffer: this.#buffer, offset: this.#to, length: this.#buffer.length - this.#to };
  }

  filled(bytes: number): void {
    this.#to += bytes;
  }

  /** Takes complete lines until `out` holds enough. False when it needs more bytes. Throws TAPE_FORMAT. */
  scan(out: Gathered, maxItems: number, maxBytes: number): boolean {
    while (out.items.length < maxItems && out.bytes < maxBytes) {
      const newline = this.#buffer.subarray(0, this.#to).indexOf(NEWLINE, this.#from);
      if (newline < 0) return false;
      this.#takeLine(out, newline, 1);
    }
    return true;
  }

  /** The segment is complete: what stands after its last '\n' is a line or torn. `failure`: why it could not be read further. */
  endSegment(out: Gathered, failure: SourceFailure | null): void {
    if (this.#to > this.#from) this.#takeLine(out, this.#to, 0, failure?.reason ?? 'torn');
    if (failure !== null) this.#skip(0, failure.reason, failure.lostBytes);
    this.#prior = {
      segment: this.#segment,
      bytes: this.#offset + (failure?.lostBytes ?? 0),
      exists: true,
    };
  }

  /** Nothing readable follows: a stretch that is still open ends here. */
  endTape(out: Gathered): void {
    if (this.#bad === null) return;
    out.items.push(this.#damage(this.#bad, null));
    this.#bad = null;
    out.end = this.position;
  }

  #takeLine(out: Gathered, end: number, newlineBytes: 0 | 1, torn?: DamageReason): void {
    const line = decodeLine(this.#buffer, this.#from, end);
    if (typeof line === 'object') {
      this.#emit(out, line, end - this.#from + newlineBytes);
      return;
    }
    const found = this.#findLine(end);
    this.#skip(found === null ? end - this.#from + newlineBytes : found.start - this.#from, torn ?? line);
    if (found !== null) this.#emit(out, found.line, end - found.start + newlineBytes);
  }

  /** A lost '\n' glues lines together: the last one of them still stands there whole. */
  #findLine(end: number): { line: Line; start: number } | null {
    let before = end;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const start = this.#buffer.subarray(this.#from + 1, before).lastIndexOf(LINE_START) + this.#from + 1;
      if (start <= this.#from) return null;
      const line = decodeLine(this.#buffer, start, end);
      if (typeof line === 'object') return { line, start };
      before = start;
    }
    return null;
  }

  #emit(out: Gathered, line: Line, bytes: number): void {
    const head = this.#offset === 0 ? headOf(line, this.#path) : null;
    if (head !== null && this.#prior !== null && this.#bad === null) {
      this.#bad = missingBefore(head.previous, this.#prior);
    }
    if (this.#bad !== null) {
      out.items.push(this.#damage(this.#bad, line.tsRecv));
      this.#bad = null;
    }
    out.items.push(line);
    out.bytes += bytes;
    this.#lastTsRecv = line.tsRecv;
    this.#advance(bytes);
    out.end = this.position;
  }

  #skip(bytes: number, reason: DamageReason, lostBytes: number | null = 0): void {
    this.#bad ??= { at: this.position, reason, bytes: 0 };
    if (this.#bad.bytes !== null) {
      this.#bad.bytes = lostBytes === null ? null : this.#bad.bytes + bytes + lostBytes;
    }
    this.#advance(bytes);
  }

  #advance(bytes: number): void {
    this.#from += bytes;
    this.#offset += bytes;
  }

  #damage(bad: Stretch, beforeTsRecv: number | null): Damage {
    const { at, bytes, reason } = bad;
    return { kind: 'damage', at, bytes, reason, afterTsRecv: this.#lastTsRecv, beforeTsRecv };
  }
}

/** What a head says came before it, against what was read: the stretch that is missing, or null. */
function missingBefore(previous: PreviousSegment | null, prior: Prior): Stretch | null {
  const whole: Stretch = {
    at: { segment: prior.segment, offset: prior.bytes },
    reason: 'missing_segment',
    bytes: null,
  };
  if (previous === null || previous.segment < prior.segment) return prior.exists ? null : whole;
  if (previous.segment > prior.segment) {
    return { at: { segment: previous.segment, offset: 0 }, reason: 'missing_segment', bytes: previous.bytes };
  }
  const missing = previous.bytes - prior.bytes;
  if (missing <= 0) return null;
  return { ...whole, reason: prior.exists ? 'missing_tail' : 'missing_segment', bytes: missing };
}
