// Gaps and outages as tables for people. In: rows of the views. Out: lines. An interval without an end shows how long it has lasted so far.
import { streamName } from '@fxtape/market';
import type { GapRow, OutageRow } from '@fxtape/questdb';
import { isoMs } from '../print/instant.ts';
import { count, spellDuration } from '../print/quantity.ts';
import { table } from '../print/table.ts';

export interface TableOptions {
  readonly nowUs: number;
  /** There are more than these. */
  readonly truncated: boolean;
  readonly openOnly: boolean;
}

const LONGEST_EVIDENCE = 80;
const NOT_YET = 'not ended';

export function gapsTable(rows: readonly GapRow[], o: TableOptions): string[] {
  if (rows.length === 0) return [o.openOnly ? 'No open gaps.' : 'No gaps.'];
  const cells = rows.map((row) => [
    from(row),
    to(row),
    lasted(row, o.nowUs),
    row.account ?? '',
    streamName({ stream: row.stream ?? '', symbol: row.symbol, timeframe: row.timeframe }),
    row.cause ?? '',
    row.state ?? '',
    rowsOf(row),
    oneLine(row.evidence),
  ]);
  const heads = [
    'FROM (UTC)',
    'TO (UTC)',
    '>LASTED',
    'ACCOUNT',
    'STREAM',
    'CAUSE',
    'STATE',
    '>ROWS',
    'EVIDENCE',
  ];
  return [...table(heads, cells), '', summary(rows, 'gap', o)];
}

export function outagesTable(rows: readonly OutageRow[], o: TableOptions): string[] {
  if (rows.length === 0) return [o.openOnly ? 'No open outages.' : 'No outages.'];
  const cells = rows.map((row) => [
    from(row),
    to(row),
    lasted(row, o.nowUs),
    row.account ?? '',
    row.causes ?? '',
    row.streams ?? '',
    String(row.gaps),
    String(row.open_gaps),
  ]);
  const heads = ['FROM (UTC)', 'TO (UTC)', '>LASTED', 'ACCOUNT', 'CAUSES', 'STREAMS', '>GAPS', '>OPEN'];
  return [...table(heads, cells), '', summary(rows, 'outage', o)];
}

type Interval = Pick<GapRow, 'ts_from' | 'ts_to'>;

/** A gap without a beginning: its stream was never recorded before. */
const from = (row: Interval): string => (row.ts_from === null ? 'unknown' : isoMs(row.ts_from));
const to = (row: Interval): string => (row.ts_to === null ? NOT_YET : isoMs(row.ts_to));

/** Rows added from history, or roughly how many are missing; empty: unknown. */
function rowsOf({ missing_estimate: missing, rows_healed: healed, state }: GapRow): string {
  if (state === 'healed' && healed !== null) return `+${healed}`;
  if (missing === null || state === 'verified_empty') return '';
  return `~${Math.round(missing)} missing`;
}

function lasted(row: Interval, nowUs: number): string {
  if (row.ts_from === null) return '';
  const text = spellDuration(((row.ts_to ?? nowUs) - row.ts_from) / 1000);
  return row.ts_to === null ? `${text} so far` : text;
}

function oneLine(text: string | null): string {
  const line = (text ?? '').replaceAll(/\s+/g, ' ').trim();
  return line.length > LONGEST_EVIDENCE ? `${line.slice(0, LONGEST_EVIDENCE - 1)}…` : line;
}

function summary(rows: readonly Interval[], noun: string, o: TableOptions): string {
  const going = rows.filter((row) => row.ts_to === null).length;
  const parts = [
    o.truncated ? `the newest ${count(rows.length, noun)}; more with --limit` : count(rows.length, noun),
    ...(going === 0 ? [] : [`${going} not ended`]),
  ];
  return parts.join(', ');
}
