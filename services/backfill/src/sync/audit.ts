// Finds and restores rows that have disappeared from their table: a dropped partition, a table restored from an older copy, another program. In: an
// account. Out: the rows, and healed gaps with cause `undercount` that record the loss. Each bar, deal and position has its versions in a table of
// revisions, which is written first. A version without a row is restored from its newest version, because the broker may no longer
// have it. The audit starts a while after it was requested and ignores newer rows, so that rows have had time to follow their versions.
import type { Checkpoint, JobOutcome, Payload } from '@fxtape/jobs';
import { barWidthUs, historyGapId, type Range } from '@fxtape/market';
import type { RowsByTable, StreamKeyOf } from '@fxtape/questdb';
import { z } from 'zod';
import { openedGap } from '../store/gap-rows.ts';
import type { SyncContext } from '../context/sync-context.ts';
import { streamLock } from '../store/claim.ts';

const MOMENT_US = 1000;

const saved = z.object({ step: z.literal('audit'), monthUs: z.int(), rows: z.int(), gaps: z.int() });

type Table = 'bars' | 'deals' | 'positions';

/** Rows of one stream that have disappeared, and the ranges in which they stood. `newest`: those still missing, as their newest versions. */
interface Missing {
  readonly key: StreamKeyOf;
  readonly table: Table;
  readonly newest: (signal: AbortSignal) => Promise<NonNullable<RowsByTable[Table]>>;
  readonly ranges: readonly { readonly range: Range; readonly rows: number }[];
}

export async function audit(
  c: SyncContext,
  of: Payload<'audit'>,
  checkpoint: Checkpoint,
): Promise<JobOutcome> {
  const { clock, log, checksApartMs } = c.parts;
  const waitMs = of.asOfUs / 1000 + checksApartMs - clock.nowMs();
  if (waitMs > 0) return { againAfterMs: waitMs };
  const before = saved.safeParse(checkpoint.value);
  let { gaps, rows } = before.success ? before.data : { gaps: 0, rows: 0 };
  for (const month of await monthsOf(c, of)) {
    if (before.success && month.fromUs <= before.data.monthUs) continue;
    const missing = [
      ...(await missingBars(c, of, month)),
      ...(await missingTrades(c, of, month, 'deals')),
      ...(await missingTrades(c, of, month, 'positions')),
    ];
    for (const each of missing) {
      rows += await restore(c, each);
      gaps += each.ranges.length;
    }
    await checkpoint.save({ step: 'audit', monthUs: month.fromUs, rows, gaps });
  }
  if (gaps > 0)
    log.warn({ account: of.account, gaps, rows }, 'stored rows had disappeared from their tables');
  return { rows, requests: 0, note: { restored: rows, gaps } };
}

/** UTC months that contain a version, oldest first. */
async function monthsOf(c: SyncContext, { account, feed }: Payload<'audit'>): Promise<Range[]> {
  const { audit: reader } = c.parts;
  const options = { signal: c.signal };
  const reaches = [
    feed === null ? null : await reader.reach('bar_revisions', { feed }, options),
    await reader.reach('deal_revisions', { account }, options),
    await reader.reach('position_revisions', { account }, options),
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
  const { audit: audits, reader } = c.parts;
  const options = { signal: c.signal };
  const versioned = await audits.versionedBarCounts(feed, month, asOfUs, options);
  const stored = new Map(
    (await audits.barCounts(feed, month, options)).map((each) => [streamOf(each), each.rows]),
  );
  const found: Missing[] = [];
  for (const each of versioned) {
    const { rows, symbol, timeframe } = each;
    if (rows <= (stored.get(streamOf(each)) ?? 0)) continue;
    const bars = { feed, symbol, timeframe };
    const known = await audits.barTimes('bar_revisions', bars, month, asOfUs, options);
    const present = new Set(await audits.barTimes('bars', bars, month, null, options));
    const gone = new Set(known.filter((ts) => !present.has(ts)));
    if (gone.size === 0) continue;
    found.push({
      key: { account: of.account, stream: 'bars', ...bars },
      table: 'bars',
      newest: async (signal) => {
        const there = new Set(await audits.barTimes('bars', bars, month, null, { signal }));
        const versions = await reader.latestBarRevisions(bars, month, { signal });
        return versions.filter(({ ts }) => gone.has(ts) && !there.has(ts));
      },
      ranges: runsMissing(known, present, barWidthUs(timeframe)),
    });
  }
  return found;
}

const streamOf = ({ symbol, timeframe }: { symbol: string; timeframe: string }): string =>
  `${timeframe} ${symbol}`;

/** Runs of known times that have no row, between times that have one. */
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

async function missingTrades(
  c: SyncContext,
  { account, asOfUs }: Payload<'audit'>,
  month: Range,
  table: 'deals' | 'positions',
): Promise<Missing[]> {
  const { audit: audits, reader } = c.parts;
  const options = { signal: c.signal };
  const versions = table === 'deals' ? 'deal_revisions' : 'position_revisions';
  const known = await audits.tradeTimes(versions, account, month, asOfUs, options);
  if (known.size === 0) return [];
  const present = await audits.tradeTimes(table, account, month, null, options);
  const gone = [...known].filter(([id]) => !present.has(id));
  if (gone.length === 0) return [];
  const times = gone.map(([, ts]) => ts);
  // There are few in a month: one gap spans from the first missing row to the last.
  const fromUs = times.reduce((least, ts) => Math.min(least, ts));
  const toUs = times.reduce((most, ts) => Math.max(most, ts)) + MOMENT_US;
  return [
    {
      key: { account, feed: null, symbol: null, stream: table, timeframe: null },
      table,
      newest: async (signal) => {
        const there = await audits.tradeTimes(table, account, month, null, { signal });
        const ids = gone.flatMap(([id]) => (there.has(id) ? [] : [BigInt(id)]));
        return table === 'deals'
          ? reader.latestDealRevisions(account, ids, { signal })
          : reader.latestPositionRevisions(account, ids, { signal });
      },
      ranges: [{ range: { fromUs, toUs }, rows: gone.length }],
    },
  ];
}

/**
 * Restores rows under the stream's lock and records a gap. Rows that others have written meanwhile are left alone. Returns how many rows were
 * restored.
 */
async function restore(c: SyncContext, { key, newest, ranges, table }: Missing): Promise<number> {
  const { historyGaps, numbers, stamps, writer } = c.parts;
  const options = { signal: c.signal };
  const restored = await c.alone(streamLock(key), async (signal) => {
    const rows = await newest(signal);
    await writer.write({ [table]: rows }, { signal });
    return rows.length;
  });
  numbers.stored(table, restored);
  const events = [];
  for (const { range, rows: count } of ranges) {
    const known = await historyGaps.known(key.account, historyGapId(key, range, 'undercount'), c.signal);
    const evidence = { reason: 'rows_gone', rows: count, restored_from: 'revisions' };
    const gap = { key, range, cause: 'undercount', evidence, afterUs: known?.ts_updated ?? 0 } as const;
    const opened = openedGap(stamps, gap);
    events.push({ ...opened, state: 'healed', rows_healed: count, missing_estimate: count });
  }
  await writer.write({ gap_events: events }, options);
  return restored;
}
