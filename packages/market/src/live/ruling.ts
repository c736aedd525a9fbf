// Decisions about earlier lines of a tape. Each is an event line behind those lines and is kept in every later head, so every reading meets
// the lines with the same decision. No row of the lines is sent before the decision is written.

import type { Timing } from './lateness.ts';
import type { StreamKey } from '../tables/stream-key.ts';
import type { Bound } from './bound.ts';

/** A clock contradicted the rule in `[fromUs, toUs)` and agreed with it again: what came meanwhile has no known time. */
export interface SetAside {
  readonly kind: 'set_aside';
  /** Receive times of the tape, UTC microseconds. */
  readonly fromUs: number;
  readonly toUs: number;
  /** The gap of it: from the last clean heartbeat that agreed to the first one that did again. */
  readonly from: Bound;
  readonly to: Bound;
  readonly reason: string;
  /** How late symbols were when it began; absent in decisions of earlier releases. */
  readonly late?: readonly SymbolTiming[];
  /** What was configured in the stretch, oldest first; absent in rulings of earlier releases. */
  readonly recorded?: readonly RecordedStreams[];
  /** What was configured when the stretch began: earlier releases say no more. */
  readonly streams?: readonly StreamKey[];
}

/** Streams that were configured from a line on, and the feed that their market data belongs to. */
export interface RecordedStreams {
  readonly fromUs: number;
  readonly feed: string | null;
  readonly streams: readonly StreamKey[];
}

/** How the streams of one symbol stand to heartbeats. */
export interface SymbolTiming extends Timing {
  readonly symbol: string;
}

/** Our own clock was wrong by `-byUs` in `[fromUs, toUs)` until it was set: lines were received that much later than they say. */
export interface CorrectedReceipt {
  readonly kind: 'receipt';
  readonly fromUs: number;
  readonly toUs: number;
  readonly byUs: number;
}

export type Ruling = SetAside | CorrectedReceipt;

/** How many are kept: a tape that needs more has another problem. */
const MOST = 1000;

/** The rulings of a tape, found by receive time. */
export class Rulings {
  readonly list: readonly Ruling[];

  constructor(list: readonly Ruling[] = []) {
    this.list = list;
  }

  with(more: readonly Ruling[]): Rulings {
    return new Rulings([...this.list, ...more].slice(-MOST));
  }

  setAsideAt(tsRecv: number): SetAside | null {
    for (const ruling of this.list) if (ruling.kind === 'set_aside' && covers(ruling, tsRecv)) return ruling;
    return null;
  }

  /** When a line was really received. */
  receivedUs(tsRecv: number): number {
    let us = tsRecv;
    for (const ruling of this.list)
      if (ruling.kind === 'receipt' && covers(ruling, tsRecv)) us += ruling.byUs;
    return us;
  }
}

const covers = ({ fromUs, toUs }: Ruling, tsRecv: number): boolean => tsRecv >= fromUs && tsRecv < toUs;
