// The tables of history: what the scheduler, the backfill workers and `clock apply` write. Those named `*_revisions` keep every version of
// the rows whose newest version is in the table of the same name.
import { always, defineTable, double, id, int, long, symbol, timestamp, varchar } from './column.ts';
import {
  account,
  brokerSymbol,
  feed,
  lots,
  magic,
  money,
  openHighLowClose,
  price,
  side,
  stated,
  statedText,
  streamColumns,
  timeframe,
  tsSeen,
  utcOffset,
} from './common.ts';

const barKeys = { ts: always(timestamp('opening time of the bar')), feed, symbol: brokerSymbol, timeframe };
const barFields = {
  ...openHighLowClose,
  tick_volume: long('ticks in the bar'),
  real_volume: id('traded volume, as the broker gives it'),
  spread_points: int('points'),
  utc_offset_s: always(utcOffset),
};

/** The broker's current answer for each closed bar. */
const bars = defineTable({
  name: 'bars',
  partition: 'MONTH',
  writer: 'backfill',
  columns: { ...barKeys, ...barFields, ts_seen: tsSeen },
  keys: ['ts', 'feed', 'symbol', 'timeframe'],
});

/** Every version of each bar, the first included; a version is valid from its `ts_seen` until that of the next. */
const barRevisions = defineTable({
  name: 'bar_revisions',
  partition: 'MONTH',
  writer: 'backfill',
  columns: { ...barKeys, ts_seen: tsSeen, ...barFields },
  keys: ['ts', 'feed', 'symbol', 'timeframe', 'ts_seen'],
});

const dealKeys = {
  ts: always(timestamp('time of the deal')),
  account,
  deal_id: always(id('ticket of the deal')),
};
const dealFields = {
  order_id: id('ticket of the order'),
  position_id: id('identifier of the position'),
  symbol: symbol('as the broker spells it; null where the deal has none (deposits)'),
  type: side,
  entry: symbol('`In`, `Out`, `InOut`, …, as the gateway reports it'),
  volume: lots,
  price,
  commission: money,
  swap: money,
  profit: money,
  magic,
  comment: statedText,
  utc_offset_s: always(utcOffset),
};

/** The broker's current answer for each deal. A deal keeps its first `ts`. */
const deals = defineTable({
  name: 'deals',
  partition: 'MONTH',
  writer: 'backfill',
  columns: { ...dealKeys, ...dealFields, ts_seen: tsSeen },
  keys: ['ts', 'account', 'deal_id'],
});

/** Every version of each deal, the first included. */
const dealRevisions = defineTable({
  name: 'deal_revisions',
  partition: 'MONTH',
  writer: 'backfill',
  columns: { ...dealKeys, ts_seen: tsSeen, ...dealFields },
  keys: ['ts', 'account', 'deal_id', 'ts_seen'],
});

const positionKeys = {
  ts: always(timestamp('opening of the position')),
  account,
  position_id: always(id('identifier of the position')),
};
const positionFields = {
  ts_close: always(timestamp('its close')),
  symbol: symbol('as the broker spells it'),
  type: side,
  volume: lots,
  price_open: price,
  price_close: price,
  profit: money,
  swap: money,
  commission: money,
  net_profit: double('account currency, after swap and commission'),
  magic,
  comment: statedText,
  utc_offset_s: always(utcOffset),
};

/** Closed round trips as the gateway reports them. */
const positions = defineTable({
  name: 'positions',
  partition: 'MONTH',
  writer: 'backfill',
  columns: {
    ...positionKeys,
    ...positionFields,
    ts_seen: always(timestamp('when this row was last seen to change')),
  },
  keys: ['ts', 'account', 'position_id'],
});

/** Every version of each closed round trip, the first included. */
const positionRevisions = defineTable({
  name: 'position_revisions',
  partition: 'MONTH',
  writer: 'backfill',
  columns: { ...positionKeys, ts_seen: tsSeen, ...positionFields },
  keys: ['ts', 'account', 'position_id', 'ts_seen'],
});

/** The identity of an account; a row per change, the newest is valid. */
const accounts = defineTable({
  name: 'accounts',
  partition: 'YEAR',
  writer: 'scheduler',
  columns: {
    ts: always(timestamp('when this was first seen')),
    account,
    account_id: varchar('UUID of the account on FxSocket'),
    login: id('login at the broker'),
    server: symbol("the broker's server"),
    company: statedText,
    currency: symbol('of balance and profit'),
    leverage: double('as 1:n; this is n'),
    margin_mode: stated,
    platform: stated,
    feed: symbol('the feed that it records; null: none'),
  },
  keys: ['ts', 'account'],
});

const currency = symbol('code');
const points = int('points');

/** What the broker states about a symbol; a row per change of a static field. */
const symbolSpecs = defineTable({
  name: 'symbol_specs',
  partition: 'YEAR',
  writer: 'backfill',
  columns: {
    ts: always(timestamp('when this was first seen')),
    feed,
    symbol: brokerSymbol,
    digits: always(int('decimals of a price')),
    point: always(double('price of one point')),
    tick_size: double('smallest step of a price'),
    contract_size: double('units in a lot'),
    volume_min: lots,
    volume_max: lots,
    volume_step: lots,
    stops_level: points,
    freeze_level: points,
    trade_mode: stated,
    swap_long: double('as the gateway reports it'),
    swap_short: double('as the gateway reports it'),
    currency_base: currency,
    currency_profit: currency,
    currency_margin: currency,
    description: statedText,
    sessions: varchar('quoting and trading sessions, JSON; null when the gateway has none'),
  },
  keys: ['ts', 'feed', 'symbol'],
});

/** Which streams were configured from `ts` to `ts_to`, and why that changed. */
const streams = defineTable({
  name: 'streams',
  partition: 'YEAR',
  writer: 'scheduler',
  columns: {
    ts: always(timestamp('configured since')),
    account,
    ...streamColumns,
    ts_to: timestamp('until then, not included; null: still configured'),
    reason: varchar('why it began or ended'),
  },
  keys: ['ts', 'account', 'feed', 'symbol', 'stream', 'timeframe'],
});

/** Before `ts_earliest` the broker has nothing of a stream, as learned at `ts`. */
const historyLimits = defineTable({
  name: 'history_limits',
  partition: 'YEAR',
  writer: 'backfill',
  columns: {
    ts: always(timestamp('when it was learned')),
    account,
    ...streamColumns,
    ts_earliest: timestamp(
      'the broker has nothing before this time; null: unknown again, or `evidence` says that the broker offers nothing',
    ),
    evidence: varchar(
      'JSON: the empty range that was asked for, `rows` (`none`: the broker has no row of this stream), `looks` (how many checks agreed; 0: a check contradicted the limit, and covered ranges are read again), and the clock rule (`rule`) by which `ts_earliest` was computed; for `ticks` of all symbols, whether the bridge offers past ticks (`offered`, `reason`)',
    ),
  },
  keys: ['ts', 'account', 'feed', 'symbol', 'stream', 'timeframe'],
});

const server = always(symbol("the broker's server"));
const tsDecided = always(timestamp('when it was decided'));

/** The clock rule of a broker's server from `ts` on; of several decisions for one `ts`, the one with the newest `ts_decided` is valid. */
const clockRules = defineTable({
  name: 'clock_rules',
  partition: 'YEAR',
  writer: 'scheduler',
  columns: {
    ts: always(timestamp('valid from')),
    server,
    ts_decided: tsDecided,
    rule: varchar('the rule that holds from `ts` on (`America/New_York+7h`, `UTC+3h`)'),
    rule_id: varchar('the whole decision with all its changes, as in `coverage` and in the configuration'),
    confidence: symbol(
      'from most to least certain: `configured`, `inferred`, `recorded` (live ticks agree, but other rules also fit the evidence), `provisional` (the likeliest). For the last two, `evidence` says what would settle the rule',
    ),
    evidence: varchar('the evidence for the decision, JSON or a sentence'),
  },
  keys: ['ts', 'server', 'ts_decided'],
});

/** What a broker's clock was seen to show. The rules in `clock_rules` are inferred from this. */
const clockEvidence = defineTable({
  name: 'clock_evidence',
  partition: 'YEAR',
  writer: 'backfill',
  columns: {
    ts: always(timestamp('when the offset was seen, or the bars were read')),
    server,
    account: always(symbol('the account that asked')),
    kind: always(
      symbol(
        '`ticks`, `server_time` (a running clock, compared with ours), `stated` (by `/ServerTimezone`), `edges`',
      ),
    ),
    symbol: symbol('the symbol of an `edges` row'),
    utc_offset_s: int(
      "broker's wall clock minus UTC; null when the stated value is an offset that no clock has (`reason` has it)",
    ),
    bars: int('hourly bars that were read'),
    edges: varchar("JSON: when trading weeks opened and closed, on the broker's wall clock"),
    reason: varchar('why the row has no value'),
  },
  keys: ['ts', 'server', 'account', 'kind', 'symbol'],
});

/**
 * When a symbol trades, on the broker's wall clock: a row for its week, valid from `ts` on, and one for each date that differs from its
 * weekday. Of several decisions for one date, or for the week, the one with the newest `ts_decided` is valid.
 */
const tradingSessions = defineTable({
  name: 'trading_sessions',
  partition: 'YEAR',
  writer: 'backfill',
  columns: {
    ts: always(timestamp("valid from: the start of a broker's day, as `rule_id` reads it")),
    feed,
    symbol: brokerSymbol,
    kind: always(symbol('`week`, `day`')),
    ts_decided: tsDecided,
    broker_date: varchar("the date on the broker's wall clock (`2025-12-25`); null for `week`"),
    windows: varchar(
      'JSON: for `week`, a list per day (`{"MONDAY":[["00:05","24:00"]]}`; a missing day is unknown, an empty list means shut); for `day`, one list',
    ),
    condition: symbol(
      'of `week`: `stated` (by the broker, not observed yet), `observed` (in bars, not stated), `confirmed`, `corrected` (bars contradict what is stated); of `day`: `shut`, `early_close`, `late_open`, `partial` (both), `extra` (traded on a day that is shut), `ordinary` (an earlier decision was wrong)',
    ),
    rule_id: varchar(
      "the clock rule by which `ts` was computed and bars were put on the broker's clock; `fxtape clock apply` moves `ts` and sets the new rule",
    ),
    evidence: varchar('JSON: the bars and days that were observed, and what they correct'),
  },
  keys: ['ts', 'feed', 'symbol', 'kind', 'ts_decided'],
});

/**
 * The corrections of rows written with another clock rule. While the newest row is `paused`, no row made from broker time is written: what
 * a process had in memory then was made with the old rule.
 */
const clockApplies = defineTable({
  name: 'clock_applies',
  partition: 'YEAR',
  writer: '`fxtape clock apply`',
  columns: {
    ts: always(timestamp('when the step was taken')),
    apply_id: always(varchar('identity of the correction')),
    server: always(symbol("the broker's server whose rows are corrected")),
    step: symbol(
      '`begun` (copies are filled), `paused`, then `applied` (the tables were replaced) or `abandoned` (they were not)',
    ),
    rule_id: varchar('the rule to which the rows are corrected, with all its changes'),
    evidence: varchar('JSON: whose rows are corrected by which clock, the tables, and the progress'),
  },
  keys: ['ts', 'apply_id', 'server'],
});

/** Which data folder records each account, and from when. */
const accountEpochs = defineTable({
  name: 'account_epochs',
  partition: 'YEAR',
  writer: 'collector',
  columns: {
    ts: always(timestamp("when the recorder took the account, by the database's clock")),
    account,
    epoch: always(long('goes up each time a recorder takes the account; never reused')),
    feed: symbol('feed of the account; null when it records no market data'),
    recorder: symbol(
      'identity of the data folder, from its file `recorder-id`; stays the same when the folder is moved',
    ),
    place: varchar('where that folder is: `host:folder`'),
    state: symbol('`recording`, then `ended`'),
    ts_seen: timestamp('renewed every five seconds while the recorder runs'),
  },
  keys: ['ts', 'account', 'epoch'],
});

/** One broker day of a symbol, with a verdict. */
const dailyQuality = defineTable({
  name: 'daily_quality',
  partition: 'YEAR',
  writer: 'backfill',
  columns: {
    ts: always(timestamp("start of the broker's day")),
    feed,
    symbol: brokerSymbol,
    ticks: long('rows in `ticks`'),
    broker_tick_volume: long("ticks in the broker's M1 bars"),
    m1_expected: int("the broker's M1 bars"),
    m1_matched: int('how many of these the recorded ticks match'),
    longest_silence_s: int('longest time in seconds without a recorded tick while the broker had ticks'),
    condition: symbol('`available`, `degraded`, `pending`, `missing`'),
    reason: varchar(
      'why it is not `available`; on an `available` day, when the market was shut: a holiday, an early close, a late open',
    ),
  },
  keys: ['ts', 'feed', 'symbol'],
});

/** The tables written beside the live path: by the scheduler, the backfill workers and `clock apply`, and by recorders about themselves. */
export const historyTables = {
  bars,
  bar_revisions: barRevisions,
  deals,
  deal_revisions: dealRevisions,
  positions,
  position_revisions: positionRevisions,
  accounts,
  symbol_specs: symbolSpecs,
  streams,
  history_limits: historyLimits,
  clock_rules: clockRules,
  clock_evidence: clockEvidence,
  trading_sessions: tradingSessions,
  clock_applies: clockApplies,
  daily_quality: dailyQuality,
  account_epochs: accountEpochs,
} as const;
