// Puts a recording together for a replay: whose it is, what was recorded, and its frames. In: the data folder, the database if it can be
// reached, an account and a period. Out: the facts, and the items: from the tables up to where the tape begins, then from the tape.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { tapeOwner } from '@fxtape/collector';
import { requireName } from '@fxtape/config';
import { KINDS, parseClockRule, ruleAt, utcMs } from '@fxtape/market';
import { FxtapeError } from '@fxtape/ops';
import { asObjects, type Cell, readRows, selectList, sqlText } from '@fxtape/questdb';
import type { RecordedFacts, RecordedItem, RecordedStreams } from '@fxtape/simulator/replay';
import { listTapes } from '@fxtape/tape';
import { configuredNames } from '../known-names.ts';
import type { CliEnv } from '../env.ts';
import { isoMs } from '../print/instant.ts';
import type { QuestDbView } from '../questdb.ts';
import { RecordedHistory } from './history.ts';
import { tableItems, tableStreams } from './table-items.ts';
import { type Period, tapeBeginsUs, tapeItems, tapeStreams } from './tape-items.ts';

export interface Recording {
  readonly facts: RecordedFacts;
  /** The part of the period that comes from the tables, because the tape begins later; null: none. */
  readonly fromTables: Period | null;
  /** Why the database cannot be asked; null: it can. */
  readonly withoutDatabase: string | null;
  items(): AsyncGenerator<readonly RecordedItem[]>;
}

type Row = Record<string, Cell>;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** Throws ACCOUNT_UNKNOWN, REPLAY_EMPTY, QDB_* where the tables are needed, TAPE_IO, TAPE_FORMAT. */
export async function openRecording(
  env: CliEnv,
  { http, reader }: QuestDbView,
  account: string,
  period: Period,
): Promise<Recording> {
  const tapes = join(env.FXTAPE_DATA_DIR, 'tape');
  const dir = join(tapes, account);
  const beginsUs = existsSync(dir) ? await tapeBeginsUs(dir) : null;
  const fromTables =
    beginsUs !== null && beginsUs <= period.fromUs
      ? null
      : { fromUs: period.fromUs, toUs: Math.min(period.toUs, beginsUs ?? period.toUs) };
  let withoutDatabase: string | null = null;
  let row: Row | undefined;
  try {
    const sql = `SELECT * FROM accounts WHERE account = ${sqlText(account)} ORDER BY ts DESC LIMIT 1`;
    [row] = asObjects(await http.exec(sql));
    if (beginsUs === null && row === undefined) {
      const { accounts } = await reader.knownNames();
      requireName('account', account, [
        ...(await configuredNames(env)),
        ...(await listTapes(tapes)),
        ...accounts,
      ]);
    }
  } catch (error) {
    if (!(error instanceof FxtapeError)) throw error;
    if (fromTables !== null) throw beginsUs === null ? error : beforeTheTape(error, beginsUs);
    withoutDatabase = error.message;
  }
  const owner = beginsUs === null ? null : await tapeOwner(dir);
  const onTape = await tapeStreams(dir, period);
  const feed = onTape.feed ?? textOf(row?.['feed']);
  const inTables =
    fromTables === null || feed === null
      ? { symbols: [], bars: [] }
      : await tableStreams(http, feed, fromTables);
  const platform = textOf(row?.['platform']) ?? owner?.binding?.restUrl.match(/\/(mt[45])\//)?.[1];
  const served: RecordedFacts['account'] = {
    id: UUID.exec(textOf(row?.['account_id']) ?? owner?.binding?.restUrl ?? '')?.[0] ?? idOf(account),
    nickname: account,
    platform: platform === 'mt4' ? 'mt4' : 'mt5',
    server: owner?.binding?.server ?? textOf(row?.['server']) ?? '',
    login: owner?.binding?.login ?? Number(row?.['login'] ?? 0),
    emptyUrls: false,
  };
  const decided =
    owner === null && withoutDatabase === null ? await reader.newestClockRule(served.server) : null;
  const decidedRule = decided === null ? null : parseClockRule(decided.rule_id);
  const history = withoutDatabase === null ? new RecordedHistory(http, { account, feed }) : null;
  const nothing = Promise.resolve(null);
  const facts: RecordedFacts = {
    account: served,
    identity:
      row === undefined
        ? null
        : {
            company: textOf(row['company']),
            currency: textOf(row['currency']),
            leverage: row['leverage'] === null ? null : Number(row['leverage']),
            marginMode: textOf(row['margin_mode']),
          },
    streams: streamsOf(onTape.streams, inTables, beginsUs !== null && beginsUs < period.toUs),
    offsetS: (atMs) =>
      ((owner === null ? null : ruleAt(owner.spans, atMs * 1000)) ?? decidedRule)?.offsetAt(utcMs(atMs)) ??
      null,
    symbolInfo: (symbol, nowUs) =>
      history === null || feed === null ? nothing : symbolInfo(http, feed, symbol, nowUs),
    bars: (...of) => history?.bars(...of) ?? nothing,
    ticks: (...of) => history?.ticks(...of) ?? nothing,
    deals: (...of) => history?.deals(...of) ?? nothing,
    positions: (...of) => history?.positions(...of) ?? nothing,
  };
  return {
    facts,
    fromTables,
    withoutDatabase,
    items: () => itemsOf(dir, period, (part) => (feed === null ? none() : tableItems(http, feed, part))),
  };
}

/** The database cannot be reached, and the tables are needed because the tape begins later than the period. */
const beforeTheTape = (cause: FxtapeError, beginsUs: number): FxtapeError =>
  new FxtapeError({
    code: cause.code,
    message: `${cause.message}; the tape no longer has what was received before ${isoMs(beginsUs)}`,
    hint: 'Start QuestDB, or begin with a later --from: the tape alone needs no database',
    cause,
  });

/**
 * First the tables, then the tape. They meet at a receive time; no two rows or lines have the same one, so nothing comes twice. Retention
 * may remove the oldest segment of the tape while the tables are played: then more is read from the tables.
 */
export async function* itemsOf(
  dir: string,
  { fromUs, toUs }: Period,
  tables: (part: Period) => AsyncGenerator<readonly RecordedItem[]>,
): AsyncGenerator<readonly RecordedItem[]> {
  let atUs = fromUs;
  while (atUs < toUs) {
    const cutUs = Math.min(toUs, (await tapeBeginsUs(dir)) ?? toUs);
    if (cutUs <= atUs) break;
    yield* tables({ fromUs: atUs, toUs: cutUs });
    atUs = cutUs;
  }
  if (atUs < toUs) yield* tapeItems(dir, { fromUs: atUs, toUs });
}

async function* none(): AsyncGenerator<never> {}

const textOf = (cell: Cell | undefined): string | null =>
  cell === undefined || cell === null ? null : String(cell);

/** A stable id for an account whose real one is not known. */
const idOf = (account: string): string => {
  const hex = createHash('sha256').update(account).digest('hex');
  return [0, 8, 12, 16, 20].map((at, i) => hex.slice(at, at + (i === 0 ? 8 : i === 4 ? 12 : 4))).join('-');
};

function streamsOf(
  onTape: Awaited<ReturnType<typeof tapeStreams>>['streams'],
  inTables: Awaited<ReturnType<typeof tableStreams>>,
  hasTape: boolean,
): RecordedStreams {
  const bars = [
    ...inTables.bars,
    ...onTape.flatMap(({ stream, symbol, timeframe }) =>
      stream === 'bars' && symbol !== null && timeframe !== null ? [{ symbol, timeframe }] : [],
    ),
  ] as RecordedStreams['bars'];
  const quoted = new Set([
    ...inTables.symbols,
    ...onTape.flatMap(({ stream, symbol }) => (stream === 'ticks' && symbol !== null ? [symbol] : [])),
  ]);
  const topics = onTape.flatMap(({ stream, symbol }) => (symbol === null ? [KINDS[stream].topic] : []));
  return {
    symbols: [...new Set([...quoted, ...bars.map(({ symbol }) => symbol)])].sort(),
    quoted,
    bars,
    // Every tape has heartbeats; no table does.
    topics: new Set([...topics, ...(hasTape ? (['terminal'] as const) : [])]),
  };
}

/** The specification that was in force at `nowUs`; if none was seen by then, the first one. */
async function symbolInfo(
  http: QuestDbView['http'],
  feed: string,
  symbol: string,
  nowUs: number,
): Promise<Record<string, unknown> | null> {
  const sql = `SELECT ${selectList('symbol_specs')} FROM symbol_specs WHERE feed = ${sqlText(feed)} AND symbol = ${sqlText(symbol)} ORDER BY ts`;
  const rows = readRows('symbol_specs', await http.exec(sql));
  const row = rows.findLast(({ ts }) => ts <= nowUs) ?? rows[0];
  if (row === undefined) return null;
  const fields = {
    symbol,
    description: row.description,
    digits: row.digits,
    point: row.point,
    tickSize: row.tick_size,
    contractSize: row.contract_size,
    volumeMin: row.volume_min,
    volumeMax: row.volume_max,
    volumeStep: row.volume_step,
    stopsLevel: row.stops_level,
    freezeLevel: row.freeze_level,
    tradeMode: row.trade_mode,
    swapLong: row.swap_long,
    swapShort: row.swap_short,
    currencyBase: row.currency_base,
    currencyProfit: row.currency_profit,
    currencyMargin: row.currency_margin,
    sessions: row.sessions === null ? null : (JSON.parse(row.sessions) as unknown),
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
