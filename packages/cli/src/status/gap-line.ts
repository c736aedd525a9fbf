// The gaps of `fxtape status` in one line. In: how many there are of each cause and state. Out: the open gaps and how many of them
// have not ended, those healed or verified empty, and those that are unrecoverable; `not known` if they could not be queried.
import type { GapCount } from '@fxtape/questdb';

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
  const unended = lasting === 0 ? '' : ` (${lasting} not ended)`;
  const settled = counts.filter((row) => row.state !== 'open');
  const lost = sum(
    settled.filter((row) => row.state === 'unrecoverable'),
    (row) => row.gaps,
  );
  return [
    openCount === 0 ? 'GAPS  none open' : `GAPS  ${openCount} open${unended}: ${causes}`,
    ...(all - openCount > lost ? [`${all - openCount - lost} healed or empty`] : []),
    ...(lost > 0 ? [`${lost} unrecoverable`] : []),
  ].join(' · ');
}
