// A correction, for people. In: the estimate. Out: lines.
import { count, spellBytes, spellDuration } from '../print/quantity.ts';
import { table } from '../print/table.ts';
import { isAffected, type Measured, type TableReckoning } from './measure.ts';
import type { LeftAlone } from './recorders.ts';
import type { DecidedClock } from './server-clocks.ts';

export interface Plan {
  readonly servers: readonly DecidedClock[];
  readonly leftAlone: readonly LeftAlone[];
  readonly measured: Measured;
  /** Where the database is, and how much space is free there; null: not on this machine's data folder. */
  readonly free: { readonly where: string; readonly bytes: number } | null;
}

export function planLines({ free, leftAlone, measured, servers }: Plan): string[] {
  const rules = servers.map(({ confidence, rule, server }) => `${server}  ${rule}  (${confidence})`);
  const rows = measured.tables.map((each) => [
    each.table,
    String(each.rows),
    String(each.affected),
    String(each.leftOut),
    spellMove(each),
    isAffected(each) ? spellBytes(Math.ceil(each.bytes)) : '',
  ]);
  const hours = measured.lost.length;
  return [
    ...rules,
    '',
    ...table(['table', '>rows', '>change', '>left out', 'move', '>size'], rows),
    '',
    ...(measured.tables.some(isAffected)
      ? costLines(measured, free)
      : [
          'nothing needs correcting: every row of these brokers already has the time that its clock rule gives',
        ]),
    ...(hours === 0
      ? []
      : [
          `${count(hours, 'hour')} of history occur twice, and rows do not show which pass they belong to: these hours become gaps and are fetched again`,
        ]),
    ...leftAlone.map(({ kind, name, why }) => `rows of the ${kind} ${name} are left as they are: ${why}`),
  ];
}

function costLines({ needBytes, pauseSeconds, seconds }: Measured, free: Plan['free']): string[] {
  const room = free === null ? 'unknown' : `${spellBytes(free.bytes)} at ${free.where}`;
  return [
    `disk space needed ${spellBytes(needBytes)}, free ${room}`,
    `copying takes about ${spellDuration(seconds * 1000)} while recording goes on; then database writes pause for about ${spellDuration(pauseSeconds * 1000)} (the tape keeps recording)`,
  ];
}

function spellMove({ leastS, mostS }: TableReckoning): string {
  if (leastS === null || mostS === null) return '';
  const one = (s: number): string => `${s < 0 ? '-' : '+'}${spellDuration(Math.abs(s) * 1000)}`;
  return leastS === mostS ? one(leastS) : `${one(leastS)} to ${one(mostS)}`;
}
