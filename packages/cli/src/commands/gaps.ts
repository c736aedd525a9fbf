// `fxtape gaps` and `fxtape outages`: what is missing and why, from QuestDB. In: filters. Out: a table for people, oldest first, or one
// JSON document with times to the microsecond.
import { isoOfUs } from '@fxtape/console';
import type { Reader } from '@fxtape/questdb';
import { readRunningEnv } from '../env.ts';
import { type AskedNames, configuredNames, requireKnown } from '../known-names.ts';
import { out } from '../print/out.ts';
import { askRecorded, questDbView } from '../questdb.ts';
import { gapsTable, outagesTable } from './gaps-table.ts';

export interface OutagesOptions {
  readonly open?: boolean;
  readonly account?: string;
  /** Microseconds UTC. */
  readonly from?: number;
  readonly to?: number;
  readonly limit: number;
  readonly json?: boolean;
}

export interface GapsOptions extends OutagesOptions {
  readonly symbol?: string;
  readonly stream?: string;
}

/** Errors: ACCOUNT_UNKNOWN, SYMBOL_UNKNOWN, QDB_*; QDB_NO_TABLE means that nothing is recorded yet. */
export async function gaps(options: GapsOptions): Promise<void> {
  const { symbol, stream } = options;
  const filter = {
    ...filterOf(options),
    ...(symbol === undefined ? {} : { symbol }),
    ...(stream === undefined ? {} : { stream }),
  };
  const found = await askAbout(options, (reader) => reader.gaps(filter));
  const rows = found.slice(-options.limit);
  const truncated = found.length > rows.length;
  if (options.json === true) return printJson({ gaps: rows.map(withIso), truncated });
  print(gapsTable(rows, { nowUs: Date.now() * 1000, truncated, openOnly: options.open === true }));
}

/** Errors: as `gaps`. */
export async function outages(options: OutagesOptions): Promise<void> {
  const filter = filterOf(options);
  const found = await askAbout(options, (reader) => reader.outages(filter));
  const rows = found.slice(-options.limit);
  const truncated = found.length > rows.length;
  if (options.json === true) {
    const outages = rows.map((row) => ({
      ...withIso(row),
      causes: listOf(row.causes),
      streams: listOf(row.streams),
    }));
    return printJson({ outages, truncated });
  }
  print(outagesTable(rows, { nowUs: Date.now() * 1000, truncated, openOnly: options.open === true }));
}

async function askAbout<T>(asked: AskedNames, ask: (reader: Reader) => Promise<T>): Promise<T> {
  const env = readRunningEnv();
  const configured = await configuredNames(env);
  return askRecorded(questDbView(env), async (reader) => {
    await requireKnown(asked, reader, configured);
    return ask(reader);
  });
}

/** Asks for one more than the limit, to know whether there are more. */
function filterOf(options: OutagesOptions) {
  const { account, from, limit, open, to } = options;
  return {
    openOnly: open === true,
    limit: limit + 1,
    ...(account === undefined ? {} : { account }),
    ...(from === undefined ? {} : { fromUs: from }),
    ...(to === undefined ? {} : { toUs: to }),
  };
}

function withIso<R extends { ts_from: number | null; ts_to: number | null; ts_updated: number }>(row: R) {
  const iso = (us: number | null): string | null => (us === null ? null : isoOfUs(us));
  return { ...row, ts_from: iso(row.ts_from), ts_to: iso(row.ts_to), ts_updated: isoOfUs(row.ts_updated) };
}

function listOf(text: string | null): string[] {
  return text === null || text === '' ? [] : text.split(/,\s*/);
}

function print(lines: readonly string[]): void {
  out(`${lines.join('\n')}\n`);
}

function printJson(document: object): void {
  out(`${JSON.stringify(document, null, 2)}\n`);
}
