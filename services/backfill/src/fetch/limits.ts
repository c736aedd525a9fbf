// Where a broker's history begins, as rows of `history_limits`. In: what was found. Out: a row if the beginning is new, or confirmed by a check that
// was due. A beginning that proves wrong is withdrawn (`ts_earliest` null), and the coverage based on it is read again.
import { limitEvidence, nextCheckUs, type Range, type TableRow } from '@fxtape/market';
import type { StreamKeyOf } from '@fxtape/questdb';
import type { SyncContext } from '../context/sync-context.ts';

export type Limit = TableRow<'history_limits'>;

/** The newest row of a stream. */
export async function limitOf(c: SyncContext, key: StreamKeyOf): Promise<Limit | null> {
  const known = (await c.parts.reader.historyLimits(key.account, { signal: c.signal })).find(
    (row) =>
      (row.stream ?? null) === key.stream &&
      (row.feed ?? null) === key.feed &&
      (row.symbol ?? null) === key.symbol &&
      (row.timeframe ?? null) === key.timeframe,
  );
  return known ?? null;
}

/** True if the gateway is known to have no row of this stream, and no check is due. */
export const isKnownNone = (c: SyncContext, known: Limit | null): boolean =>
  known !== null &&
  typeof known.ts_earliest === 'number' &&
  limitEvidence(known.evidence).rows === 'none' &&
  !isDue(c, known);

const isDue = (c: SyncContext, known: Limit): boolean => {
  const nextUs = nextCheckUs(known);
  return nextUs !== null && nextUs <= c.parts.clock.nowUs();
};

/** `firstUs`: the first row; null: there is none at all. */
export async function recordLimit(
  c: SyncContext,
  key: StreamKeyOf,
  firstUs: number | null,
  empty: Range,
): Promise<void> {
  const known = await limitOf(c, key);
  const before = known === null ? null : limitEvidence(known.evidence);
  const rows = firstUs === null ? 'none' : 'after';
  const isSame =
    known !== null &&
    typeof known.ts_earliest === 'number' &&
    before?.rows === rows &&
    (firstUs === null || known.ts_earliest === firstUs);
  if (isSame && !isDue(c, known)) return;
  // 0 marks a contradiction of an earlier beginning; the first beginning contradicts none.
  const checks = isSame ? (before?.checks ?? 0) + 1 : typeof known?.ts_earliest === 'number' ? 0 : 1;
  const earliestUs = isSame ? (known.ts_earliest as number) : (firstUs ?? empty.fromUs);
  await write(c, key, known, earliestUs, { empty, rows, checks });
}

/** A row was found before the end of `seen`, so a beginning that was recorded after its start is wrong. */
export async function withdrawLimit(c: SyncContext, key: StreamKeyOf, seen: Range): Promise<void> {
  const known = await limitOf(c, key);
  if (typeof known?.ts_earliest !== 'number' || known.ts_earliest < seen.fromUs) return;
  await write(c, key, known, null, { empty: seen, rows: 'after', checks: 0 });
}

async function write(
  c: SyncContext,
  key: StreamKeyOf,
  known: Limit | null,
  earliestUs: number | null,
  facts: { readonly empty: Range; readonly rows: 'none' | 'after'; readonly checks: number },
): Promise<void> {
  const { stamps, writer } = c.parts;
  const { checks, empty, rows } = facts;
  const evidence = JSON.stringify({
    empty_from_us: empty.fromUs,
    empty_to_us: empty.toUs,
    asked_down_to: '1971',
    rows,
    looks: checks,
    rule: c.account.ruleId,
  });
  const ts = stamps.next('history_limits', known?.ts ?? 0);
  await writer.write(
    { history_limits: [{ ts, ...key, ts_earliest: earliestUs, evidence }] },
    { signal: c.signal },
  );
}
