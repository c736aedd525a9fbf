// The screen of `fxtape status`. In: the report and how many lines fit. Out: lines. When not all symbols fit, those that are not live come
// first and the rest is counted.
import { count, significant, spellBytes, spellDuration } from '../print/quantity.ts';
import { table } from '../print/table.ts';
import { gapLine } from './gap-line.ts';
import { jobLines } from './job-lines.ts';
import type { AccountReport, StatusReport, StreamReport } from './report.ts';

export interface ScreenOptions {
  /** How many lines fit; Infinity: all. */
  readonly rows: number;
  /** Colours the verdict. */
  readonly paint?: (verdict: StatusReport['verdict'], text: string) => string;
}

const FEWEST_SYMBOLS = 5;

export function screen(report: StatusReport, o: ScreenOptions): string[] {
  const paint = o.paint ?? ((_verdict, text) => text);
  const head = [
    `fxtape is ${paint(report.verdict, report.verdict.toUpperCase())}   ${report.at}   ${report.data_dir}`,
    ...report.reasons.map((reason) => `  ! ${reason}`),
    ...report.remarks.map((remark) => `  · ${remark}`),
    '',
    ...services(report),
  ];
  const gaps = [
    '',
    ...jobLines(report.jobs),
    '',
    gapLine(report.gaps),
    ...diskLine(report),
    backupLine(report),
  ];
  const accounts = report.accounts.length === 0 ? [] : ['', ...accountTable(report.accounts)];
  const left = o.rows - head.length - gaps.length - accounts.length;
  const each = Math.floor(left / Math.max(1, report.accounts.length));
  const streams = report.accounts.flatMap((account) =>
    streamLines(account, each, report.accounts.length > 1),
  );
  return [...head, ...accounts, ...streams, ...gaps];
}

function diskLine({ disk }: StatusReport): string[] {
  if (disk === null) return [];
  const { free_bytes: free, full_in_days: days } = disk;
  const until =
    days === null
      ? ''
      : ` · full in ${days > 3650 ? 'more than ten years' : count(days, 'day')} at this rate`;
  return [`DISK  ${spellBytes(free)} free${until}`];
}

function backupLine({ backup }: StatusReport): string {
  if (backup === null) return 'BACKUP  none of this data folder';
  return `BACKUP  ${spellDuration(Math.max(0, backup.age_ms))} ago, ${spellBytes(backup.bytes)} in ${backup.address}`;
}

function services(report: StatusReport): string[] {
  const rows = report.services.map(({ address, detail, name, since, up }) => [
    name,
    up ? 'up' : 'DOWN',
    since === null ? '' : `since ${since.slice(0, 19)}Z`,
    [address, detail].filter((part) => part !== null).join('  '),
  ]);
  return table(['SERVICE', '', '', ''], rows);
}

function accountTable(accounts: readonly AccountReport[]): string[] {
  const rows = accounts.map((account) => [
    account.account,
    account.feed ?? '',
    account.phase,
    account.conn === null ? '' : String(account.conn),
    clock(account),
    skew(account),
    account.rates === null ? '' : significant(account.rates.ticksPerSecond),
    account.lag_ms === null ? '' : spellDuration(account.lag_ms),
    account.backlog_lines === null ? '' : String(account.backlog_lines),
    account.tape === null ? '' : spellBytes(account.tape.bytes),
  ]);
  const heads = [
    'ACCOUNT',
    'FEED',
    'PHASE',
    '>CONN',
    'CLOCK',
    '>SKEW',
    '>TICKS/S',
    '>TAPE→SQL',
    '>BACKLOG',
    '>TAPE',
  ];
  const empty = heads.map((_head, i) => rows.every((row) => row[i] === ''));
  const kept = (cells: readonly string[]) => cells.filter((_cell, i) => empty[i] !== true);
  return table(kept(heads), rows.map(kept));
}

function clock({ clock }: AccountReport): string {
  if (clock === null || clock.rule === null) return 'not known yet';
  return `${clock.rule}${clock.confirmed ? '' : ' (unconfirmed)'}${clock.replayed ? ' (replayed)' : ''}`;
}

/** The broker's clock minus this machine's; empty while it is unknown. */
function skew({ clock }: AccountReport): string {
  const known = clock?.skew ?? null;
  return known === null ? '' : `${known.ms} ± ${known.uncertaintyMs} ms`;
}

function streamLines(account: AccountReport, room: number, named: boolean): string[] {
  if (account.streams.length === 0) return [];
  const whole = account.streams.filter((stream) => stream.symbol === null);
  const line = whole.map((stream) => `${stream.stream} ${phase(stream)}`).join(' · ');
  const lines = ['', ...(named ? [account.account] : []), ...(line === '' ? [] : [line])];
  const symbols = [...Map.groupBy(account.streams, (stream) => stream.symbol)].filter(
    ([name]) => name !== null,
  );
  if (symbols.length === 0) return lines;
  const rows = symbols.map(([name, streams]) => symbolRow(name ?? '', streams));
  rows.sort((a, b) => Number(a.live) - Number(b.live));
  // Two lines are for the heads and for the count of the rest.
  const fit = Math.max(FEWEST_SYMBOLS, room - lines.length - 2);
  const shown = rows.length <= fit + 1 ? rows : rows.slice(0, fit);
  const rest = rows.slice(shown.length);
  const restLive = rest.every((row) => row.live) ? ', all live' : '';
  return [
    ...lines,
    ...table(
      ['SYMBOL', 'TICKS', '>COUNT', '>LAST IN SQL', 'BARS'],
      shown.map((row) => row.cells),
    ),
    ...(rest.length === 0 ? [] : [`and ${count(rest.length, 'more symbol')}${restLive}`]),
  ];
}

function symbolRow(name: string, streams: readonly StreamReport[]): { live: boolean; cells: string[] } {
  const ticks = streams.find((stream) => stream.stream === 'ticks');
  const bars = streams.filter((stream) => stream.stream === 'bars');
  const ago = ticks?.last_ago_ms ?? null;
  return {
    live: streams.every((stream) => stream.phase === 'live'),
    cells: [
      name,
      ticks === undefined ? '' : phase(ticks),
      ticks === undefined ? '' : String(ticks.frames),
      ago === null ? '' : `${spellDuration(ago)} ago`,
      bars.map((bar) => `${bar.timeframe} ${ticks === undefined ? phase(bar) : bar.phase}`).join(', '),
    ],
  };
}

/** `live`, or why it is not. */
function phase({ open_gap: gap, phase: word }: StreamReport): string {
  if (word === 'live' || gap === null) return word;
  return `${word} (${gap.cause}${gap.since === null ? '' : ` since ${gap.since.slice(11, 19)}Z`})`;
}
