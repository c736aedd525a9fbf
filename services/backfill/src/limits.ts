// Where a broker's history begins, as rows of `history_limits`. In: what was learned. Out: a row, unless the newest one says the same.
import type { Range } from '@fxtape/market';
import type { StreamKeyOf } from '@fxtape/questdb';
import type { SyncContext } from './sync-context.ts';

export async function recordLimit(
  c: SyncContext,
  key: StreamKeyOf,
  earliestUs: number,
  empty: Range,
): Promise<void> {
  const { reader, stamps, writer } = c.parts;
  const known = (await reader.historyLimits(key.account, { signal: c.signal })).find(
    (row) =>
      row.stream === key.stream &&
      row.feed === key.feed &&
      row.symbol === key.symbol &&
      row.timeframe === key.timeframe,
  );
  if (known?.ts_earliest === earliestUs) return;
  const evidence = JSON.stringify({
    empty_from_us: empty.fromUs,
    empty_to_us: empty.toUs,
    asked_down_to: '1971',
    rule: c.account.ruleId,
  });
  const ts = stamps.next('history_limits', known?.ts ?? 0);
  await writer.write(
    { history_limits: [{ ts, ...key, ts_earliest: earliestUs, evidence }] },
    { signal: c.signal },
  );
}
