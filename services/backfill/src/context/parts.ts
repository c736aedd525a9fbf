// What all jobs of one process share: access to accounts, the database, and what was learned about the gateways. After a restart it is learned
// again.
import { type Clock, type Log, Metrics } from '@fxtape/ops';
import type { AppliedWriter, AuditReader, HistoryReader, Reader, TradeReader } from '@fxtape/questdb';
import type { AccountContexts } from './account-context.ts';
import { Agreements } from './agreements.ts';
import { HistoryGaps } from './history-gaps.ts';
import { ListedSymbols } from './listed-symbols.ts';
import { BackfillNumbers } from './numbers.ts';
import { RangeMemory } from './range-memory.ts';

export interface BackfillParts {
  readonly contexts: AccountContexts;
  readonly reader: HistoryReader;
  readonly audit: AuditReader;
  readonly trades: TradeReader;
  /** Gaps in any state; `reader` knows only the open ones. */
  readonly gaps: Pick<Reader, 'gaps'>;
  readonly writer: AppliedWriter;
  readonly historyGaps: HistoryGaps;
  readonly listed: ListedSymbols;
  readonly memory: RangeMemory;
  readonly agreements: Agreements;
  readonly stamps: Stamps;
  readonly numbers: BackfillNumbers;
  /** Time between the checks that decide where a history begins, or that a long part of it is empty. */
  readonly checksApartMs: number;
  /** Time between two readings of a clock that show whether it runs. */
  readonly clockReadingsApartMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** Long enough for a terminal to load missing history. */
const CHECKS_APART_MS = 180_000;
const CLOCK_READINGS_APART_MS = 2000;

/** The parts of a process that just started. */
export function backfillParts(o: {
  readonly contexts: AccountContexts;
  readonly reader: HistoryReader;
  readonly audit: AuditReader;
  readonly trades: TradeReader;
  readonly gaps: Pick<Reader, 'gaps'>;
  readonly writer: AppliedWriter;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics?: Metrics;
  /** Default three minutes. */
  readonly checksApartMs?: number;
  /** Default 2 s. */
  readonly clockReadingsApartMs?: number;
}): BackfillParts {
  const { clock, contexts, log, reader, writer } = o;
  return {
    contexts,
    reader,
    audit: o.audit,
    trades: o.trades,
    gaps: o.gaps,
    writer,
    checksApartMs: o.checksApartMs ?? CHECKS_APART_MS,
    clockReadingsApartMs: o.clockReadingsApartMs ?? CLOCK_READINGS_APART_MS,
    clock,
    log,
    historyGaps: new HistoryGaps({ reader: o.gaps, clock }),
    listed: new ListedSymbols(clock),
    memory: new RangeMemory(),
    agreements: new Agreements(),
    stamps: new Stamps(clock),
    numbers: new BackfillNumbers(o.metrics ?? new Metrics()),
  };
}

/** Times that this process never uses twice. They identify rows of `rejected` and `gap_events`. */
export class Stamps {
  readonly #clock: Pick<Clock, 'nowUs'>;
  readonly #last = new Map<string, number>();

  constructor(clock: Pick<Clock, 'nowUs'>) {
    this.#clock = clock;
  }

  /** The time now in UTC microseconds, but later than the last one for this name and later than `afterUs`. */
  next(name: string, afterUs = 0): number {
    const us = Math.max(this.#clock.nowUs(), (this.#last.get(name) ?? 0) + 1, afterUs + 1);
    this.#last.set(name, us);
    return us;
  }
}
