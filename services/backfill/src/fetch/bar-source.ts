// `/PriceHistory` as a source of pages: one timeframe of one symbol.
import type { WireTimeframe } from '@fxtape/fxsocket';
import {
  type BarRow,
  barWidthUs,
  brokerRange,
  historyBars,
  leastBarApartUs,
  type Range,
} from '@fxtape/market';
import { type HistoryAnswer, type HistorySource, readHistory } from './history-source.ts';
import type { Purpose } from '../context/numbers.ts';
import type { SyncContext } from '../context/sync-context.ts';

const START_BARS = 20_000;
const LEAST_BARS = 60;
const MOST_BARS = 50_000;

export function barSource(
  c: SyncContext,
  of: { feed: string; symbol: string; timeframe: WireTimeframe },
): HistorySource<BarRow> {
  const { feed, symbol, timeframe } = of;
  const { account, parts } = c;
  const widthUs = barWidthUs(timeframe);
  const apartUs = leastBarApartUs(timeframe);
  const what = `${timeframe} bars of ${symbol}`;
  const read = async (range: Range, purpose: Purpose): Promise<HistoryAnswer<BarRow>> => {
    const brokerNow = await account.brokerNowMs(c.signal);
    const bounds = brokerRange(range, account.rule);
    const question = { route: '/PriceHistory', of: timeframe, what, symbol, range, purpose };
    const answer = await readHistory(c, question, (options) =>
      account.rest.priceHistory({ symbol, timeframe, ...bounds }, options),
    );
    const seenUs = parts.clock.nowUs();
    const bars = historyBars(answer.rows, { feed, symbol, timeframe, rule: account.rule, seenUs, brokerNow });
    const openFromUs = bars.openFromUs !== null && bars.openFromUs <= range.toUs ? bars.openFromUs : null;
    return {
      range,
      rows: bars.rows.filter((row) => row.ts >= range.fromUs && row.ts < range.toUs),
      // A bar's place is fixed, so its neighbours are asked for there.
      beside: [],
      size: answer.rows.length + answer.rejected.length,
      rejected: [...answer.rejected, ...bars.rejected],
      incomplete: bars.incomplete,
      ambiguous: bars.ambiguous,
      openFromUs,
      anchored: null,
    };
  };
  return {
    what,
    memoryKey: `${account.account}|bars|${timeframe}`,
    streamKey: `${account.account}|bars|${symbol}|${timeframe}`,
    route: '/PriceHistory',
    limits: {
      startUs: START_BARS * widthUs,
      minUs: LEAST_BARS * widthUs,
      maxUs: MOST_BARS * widthUs,
      rowUs: widthUs,
    },
    atUs: (row) => row.ts,
    idOf: (row) => row.ts,
    headIsTight: (fromUs, firstUs) => firstUs - fromUs < apartUs,
    tailIsTight: (lastUs, toUs) => toUs - lastUs <= apartUs,
    read,
  };
}
