// What healing needs beyond reading history: which bridges serve past ticks, their answers, and how long to wait. One per process; after a restart it is
// learned again.
import { DAY_MS, HOUR_MS, MINUTE_MS, MINUTE_US, type Range } from '@fxtape/market';
import type { SyncContext } from '../context/sync-context.ts';
import type { GapEnd } from './gap-events.ts';
import type { QuoteTicksAccess } from './quote-ticks-access.ts';
import type { TickAnswers } from './tick-answers.ts';

export interface HealTiming {
  /** Least time between two answers of which the second confirms that the first was whole. */
  readonly agreeMs: number;
  /** The same, where bars have to prove that there is nothing. */
  readonly proveMs: number;
  /** Shortest and longest pause of a job that waits for something. */
  readonly shortestMs: number;
  readonly longestMs: number;
  /** How long after the end of a gap to wait for live rows beside it and bars after it (a long weekend). */
  readonly sidesMs: number;
  /** Where there are few live rows: how long to wait for more and better ones. */
  readonly fewMs: number;
  /** How long an answer that ends too early is taken for a terminal that is still loading. */
  readonly loadMs: number;
}

/**
 * Only one process at a time adds a symbol's ticks from history: gaps overlap, and nothing tells equal ticks apart, so a second process
 * could add them again.
 */
export const ticksOf = ({ feed, symbol }: { readonly feed: string; readonly symbol: string }): string =>
  JSON.stringify(['ticks', feed, symbol]);

export const HEAL_TIMING: HealTiming = {
  agreeMs: 2000,
  proveMs: 61_000,
  shortestMs: 3000,
  longestMs: 10 * MINUTE_MS,
  sidesMs: 96 * HOUR_MS,
  fewMs: HOUR_MS,
  loadMs: DAY_MS,
};

export interface HealParts {
  readonly access: QuoteTicksAccess;
  readonly answers: TickAnswers;
  readonly timing: HealTiming;
}

export interface HealContext extends SyncContext {
  readonly heal: HealParts;
}

/** The result of one healing step: a final state, or "not yet" with what is needed to continue. */
export type HealStep =
  | { readonly end: GapEnd; readonly written: number }
  | { readonly againMs: number; readonly progress: unknown; readonly why: string };

/** A pause that grows with how long has been waited already. */
export function pauseMs({ shortestMs, longestMs }: HealTiming, waitedMs: number): number {
  return Math.min(longestMs, Math.max(shortestMs, waitedMs / 8));
}

export const minutesOf = ({ fromUs, toUs }: Range): Range => ({
  fromUs: fromUs - (fromUs % MINUTE_US),
  toUs: Math.ceil(toUs / MINUTE_US) * MINUTE_US,
});
