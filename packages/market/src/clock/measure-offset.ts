// Measures how far a broker's clock is from UTC. In: repeated readings of the same clocks (the time of a symbol's last tick, the server's own time),
// each with its receive time. Out: the offset in whole quarters of an hour, or null. A reading equal to the one before may be a stale snapshot
// and is ignored.

import type { BrokerMs } from '../time/time.ts';
import { clockOffset } from '../time/clock-offset.ts';

export type ClockSource = 'ticks' | 'server_time';

export interface ClockReading {
  readonly source: ClockSource;
  /** Which clock: a symbol, or the server. */
  readonly name: string;
  readonly brokerMs: BrokerMs;
  /** When the answer came. */
  readonly recvUtcMs: number;
}

/** The offset of a clock at an instant. `stated`: not measured against our clock. */
export interface OffsetSample {
  readonly utcMs: number;
  /** Broker wall clock minus UTC, seconds. */
  readonly offsetS: number;
  readonly source: ClockSource | 'stated';
}

/** The newest reading of each clock that moved between its first and its last reading. */
const moved = (readings: readonly ClockReading[]): ClockReading[] =>
  [...Map.groupBy(readings, ({ source, name }) => `${source} ${name}`).values()].flatMap((of) => {
    const ordered = of.toSorted((a, b) => a.recvUtcMs - b.recvUtcMs);
    const first = ordered[0] as ClockReading;
    const last = ordered.findLast(
      (each, i) => i > 0 && each.brokerMs > (ordered[i - 1] as ClockReading).brokerMs,
    );
    return last === undefined || last.brokerMs <= first.brokerMs ? [] : [last];
  });

/** Ticks take precedence over the server's clock. Null: no clock moved, none fits an offset, or two of them disagree. */
export const measureOffset = (readings: readonly ClockReading[]): OffsetSample | null => {
  const running = moved(readings);
  for (const source of ['ticks', 'server_time'] as const) {
    const said = new Set<number>();
    let utcMs = 0;
    for (const each of running) {
      if (each.source !== source) continue;
      const offsetS = clockOffset((each.brokerMs - each.recvUtcMs) / 1000);
      if (offsetS === null) continue;
      said.add(offsetS);
      utcMs = Math.max(utcMs, each.recvUtcMs);
    }
    const [offsetS] = said;
    if (said.size === 1 && offsetS !== undefined) return { utcMs, offsetS, source };
  }
  return null;
};
