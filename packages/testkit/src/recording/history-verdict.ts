// Compares the gateway's true history with the tables, row by row: bars, deals, closed positions, and ticks as a multiset. In: a recording and what to
// compare. Out: how many rows are right, missing, different or extra, with the first few of each as text.
import type { Recorded } from './recorded.ts';

export interface HistoryVerdict {
  /** Rows of the gateway's true history. */
  readonly expected: number;
  readonly stored: number;
  readonly missing: number;
  /** Stored under a key of the truth, with other values. */
  readonly different: number;
  /** Stored, and not in the truth. */
  readonly extra: number;
  readonly examples: readonly string[];
}

const EXAMPLES = 5;

/** Compares two sides given as `key → values`. */
function compare(
  truth: ReadonlyMap<string, string>,
  stored: readonly (readonly [string, string])[],
): HistoryVerdict {
  const examples: string[] = [];
  const say = (text: string): void => {
    if (examples.length < EXAMPLES) examples.push(text);
  };
  const found = new Set<string>();
  let different = 0;
  let extra = 0;
  for (const [key, values] of stored) {
    const wanted = truth.get(key);
    if (wanted === undefined || found.has(key)) {
      extra++;
      say(`extra ${key} ${values}`);
    } else if (wanted !== values) {
      different++;
      say(`${key} is ${values}, not ${wanted}`);
    }
    found.add(key);
  }
  let missing = 0;
  for (const [key, values] of truth) {
    if (found.has(key)) continue;
    missing++;
    say(`missing ${key} ${values}`);
  }
  return { expected: truth.size, stored: stored.length, missing, different, extra, examples };
}

const iso = (ms: number): string => new Date(ms).toISOString();
const join = (...values: unknown[]): string => values.map((value) => text(value)).join(' ');
const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value ?? null));

/** Closed bars of one symbol and timeframe with an open in [fromMs, toMs). */
export async function judgeBars(
  recording: Recorded,
  of: { symbol: string; timeframe: string; fromMs: number; toMs: number; feed?: string; account?: string },
): Promise<HistoryVerdict> {
  const { account, symbol, timeframe } = of;
  const bars = await recording.gateway.truthBars({
    symbol,
    timeframe,
    from: iso(of.fromMs),
    to: iso(of.toMs),
    account,
  });
  const truth = new Map(
    bars
      .filter((bar) => bar.closed)
      .map((bar) => [
        iso(bar.utcMs),
        join(bar.open, bar.high, bar.low, bar.close, bar.tickVolume, bar.spread, bar.brokerMs),
      ]),
  );
  const rows = await recording.sql(
    `SELECT cast(ts as long), open, high, low, close, tick_volume, spread_points, utc_offset_s FROM bars
     WHERE feed = '${of.feed ?? 'demo'}' AND symbol = '${symbol}' AND timeframe = '${timeframe}'
     AND ts >= '${iso(of.fromMs)}' AND ts < '${iso(of.toMs)}'`,
  );
  return compare(
    truth,
    rows.map(([us, open, high, low, close, volume, spread, offsetS]) => {
      const ms = Number(us) / 1000;
      return [iso(ms), join(open, high, low, close, volume, spread, ms + Number(offsetS) * 1000)] as const;
    }),
  );
}

/** Deals of one account with a time in [fromMs, toMs). */
export async function judgeDeals(
  recording: Recorded,
  of: { account: string; id?: string; fromMs: number; toMs: number },
): Promise<HistoryVerdict> {
  const deals = await recording.gateway.truthDeals(of.id);
  const truth = new Map(
    deals
      .filter((deal) => deal.utcMs >= of.fromMs && deal.utcMs < of.toMs)
      .map((deal) => [
        join(deal.ticket),
        join(iso(deal.utcMs), deal.type, deal.entry, deal.volume, deal.price, deal.profit, deal.commission),
      ]),
  );
  const rows = await recording.sql(
    `SELECT deal_id, cast(ts as long), type, entry, volume, price, profit, commission FROM deals
     WHERE account = '${of.account}' AND ts >= '${iso(of.fromMs)}' AND ts < '${iso(of.toMs)}'`,
  );
  return compare(
    truth,
    rows.map(([id, us, ...values]) => [join(id), join(iso(Number(us) / 1000), ...values)] as const),
  );
}

/** Closed positions of one account that were closed in [fromMs, toMs). */
export async function judgePositions(
  recording: Recorded,
  of: { account: string; id?: string; fromMs: number; toMs: number },
): Promise<HistoryVerdict> {
  const positions = await recording.gateway.truthPositions(of.id);
  const truth = new Map(
    positions
      .filter((position) => position.closeUtcMs >= of.fromMs && position.closeUtcMs < of.toMs)
      .map((position) => [
        join(position.positionId),
        join(
          iso(position.openUtcMs),
          iso(position.closeUtcMs),
          position.openPrice,
          position.closePrice,
          position.profit,
          position.netProfit,
        ),
      ]),
  );
  const rows = await recording.sql(
    `SELECT position_id, cast(ts as long), cast(ts_close as long), price_open, price_close, profit, net_profit
     FROM positions WHERE account = '${of.account}'
     AND ts_close >= '${iso(of.fromMs)}' AND ts_close < '${iso(of.toMs)}'`,
  );
  return compare(
    truth,
    rows.map(
      ([id, open, close, ...values]) =>
        [join(id), join(iso(Number(open) / 1000), iso(Number(close) / 1000), ...values)] as const,
    ),
  );
}

/** `[fromMs, toMs)` of one symbol. */
interface TickRange {
  readonly symbol: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Every tick that the market made in [fromMs, toMs), sent or not, as a multiset of time and prices. Snapshot rows count as ticks. Ticks inside
 * `outside` are not compared.
 */
export async function judgeTicks(
  recording: Recorded,
  of: { fromMs: number; toMs: number; feed?: string; outside?: readonly TickRange[] },
): Promise<HistoryVerdict> {
  const outside = Map.groupBy(of.outside ?? [], (range) => range.symbol);
  const isOutside = (symbol: string, ms: number): boolean =>
    !outside.get(symbol)?.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);
  const nth = new Map<string, number>();
  const numbered = (key: string): string => {
    const n = (nth.get(key) ?? 0) + 1;
    nth.set(key, n);
    return `${key} #${n}`;
  };
  const truth = new Map<string, string>();
  for (const { ask, bid, symbol, utcMs } of await recording.gateway.ledger()) {
    if (utcMs < of.fromMs || utcMs >= of.toMs || !isOutside(symbol, utcMs)) continue;
    truth.set(numbered(join(symbol, iso(utcMs), bid, ask)), '');
  }
  nth.clear();
  const rows = await recording.sql(
    `SELECT symbol, cast(ts as long), bid, ask FROM ticks
     WHERE feed = '${of.feed ?? 'demo'}' AND ts >= '${iso(of.fromMs)}' AND ts < '${iso(of.toMs)}'`,
  );
  return compare(
    truth,
    rows
      .filter(([symbol, us]) => isOutside(String(symbol), Number(us) / 1000))
      .map(
        ([symbol, us, bid, ask]) => [numbered(join(symbol, iso(Number(us) / 1000), bid, ask)), ''] as const,
      ),
  );
}
