// The most recent batches in memory, so that a follower that keeps up never touches a file. In: batches as appended. Out: the lines
// after a position, or null when they are not here any more. Bounded in tape bytes; the oldest batches go first.
import type { Line } from './line.ts';
import { comparePositions, type Position } from './position.ts';

export interface RecentBatch {
  /** Where the tape ended before it. */
  readonly prevEnd: Position | null;
  readonly segment: number;
  /** Its place in the segment, bytes. */
  readonly start: number;
  readonly lines: readonly Line[];
  /** End of each line in the segment, bytes. */
  readonly ends: readonly number[];
}

export interface RecentLines {
  readonly items: readonly Line[];
  readonly end: Position;
}

export class Ring {
  readonly #capBytes: number;
  #batches: RecentBatch[] = [];
  #first = 0;
  #bytes = 0;

  constructor(capBytes: number) {
    this.#capBytes = capBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(batch: RecentBatch): void {
    this.#batches.push(batch);
    this.#bytes += sizeOf(batch);
    while (this.#bytes > this.#capBytes && this.#first < this.#batches.length) this.#dropFirst();
  }

  /** Forgets what ends at or before `position`. */
  trim(position: Position): void {
    for (let first = this.#batches[this.#first]; first !== undefined; first = this.#batches[this.#first]) {
      if (comparePositions(endOf(first), position) > 0) return;
      this.#dropFirst();
    }
  }

  /** Lines after `from` that end at or before `upTo`, at least one; null when the line after `from` is not here. */
  take(from: Position | null, upTo: Position, maxLines: number, maxBytes: number): RecentLines | null {
    let index = this.#find(from);
    let batch = this.#batches[index];
    if (batch === undefined || comparePositions(batch.prevEnd, from) > 0) {
      // Inside the first batch that is here, its start is as good as the end before it.
      if (batch === undefined || from?.segment !== batch.segment || from.offset < batch.start) return null;
    }
    const items: Line[] = [];
    let bytes = 0;
    let end: Position | null = null;
    while (batch !== undefined && comparePositions(endOf(batch), upTo) <= 0) {
      const { segment, lines, ends } = batch;
      let line = from?.segment === segment ? firstAfter(ends, from.offset) : 0;
      for (; line < lines.length; line++) {
        if (items.length >= maxLines || (items.length > 0 && bytes >= maxBytes)) break;
        items.push(lines[line] as Line);
        const offset = ends[line] as number;
        bytes += offset - (line === 0 ? batch.start : (ends[line - 1] as number));
        end = { segment, offset };
      }
      if (line < lines.length) break;
      batch = this.#batches[++index];
    }
    return end === null ? null : { items, end };
  }

  #dropFirst(): void {
    this.#bytes -= sizeOf(this.#batches[this.#first] as RecentBatch);
    // The slot keeps its place until the array is cut, but must not keep the lines alive.
    this.#batches[this.#first++] = EMPTY;
    if (this.#first > 64 && this.#first * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#first);
      this.#first = 0;
    }
  }

  /** Index of the first batch that ends after `from`. */
  #find(from: Position | null): number {
    let low = this.#first;
    let high = this.#batches.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (comparePositions(endOf(this.#batches[middle] as RecentBatch), from) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

const EMPTY: RecentBatch = { prevEnd: null, segment: 0, start: 0, lines: [], ends: [] };

function endOf(batch: RecentBatch): Position {
  return { segment: batch.segment, offset: batch.ends.at(-1) ?? batch.start };
}

function sizeOf(batch: RecentBatch): number {
  return (batch.ends.at(-1) ?? batch.start) - batch.start;
}

function firstAfter(ends: readonly number[], offset: number): number {
  let low = 0;
  let high = ends.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ends[middle] as number) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}
