// Finds rows that were stored once and do not stand in their table any more: a dropped partition, a table restored from an older copy, a
// foreign hand. Every bar and deal has its versions in a table of revisions, written first; what has a version and no row is missing.
// In: an account. Out: gaps with cause `undercount`, which are healed like all others. What was seen since
// the audit was asked for is left out, and it begins a while later: rows have had the time to follow their versions.
import { matchSymbols } from '@fxtape/config';
import type { Checkpoint, JobOutcome, Payload } from '@fxtape/jobs';
import { historyGapId, type Range } from '@fxtape/market';
import type { StreamKeyOf, TableRow } from '@fxtape/questdb';
import { z } from 'zod';
import { barWidthUs } from './bar-source.ts';
import { openedGap } from './gap-rows.ts';
import type { SyncContext } from './sync-context.ts';

const MOMENT_US = 1000;

const saved = z.object({ step: z.literal('audit'), monthUs: z.int(), rows: z.int(), gaps: z.int() });

interface Missing {
  readonly key: StreamKeyOf;
  readonly range: Range;
  readonly rows: number;
}

export async function audit(
  c: SyncContext,
  of: Payload<'audit'>,
  checkpoint: Checkpoint,
): Promise<JobOutcome> {
  const { clock, log, looksApartMs } = c.parts;
  const waitMs = of.asOfUs / 1000 + looksApartMs - clock.nowMs();
  if (waitMs > 0) return { againAfterMs: waitMs };
  const before = saved.safeParse(checkpoint.value);
  let { gaps, rows } = before.success ? before.data : { gaps: 0, rows: 0 };
  for (const month of await monthsOf(c, of)) {
    if (before.success && month.fromUs <= before.data.monthUs) continue;
    const missing = [...(await missingBars(c, of, month)), ...(await missingDeals(c, of, month))];
    for (const each of missing) {
      await openGap(c, each);
      gaps += 1;
      rows += each.rows;
    }
    await checkpoint.save({ step: 'audit', monthUs: month.fromUs, rows, gaps });
  }
  if (gaps > 0) log.warn({ account: of.account, gaps, rows }, 'stored rows are gone from their tables');
  return { rows: 0, requests: 0, note: { missing: rows, gaps } };
}

/** UTC months that hold a version, oldest first. */
async function monthsOf(c: SyncContext, { account, feed }: Payload<'audit'>): Promise<Range[]> {
  const { audit: reader } = c.parts;
  const options = { signal: c.signal };
  const reaches = [
    feed === null ? null : await reader.reach('bar_revisions', { feed }, options),
    await reader.reach('deal_revisions', { account }, options),
  ].filter((reach) => reach !== null);
  if (reaches.length === 0) return [];
  const fromUs = Math.min(...reaches.map((reach) => reach.fromUs));
  const toUs = Math.max(...reaches.map((reach) => reach.toUs));
  const months: Range[] = [];
  const first = new Date(fromUs / 1000);
  const startOf = (n: number): number => Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + n) * 1000;
  for (let n = 0; startOf(n) < toUs; n += 1) months.push({ fromUs: startOf(n), toUs: startOf(n + 1) });
  return months;
}

async function missingBars(c: SyncContext, of: Payload<'audit'>, month: Range): Promise<Missing[]> {
  const { asOfUs, feed } = of;
  if (feed === null) return [];
  const { audit: reader } = c.parts;
  const options = { signal: c.signal };
  const versioned = await reader.versionedBarCounts(feed, month, asOfUs, options);
  const stored = new Map(
    (await reader.barCounts(feed, month, options)).map((each) => [streamOf(each), each.rows]),
  );
  const wanted = c.account.config.marketData?.symbols ?? [];
  const found: Missing[] = [];
  for (const each of versioned) {
    const { rows, symbol, timeframe } = each;
    if (rows <= (stored.get(streamOf(each)) ?? 0)) continue;
    // What is not recorded any more is not fetched again either.
    if (matchSymbols(wanted, [symbol]).matched.length === 0) continue;
    const bars = { feed, symbol, timeframe };
    const known = await reader.barTimes('bar_revisions', bars, month, asOfUs, options);
    const present = new Set(await reader.barTimes('bars', bars, month, null, options));
    const key = { account: of.account, stream: 'bars', ...bars };
    for (const run of runsMissing(known, present, barWidthUs(timeframe))) found.push({ key, ...run });
  }
  return found;
}

const streamOf = ({ symbol, timeframe }: { symbol: string; timeframe: string }): string =>
  `${timeframe} ${symbol}`;

/** Runs of known times without a row between two that have one. */
export function runsMissing(
  known: readonly number[],
  present: ReadonlySet<number>,
  widthUs: number,
): { range: Range; rows: number }[] {
  const runs: { range: { fromUs: number; toUs: number }; rows: number }[] = [];
  let open = false;
  for (const ts of known) {
    const last = runs.at(-1);
    if (present.has(ts)) {
      if (open && last !== undefined) last.range.toUs = Math.min(last.range.toUs, ts);
      open = false;
    } else if (open && last !== undefined) {
      last.range.toUs = ts + widthUs;
      last.rows += 1;
    } else {
      runs.push({ range: { fromUs: ts, toUs: ts + widthUs }, rows: 1 });
      open = true;
    }
  }
  return runs;
}

async function missingDeals(c: SyncContext, of: Payload<'audit'>, month: Range): Promise<Missing[]> {
  const { account } = of;
  const { audit: reader } = c.parts;
  const options = { signal: c.signal };
  const known = await reader.dealTimes('deal_revisions', account, month, of.asOfUs, options);
  if (known.size === 0) return [];
  const present = await reader.dealTimes('deals', account, month, null, options);
  const times = [...known].flatMap(([id, ts]) => (present.has(id) ? [] : [ts]));
  if (times.length === 0) return [];
  // Over a year there are few deals: one gap from the first missing one to the last.
  const fromUs = times.reduce((least, ts) => Math.min(least, ts));
  const toUs = times.reduce((most, ts) => Math.max(most, ts)) + MOMENT_US;
  const key = { account, feed: null, symbol: null, stream: 'deals', timeframe: null };
  return [{ key, range: { fromUs, toUs }, rows: times.length }];
}

async function openGap(c: SyncContext, { key, range, rows }: Missing): Promise<void> {
  const { historyGaps, stamps, writer } = c.parts;
  const known = await historyGaps.known(key.account, historyGapId(key, range, 'undercount'), c.signal);
  if (known?.state === 'open') return;
  const gap: TableRow<'gap_events'> = {
    ...openedGap(stamps, {
      key,
      range,
      cause: 'undercount',
      evidence: { reason: 'rows_gone', rows },
      afterUs: known?.ts_updated ?? 0,
    }),
    missing_estimate: rows,
  };
  await writer.write({ gap_events: [gap] }, { signal: c.signal });
}
