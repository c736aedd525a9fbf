// The gaps of `fxtape status` in one line. In: how many there are of each cause and state. Out: those that have not ended, those that are
// open, and how many are settled; a sentence if they are unknown.
import type { GapCount } from '@fxtape/questdb';
import { count } from '../print/quantity.ts';

export function gapLine(counts: readonly GapCount[] | null): string {
  if (counts === null) return 'GAPS  not known';
  const sum = (rows: readonly GapCount[], of: (row: GapCount) => number) =>
    rows.reduce((total, row) => total + of(row), 0);
  const all = sum(counts, (row) => row.gaps);
  if (all === 0) return 'GAPS  none';
  const open = counts.filter((row) => row.state === 'open');
  const lasting = sum(counts, (row) => row.unended);
  const causes = open.map((row) => `${row.cause ?? 'unknown'} ${row.gaps}`).join(', ');
  const openCount = sum(open, (row) => row.gaps);
  return [
    `GAPS  ${lasting === 0 ? 'all have ended' : `${count(lasting, 'gap')} not ended`}`,
    openCount === 0 ? 'none open' : `${openCount} open: ${causes}`,
    ...(all > openCount ? [`${all - openCount} settled`] : []),
  ].join(' · ');
}
