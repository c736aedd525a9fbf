// Checks the promise row by row: compares the gateway's ledger with the tables. In: a recording that has settled. Out: ticks that are missing outside
// gaps, doubled, wrong or unaccounted for, and how far each gap exceeds its missing ticks.
import type { LedgerTick } from './gateway-control.ts';
import type { Recorded } from './recorded.ts';

export interface GapSight {
  readonly symbol: string | null;
  readonly cause: string;
  /** A gap of received lines that were not stored (left out, condemned, untimed), not of a time without data. */
  readonly isOfSingleLines: boolean;
  readonly fromUs: number;
  readonly toUs: number;
  /** Ticks of the market inside the gap that the table lacks. */
  missing: number;
  firstMissingUs: number;
  lastMissingUs: number;
}

export interface Verdict {
  /** Ticks written to a socket of the recorder. */
  readonly sent: number;
  readonly stored: number;
  /** Sent, not stored, in no gap. */
  readonly missing: number;
  /** Sent, not stored, in a gap. */
  readonly missingInGap: number;
  /** Made but not sent, not stored, in no gap, since the start of the recording. */
  readonly unaccounted: number;
  readonly doubled: number;
  /** Live rows that match no tick of the market: wrong time or price. */
  readonly wrong: number;
  /** Snapshots of the quote before the first tick: at most one per symbol. */
  readonly quotes: number;
  /** Microseconds between start and end of the recording that are neither covered nor in a gap, all symbols. */
  readonly unclaimedUs: number;
  /** The first few ticks that break the promise, as text. */
  readonly examples: readonly string[];
  readonly gaps: readonly GapSight[];
}

const EXAMPLES = 5;
const OF_SINGLE_LINES = /\.(condemned|out|untimed)$/;

interface Row {
  readonly live: number;
  readonly snapshot: number;
}

const keyOf = (symbol: string, us: number, bid: number, ask: number): string =>
  `${symbol} ${us} ${bid} ${ask}`;

/**
 * Compares everything of `feed` (default: the only one in the tables) with the gateway's first account: times in microseconds UTC, prices as sent.
 */
export async function judge(recording: Recorded, feed?: string): Promise<Verdict> {
  const of = feed === undefined ? '' : ` AND feed = '${feed}'`;
  const gaps = await gapsOf(recording, of);
  const stored = await storedOf(recording, of);
  const ledger = await recording.gateway.ledger();
  const claims = await claimsOf(recording, of);
  const begun = new Map<string, number>();
  for (const [symbol, ranges] of claims) begun.set(symbol, Math.min(...ranges.map(([from]) => from)));
  const truth = new Map<string, { made: number; sent: number; tick: LedgerTick }>();
  let sent = 0;
  for (const tick of ledger) {
    const key = keyOf(tick.symbol, tick.utcMs * 1000, tick.bid, tick.ask);
    const taken = tick.conn !== null && !tick.withheld;
    if (taken) sent++;
    const known = truth.get(key);
    if (known === undefined) truth.set(key, { made: 1, sent: taken ? 1 : 0, tick });
    else {
      known.made++;
      if (taken) known.sent++;
    }
  }
  const result = { missing: 0, missingInGap: 0, unaccounted: 0 };
  const examples: string[] = [];
  const example = (text: string): void => {
    if (examples.length < EXAMPLES) examples.push(text);
  };
  const lost = (key: string, tick: LedgerTick): void =>
    example(`lost: ${key} at ${new Date(tick.utcMs).toISOString()}`);
  const bySymbol = Map.groupBy(gaps, (gap) => gap.symbol);
  for (const [key, { made, sent: taken, tick }] of truth) {
    const row = stored.get(key);
    const have = row === undefined ? 0 : row.live + row.snapshot;
    if (have >= made) continue;
    const us = tick.utcMs * 1000;
    const around = [...(bySymbol.get(tick.symbol) ?? []), ...(bySymbol.get(null) ?? [])].filter(
      (gap) => us >= gap.fromUs && us < gap.toUs,
    );
    for (const gap of around) {
      gap.missing += made - have;
      gap.firstMissingUs = Math.min(gap.firstMissingUs, us);
      gap.lastMissingUs = Math.max(gap.lastMissingUs, us);
    }
    if (have < taken) {
      if (around.length > 0) result.missingInGap += taken - have;
      else {
        result.missing += taken - have;
        lost(`sent on connection ${tick.conn}: ${key}`, tick);
      }
    } else if (around.length === 0 && us >= (begun.get(tick.symbol) ?? Number.POSITIVE_INFINITY)) {
      result.unaccounted += made - have;
      lost(`made, never sent: ${key}`, tick);
    }
  }
  const found = strangers(stored, truth, example);
  let rows = 0;
  for (const { live, snapshot } of stored.values()) rows += live + snapshot;
  return { sent, stored: rows, ...result, ...found, unclaimedUs: unclaimed(claims), examples, gaps };
}

/** Finds rows that the market made less often, and rows that it never made. */
function strangers(
  stored: ReadonlyMap<string, Row>,
  truth: ReadonlyMap<string, { made: number }>,
  example: (text: string) => void,
) {
  let doubled = 0;
  let wrong = 0;
  let quotes = 0;
  for (const [key, { live, snapshot }] of stored) {
    const made = truth.get(key)?.made ?? 0;
    const told = `${key}, made ${made}, stored ${live} live and ${snapshot} as a snapshot`;
    if (made === 0) {
      wrong += live;
      quotes += snapshot;
      if (live > 0) example(`wrong: ${told}`);
    } else if (live + snapshot > made) {
      doubled += live + snapshot - made;
      example(`doubled: ${told}`);
    }
  }
  return { doubled, wrong, quotes };
}

async function gapsOf(recording: Recorded, of: string): Promise<GapSight[]> {
  const rows = await recording.sql(
    `SELECT symbol, cause, cast(ts_from as long), cast(ts_to as long), gap_id FROM gaps WHERE stream = 'ticks'${of}`,
  );
  return rows.map(([symbol, cause, from, to, id]) => ({
    symbol: symbol as string | null,
    cause: String(cause),
    isOfSingleLines: OF_SINGLE_LINES.test(String(id)),
    fromUs: Number(from),
    toUs: to === null ? Number.POSITIVE_INFINITY : Number(to),
    missing: 0,
    firstMissingUs: Number.POSITIVE_INFINITY,
    lastMissingUs: Number.NEGATIVE_INFINITY,
  }));
}

async function storedOf(recording: Recorded, of: string): Promise<Map<string, Row>> {
  const stored = new Map<string, Row>();
  const rows = await recording.sql(
    `SELECT symbol, cast(ts as long), bid, ask, source FROM ticks WHERE true${of}`,
  );
  for (const [symbol, us, bid, ask, source] of rows) {
    const key = keyOf(String(symbol), Number(us), Number(bid), Number(ask));
    const { live, snapshot } = stored.get(key) ?? { live: 0, snapshot: 0 };
    stored.set(key, source === 'snapshot' ? { live, snapshot: snapshot + 1 } : { live: live + 1, snapshot });
  }
  return stored;
}

/** The ranges `[from, to)` of coverage and gaps for each symbol. An open gap counts as empty. */
async function claimsOf(recording: Recorded, of: string): Promise<Map<string, [number, number][]>> {
  const coverage = await recording.sql(
    `SELECT symbol, cast(ts as long), cast(ts_to as long) FROM coverage WHERE stream = 'ticks'${of}`,
  );
  const gaps = await recording.sql(
    `SELECT symbol, cast(ts_from as long), cast(ts_to as long), gap_id FROM gaps WHERE stream = 'ticks'${of}`,
  );
  const claims = new Map<string, [number, number][]>();
  // A gap of single lines says nothing about the time around it; for a delayed symbol it may be before the recording.
  const lasting = gaps.filter(([, , , id]) => !OF_SINGLE_LINES.test(String(id)));
  for (const [symbol, from, to] of [...coverage, ...lasting]) {
    const list = claims.get(String(symbol)) ?? [];
    list.push([Number(from), Number(to ?? from)]);
    claims.set(String(symbol), list);
  }
  return claims;
}

function unclaimed(claims: ReadonlyMap<string, [number, number][]>): number {
  let sum = 0;
  for (const ranges of claims.values()) {
    let reach: number | null = null;
    for (const [from, to] of ranges.toSorted((a, b) => a[0] - b[0])) {
      if (reach !== null && from > reach) sum += from - reach;
      reach = Math.max(reach ?? to, to);
    }
  }
  return sum;
}

/** Seconds by which gaps exceed their missing ticks at each end. A gap without missing ticks is measured from its middle. */
export function excess(gaps: readonly GapSight[]): { starts: number[]; ends: number[] } {
  const starts: number[] = [];
  const ends: number[] = [];
  for (const gap of gaps) {
    if (!Number.isFinite(gap.toUs)) continue;
    const middle = (gap.fromUs + gap.toUs) / 2;
    const first = gap.missing === 0 ? middle : gap.firstMissingUs;
    const last = gap.missing === 0 ? middle : gap.lastMissingUs;
    starts.push((first - gap.fromUs) / 1e6);
    ends.push((gap.toUs - last) / 1e6);
  }
  return { starts, ends };
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
};

/** One line per cause, for the log of a test run. */
export function report(title: string, verdict: Verdict): string {
  const { sent, stored, missing, missingInGap, unaccounted, doubled, wrong } = verdict;
  const lines = [
    `${title}: sent ${sent}, stored ${stored}, missing ${missing}, in gaps ${missingInGap}, ` +
      `unaccounted ${unaccounted}, doubled ${doubled}, wrong ${wrong}`,
  ];
  for (const example of verdict.examples) lines.push(`  ${example}`);
  for (const [cause, gaps] of Map.groupBy(verdict.gaps, (gap) => gap.cause)) {
    const { starts, ends } = excess(gaps);
    const of = (values: number[]): string =>
      `median ${median(values).toFixed(2)} s, most ${Math.max(0, ...values).toFixed(2)} s`;
    lines.push(`  ${cause}: ${gaps.length} gaps, excess at the start ${of(starts)}, at the end ${of(ends)}`);
  }
  return lines.join('\n');
}
