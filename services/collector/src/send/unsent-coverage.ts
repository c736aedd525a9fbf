// Coverage rows that wait until the rows they vouch for are applied. Claims of one range repeat with a later end, so only the newest of
// each is kept.
import type { CoverageRow } from '@fxtape/market';

export class UnsentCoverage {
  #rows = new Map<string, CoverageRow>();

  add(rows: readonly CoverageRow[]): void {
    for (const row of rows) this.#rows.set(keyOf(row), row);
  }

  /** Hands over all of them. */
  take(): CoverageRow[] {
    const rows = [...this.#rows.values()];
    this.#rows.clear();
    return rows;
  }

  /** Takes rows back that could not be written. A newer claim of the same range stays. */
  putBack(rows: readonly CoverageRow[]): void {
    for (const row of rows) if (!this.#rows.has(keyOf(row))) this.#rows.set(keyOf(row), row);
  }

  clear(): void {
    this.#rows.clear();
  }
}

const keyOf = ({ range_id: id, stream, symbol, ts }: CoverageRow): string =>
  `${id}|${stream}|${symbol}|${ts}`;
