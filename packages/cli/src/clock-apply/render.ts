// A correction as people read it. In: what was measured. Out: lines.
import type { DecidedClock } from './server-clocks.ts';
import { isAffected, type Measured, type TableReckoning } from './measure.ts';
import { count, spellBytes, spellDuration } from '../print/quantity.ts';
import { table } from '../print/table.ts';

export function measuredLines(
  servers: readonly DecidedClock[],
  measured: Measured,
  free: { readonly where: string; readonly bytes: number } | null,
): string[] {
  const rules = servers.map(({ confidence, rule, server }) => `${server}  ${rule}  (${confidence})`);
  const rows = measured.tables.map((each) => [
    each.table,
    String(each.rows),
    String(each.affected),
    String(each.leftOut),
    spellMove(each),
    each.affectedPartitions === 0
      ? String(each.partitions)
      : `${each.affectedPartitions} of ${each.partitions}`,
    isAffected(each) ? spellBytes(Math.ceil(each.bytes)) : '',
  ]);
  const room = free === null ? 'not known from here' : `${spellBytes(free.bytes)} at ${free.where}`;
  const hours = measured.lost.length;
  return [
    ...rules,
    '',
    ...table(['table', '>rows', '>change', '>left out', 'move', 'partitions', '>copy'], rows),
    '',
    `room needed ${spellBytes(measured.needBytes)}, free ${room}`,
    `copying takes about ${spellDuration(measured.seconds * 1000)} while recording goes on; then database writes pause for about half a minute (the tape keeps recording)`,
    ...(hours === 0
      ? []
      : [
          `${count(hours, 'hour')} of history that occur twice cannot be told apart: they become gaps and are fetched again`,
        ]),
  ];
}

function spellMove({ leastS, mostS }: TableReckoning): string {
  if (leastS === null || mostS === null) return '';
  const one = (s: number): string => `${s < 0 ? '-' : '+'}${spellDuration(Math.abs(s) * 1000)}`;
  return leastS === mostS ? one(leastS) : `${one(leastS)} to ${one(mostS)}`;
}
