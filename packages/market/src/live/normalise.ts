// Turns one decoded frame of the tape into rows. It has no state and no clock, so the same line and rule always give the same rows. In: a
// frame with its receive time and mark, and the clock rule. Out: rows appended to the tables of `rows`, or `odd` where the guard has to judge
// first. A field that cannot be read or stored is null in its row, and the frame stands in `rejected` with kind `field`.

import type { ClockRule, UtcReading } from '../time/clock-rule.ts';
import { isNear } from './line-sight.ts';
import { foldOfMark, isMistimed, kindOfMark, unsteadyOfMark } from './mark.ts';
import { FieldReader, textOrNull, unstorable } from '../tables/read-fields.ts';
import { STREAM_OF_FRAME, type StreamFrame } from '../tables/kinds.ts';
import type { Rows, TickRow } from '../tables/tables.ts';
import { rejectedRow } from '../tables/rejected-row.ts';
import { knownOrNull } from './tick-marker.ts';
import { statedTime, streamedTime } from './stated-time.ts';
import { type BrokerMs, parseBrokerTime } from '../time/time.ts';
import type { WireMessage, WireTick } from '../tables/wire.ts';

/** Whose the line is, and the clock rule of its stretch of tape. */
export interface NormaliseContext {
  readonly account: string;
  readonly feed: string | null;
  readonly rule: ClockRule;
  /** A gateway that plays an old day: receive times say nothing about the ticks' day. */
  readonly replayed: boolean;
}

/** A received frame as the tape gives it back. */
export interface FrameLine {
  readonly tsRecv: number;
  readonly mark: string | null;
  readonly raw: string;
  readonly message: WireMessage;
  /** When it was received, where our own clock was wrong and has been set since; default `tsRecv`. */
  readonly receivedUs?: number;
  /** The guard found that the tick is old and the clock right. */
  readonly isLate?: boolean;
}

/** `written`: rows were added, or none were due. `odd`: a live tick far from its receive time, which the guard has to judge. */
export type NormaliseResult = 'written' | 'odd';

type StreamMessage<F extends StreamFrame = StreamFrame> = Extract<WireMessage, { type: F }>;
/** Appends the rows of one frame. No result means `written`. */
type RowMaker<F extends StreamFrame> = (
  message: StreamMessage<F>,
  line: FrameLine,
  context: NormaliseContext,
  rows: Rows,
) => NormaliseResult | void;

/** The ledger opens a gap around the receipt of such a frame. */
const NO_TIME = 'the time is missing, not a broker time, or none that anything is streamed at';

const NO_FEED = 'its feed is not known: the line of the tape that names it could not be read';

const receivedUs = (line: FrameLine): number => line.receivedUs ?? line.tsRecv;

const readTime = (broker: BrokerMs, line: FrameLine, context: NormaliseContext): UtcReading => {
  const fold = foldOfMark(line.mark);
  return context.rule.read(broker, fold === null ? { recvMs: receivedUs(line) / 1000 } : { fold });
};

const reject = (
  rows: Rows,
  line: FrameLine,
  context: NormaliseContext,
  kind: string,
  reason: string,
): void => {
  const { raw, tsRecv } = line;
  rows.rejected.push(rejectedRow({ account: context.account, tsRecv, kind, reason, raw }));
};

/** Never a gap: the record itself is stored. */
const setAside = (rows: Rows, line: FrameLine, context: NormaliseContext, faults: string | null): void => {
  if (faults !== null) reject(rows, line, context, 'field', faults);
};

/** Remarks about a tick's prices; null when there are none. */
export const tickQuality = (tick: { readonly bid: number; readonly ask: number }): string | null => {
  if (tick.bid > tick.ask) return 'crossed';
  return tick.bid === 0 || tick.ask === 0 ? 'one_sided' : null;
};

/** With remarks about the clocks of its line. Several remarks are joined by a plus. */
const lineQuality = (tick: WireTick, line: FrameLine): string | null => {
  const prices = tickQuality(tick);
  const unsteady = unsteadyOfMark(line.mark);
  const isCorrected = line.receivedUs !== undefined && line.receivedUs !== line.tsRecv;
  if (unsteady === null && line.isLate !== true && !isCorrected) return prices;
  const remarks = [
    prices,
    line.isLate === true ? 'late' : null,
    isCorrected || unsteady?.machine || unsteady?.held ? 'machine_clock' : null,
    unsteady?.server ? 'server_clock' : null,
  ];
  return remarks.filter((remark) => remark !== null).join('+') || null;
};

const tickRow = (
  message: StreamMessage<'tick'>,
  line: FrameLine,
  feed: string,
  context: NormaliseContext,
): TickRow | null => {
  const { data: tick, symbol } = message;
  const time = streamedTime(message);
  if (time === null) return null;
  const plain = context.rule.offsetIfPlain(time.ms);
  const offsetS = plain ?? readTime(time.ms, line, context).offsetS;
  return {
    ts: (time.ms - offsetS * 1000) * 1000,
    feed,
    symbol,
    ts_recv: line.tsRecv,
    bid: tick.bid,
    ask: tick.ask,
    last: knownOrNull(tick.last),
    volume: knownOrNull(tick.volume),
    utc_offset_s: offsetS,
    source: kindOfMark(line.mark) === 'snapshot' ? 'snapshot' : 'live',
    quality: lineQuality(tick, line),
  };
};

const normaliseTick = (
  message: StreamMessage<'tick'>,
  line: FrameLine,
  context: NormaliseContext,
  rows: Rows,
): NormaliseResult => {
  if (kindOfMark(line.mark) === 'repeat') return 'written';
  if (context.feed === null) {
    reject(rows, line, context, 'tick', NO_FEED);
    return 'written';
  }
  const row = tickRow(message, line, context.feed, context);
  // Where the machine's clock is known to be wrong, a receive time says nothing about the rule.
  const isLive = kindOfMark(line.mark) === 'live' && line.isLate !== true;
  const isGuarded = isLive && !context.replayed && !isMistimed(line.mark);
  if (row === null) {
    if (isGuarded && statedTime(message) !== null) return 'odd';
    reject(rows, line, context, 'tick', NO_TIME);
    return 'written';
  }
  if (isGuarded && !isNear(row.ts / 1000, receivedUs(line))) return 'odd';
  rows.ticks.push(row);
  if (message.data.unreadable !== undefined)
    setAside(rows, line, context, new FieldReader().take(message.data.unreadable));
  return 'written';
};

const normaliseBar: RowMaker<'bar'> = (message, line, context, rows) => {
  const { data: bar, symbol, timeframe } = message;
  const time = streamedTime(message);
  if (time === null || context.feed === null) {
    reject(rows, line, context, 'bar', time === null ? NO_TIME : NO_FEED);
    return;
  }
  const at = readTime(time.ms, line, context);
  const fields = new FieldReader();
  rows.bar_events.push({
    ts: at.ms * 1000,
    feed: context.feed,
    symbol,
    timeframe,
    ts_recv: line.tsRecv,
    open: bar.open,
    high: bar.high,
    low: bar.low,
    close: bar.close,
    tick_volume: fields.count('tickVolume', bar.tickVolume),
    real_volume: fields.count('realVolume', bar.realVolume),
    spread_points: fields.points('spread', bar.spread),
    utc_offset_s: at.offsetS,
  });
  setAside(rows, line, context, fields.take(bar.unreadable));
};

const normaliseTrade: RowMaker<'trade'> = (message, line, context, rows) => {
  const { data: trade } = message;
  const time = streamedTime(message);
  if (time === null) {
    reject(rows, line, context, 'trade', NO_TIME);
    return;
  }
  const at = readTime(time.ms, line, context);
  const fields = new FieldReader();
  rows.trade_events.push({
    ts: at.ms * 1000,
    account: context.account,
    ts_recv: line.tsRecv,
    deal_id: trade.deal,
    order_id: fields.id('order', trade.order),
    position_id: fields.id('position', trade.position),
    symbol: textOrNull(trade.symbol),
    type: textOrNull(trade.type),
    entry: textOrNull(trade.entry),
    volume: trade.volume ?? null,
    price: trade.price ?? null,
    profit: trade.profit ?? null,
    commission: trade.commission ?? null,
    swap: trade.swap ?? null,
    magic: fields.magic('magic', trade.magic),
    comment: textOrNull(trade.comment),
    degraded: trade.degraded ?? null,
    utc_offset_s: at.offsetS,
  });
  setAside(rows, line, context, fields.take(trade.unreadable));
};

const noPosition = {
  symbol: null,
  type: null,
  volume: null,
  price_open: null,
  price_current: null,
  stop_loss: null,
  take_profit: null,
  swap: null,
  profit: null,
  magic: null,
  comment: null,
  ts_open: null,
  utc_offset_s: null,
};

const openedAt = (
  text: string | null | undefined,
  line: FrameLine,
  context: NormaliseContext,
  fields: FieldReader,
): UtcReading | null => {
  if (text === null || text === undefined) return null;
  const time = parseBrokerTime(text);
  const at = time === null ? null : readTime(time.ms, line, context);
  return at !== null && unstorable(at) === null
    ? at
    : fields.fault('openTime', 'not a time that a table can hold');
};

const normalisePositions: RowMaker<'positions'> = ({ data: orders, rejected = [] }, line, context, rows) => {
  const base = { ts: receivedUs(line), account: context.account };
  if (orders.length === 0 && rejected.length === 0)
    rows.position_events.push({ ...base, ...noPosition, ticket: 0, kind: 'none' });
  const fields = new FieldReader();
  const faults = rejected.map(({ index, reason }) => `element ${index}: ${reason}`);
  for (const order of orders) {
    const at = openedAt(order.openTime, line, context, fields);
    rows.position_events.push({
      ...base,
      ticket: order.ticket,
      symbol: textOrNull(order.symbol),
      type: textOrNull(order.type),
      kind: textOrNull(order.kind) ?? 'unknown',
      volume: order.lots ?? null,
      price_open: order.openPrice ?? null,
      price_current: order.currentPrice ?? null,
      stop_loss: order.stopLoss ?? null,
      take_profit: order.takeProfit ?? null,
      swap: order.swap ?? null,
      profit: order.profit ?? null,
      magic: fields.magic('magic', order.magic),
      comment: textOrNull(order.comment),
      ts_open: at === null ? null : at.ms * 1000,
      utc_offset_s: at === null ? null : at.offsetS,
    });
    const fault = fields.take(order.unreadable);
    if (fault !== null) faults.push(`${order.ticket}: ${fault}`);
  }
  if (faults.length > 0)
    reject(rows, line, context, rejected.length > 0 ? 'positions' : 'field', faults.join('; '));
};

const normaliseAccount: RowMaker<'account'> = ({ data }, line, context, rows) => {
  rows.account_events.push({
    ts: receivedUs(line),
    account: context.account,
    balance: data.balance,
    credit: data.credit ?? null,
    profit: data.profit ?? null,
    equity: data.equity,
    margin: data.margin ?? null,
    free_margin: data.freeMargin ?? null,
    margin_level: data.marginLevel ?? null,
  });
  setAside(rows, line, context, new FieldReader().take(data.unreadable));
};

/** Who makes the rows of each type of frame. */
const ROW_MAKERS: { readonly [F in StreamFrame]: RowMaker<F> } = {
  tick: normaliseTick,
  bar: normaliseBar,
  trade: normaliseTrade,
  positions: normalisePositions,
  account: normaliseAccount,
};

const isStreamFrame = (message: WireMessage): message is StreamMessage => STREAM_OF_FRAME.has(message.type);

/** Normalises one frame. Control frames give no rows; what cannot be read is a row of `rejected`. */
export const normalise = (line: FrameLine, context: NormaliseContext, rows: Rows): NormaliseResult => {
  const { message } = line;
  if (message.type === 'tick') return normaliseTick(message, line, context, rows);
  if (isStreamFrame(message)) {
    const maker = ROW_MAKERS[message.type] as RowMaker<StreamFrame>;
    return maker(message, line, context, rows) ?? 'written';
  }
  if (message.type === 'unknown')
    reject(rows, line, context, 'unknown', `frames of type ${message.wireType ?? '(none)'} are not known`);
  else if (message.type === 'undecodable')
    reject(rows, line, context, message.wireType ?? 'frame', `${message.reason}: ${message.detail}`);
  return 'written';
};
