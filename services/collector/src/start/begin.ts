// Starts an account's recording; every start is also the recovery. In: configuration, key, and `until`, which retries what fails for a
// while. Out: the parts, not yet running. A kill at any point leaves a tape from which the next start continues.
//
//   open the tape → read its end, or what the database remembers → find the account → settle the clock → say what is wanted
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { AccountConfig } from '@fxtape/config';
import { FxSocketManagement, FxSocketRest, FxStream } from '@fxtape/fxsocket';
import { ClockRuleError, LastTicks, parseClockRule } from '@fxtape/market';
import { type Clock, FxtapeError, type Log, passing } from '@fxtape/ops';
import type {
  AppliedWatch,
  Database,
  Reader,
  RecorderLease,
  SentRow,
  TableWriter,
  WriteGate,
} from '@fxtape/questdb';
import { listSegments, listTapes, readCursor, TapeWriter } from '@fxtape/tape';
import { Checkpoints } from '../send/checkpoints.ts';
import { claimNow, claimSoon, setAsideOf } from './claiming.ts';
import { ClockKeeper } from '../clock/clock-keeper.ts';
import { condemnedNote } from '../tape/condemned.ts';
import type { FeedOrder } from '../feed/feed-order.ts';
import { findAccount } from './find-account.ts';
import type { InHand } from '../send/in-hand.ts';
import { Intake } from '../intake/intake.ts';
import { lastOfFeed, nobody, withLastTicks } from '../feed/last-of-feed.ts';
import { recall } from './lost-tape.ts';
import { Outflow, type OutflowOptions } from '../send/outflow.ts';
import { SymbolWatch } from './symbol-watch.ts';
import { type Binding, type Configured, remembering, TapeMemory } from '../tape/tape-memory.ts';
import type { AgreedTime } from '../upkeep.ts';
import type { WantedStreams } from './wanted-streams.ts';

const STAGGER_MS = 400;
const RULE_MS = 2000;

/** What all accounts of a process share. */
export interface SharedParts {
  /** Management base, without `/v1`. */
  readonly baseUrl: string;
  readonly retentionMs: () => number;
  readonly writer: TableWriter;
  readonly applied: AppliedWatch;
  readonly reader: Reader;
  readonly gate: WriteGate;
  readonly database: Pick<Database, 'epoch' | 'ready' | 'restored' | 'trouble'>;
  readonly lease: Pick<RecorderLease, 'acquire' | 'isFree' | 'release'>;
  readonly troubles: () => number;
  /** How much of an account's tape may be in memory; for the newest lines, the limit is the one from when the tape was opened. */
  readonly inHand: () => InHand;
  readonly agreed: AgreedTime;
  readonly clock: Clock;
}

export type WaitingFor = 'waiting_for_tape' | 'waiting_for_questdb' | 'waiting_for_gateway';

export interface BeginOptions extends SharedParts {
  readonly config: AccountConfig;
  /** The newest configuration: rules of the clock are taken up while it records. */
  readonly newest: () => AccountConfig;
  readonly index: number;
  readonly apiKey: string;
  /** The tape's folder of this account. */
  readonly dir: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Repeats what fails for a while. @throws terminal errors, and the signal's reason. */
  readonly until: <T>(what: WaitingFor, work: () => Promise<T>) => Promise<T>;
  /** Where this account takes over a feed, waits for those that recorded it before. */
  readonly order: Pick<FeedOrder, 'untilFree' | 'untilSent'>;
  /** Registers what has to be closed at the end, whatever happens. */
  readonly hold: (close: () => Promise<unknown>) => void;
}

export interface Parts {
  readonly tape: TapeWriter;
  readonly memory: TapeMemory;
  readonly intake: Intake;
  readonly keeper: ClockKeeper;
  readonly outflow: Outflow;
  readonly checkpoints: Checkpoints;
  readonly stream: FxStream;
  readonly symbols: SymbolWatch;
  /** The configuration that the parts were made for. */
  readonly config: AccountConfig;
  readonly apiKey: string;
  readonly binding: Binding;
  /** What this start has put on the tape. */
  readonly wanted: WantedStreams;
}

export const begin = async (o: BeginOptions): Promise<Parts> => {
  const { apiKey, clock, config, dir, hold, log, signal, until } = o;
  const { allowHttp, marketData, name, tlsVerify } = config;
  const { replayed } = config.clock;
  const feed = marketData?.feed ?? null;
  let memory = new TapeMemory(name);
  const tape = await until('waiting_for_tape', () => openTape(o, name, () => memory.save()));
  hold(() => tape.close());
  passing('collector: tape open');
  memory = await until('waiting_for_tape', () => remembering(name, dir));
  passing('collector: tape read');
  const before = memory.ledger.state.feed;
  const knows = memory.begun && (feed === null || feed === before);
  const aside = setAsideOf(o, tape, memory);
  const claiming = knows ? claimSoon(o, aside.tape) : claimNow(o, aside.tape);
  // What other folders have recorded until now decides where a new tape, or a new feed, begins.
  if (!knows) throwIfAny(await claiming);
  if (aside.done) return begin(o);
  // After a change of the configuration another account may still record it.
  if (feed !== null) await o.order.untilFree(name, feed, signal);
  // Others may have recorded it as well while a tape that comes back to its feed was not configured.
  const isAlone = feed === null || (knows && memory.symbols.length > 0);
  const others = isAlone
    ? nobody()
    : await until('waiting_for_tape', () => lastOfFeed(dirname(dir), { feed, but: name, own: memory }, log));
  const remembered = knows
    ? null
    : await until('waiting_for_questdb', async () => {
        await o.database.ready(signal);
        const of = { account: name, feed, others: others.ticks, tapes: await tapesBeside(dir) };
        return recall(o.reader, of, signal);
      });
  // The takeover follows all rows of the feed, also while our clock stands before them.
  tape.raiseFloor(Math.max(remembered?.floorUs ?? 0, others.tickedUs));
  passing('collector: remembered');
  const binding = await until('waiting_for_gateway', () => bind(o, memory.binding));
  passing('collector: account found');
  throwIfAny(await claiming);
  passing('collector: claimed');
  if (aside.done) return begin(o);
  const rest = new FxSocketRest({ baseUrl: binding.restUrl, apiKey, tlsVerify, allowHttp });
  hold(() => rest.close());
  const intake = new Intake({ tape, memory, clock, log, replayed });
  const note = (event: string, data: unknown) =>
    until('waiting_for_tape', async () => intake.note(event, data));
  const configure = (data: Configured) => until('waiting_for_tape', async () => intake.configure(data));
  if (!isDeepStrictEqual(memory.binding, binding)) await note('bound', binding);
  passing('collector: bound');
  await note('start', { pid: process.pid });
  passing('collector: started');
  const timezone = () => rest.serverTimezone({ signal });
  const inferred = () => inferredRule(o, binding.server);
  const keeper = new ClockKeeper({ config: o.newest, timezone, inferred, intake, memory, tape, clock, log });
  await until('waiting_for_gateway', () => keeper.begin());
  passing('collector: clock chosen');
  const known = remembered?.symbols ?? memory.symbols;
  const symbols = new SymbolWatch({ rest, clock, log, known, config });
  await until('waiting_for_gateway', () => symbols.look(signal));
  passing('collector: symbols listed');
  // The streams of the former feed end under that feed's name.
  if (before !== null && before !== feed)
    await configure({ feed: before, replayed, streams: memory.accountStreams });
  const wanted = symbols.wanted(config, []);
  const { streams, subscriptions } = wanted;
  const own = { symbols: memory.symbols, last: new LastTicks(memory.lastOf(feed)) };
  const of = { ...o, account: name, feed, others: isAlone ? null : others.ticks };
  const configured = remembered?.configured(streams) ?? (await withLastTicks(of, own, streams));
  await configure({ feed, replayed, streams: configured });
  passing('collector: configured');
  const cursor = await until('waiting_for_tape', () => readCursor(dir));
  passing('collector: cursor read');
  const checkpoints = new Checkpoints(dir, cursor);
  const outflow = outflowOf(
    o,
    {
      account: name,
      replayed,
      untilFeedSent: (of, says, wait) => o.order.untilSent(name, of, says, wait),
    },
    { tape, memory, intake, keeper, checkpoints },
  );
  const stream = new FxStream({
    url: binding.wsUrl,
    apiKey,
    subscriptions: [...subscriptions],
    tlsVerify,
    allowHttp,
    startDelayMs: o.index * STAGGER_MS,
  });
  hold(() => stream.close());
  passing('collector: parts made');
  return {
    tape,
    memory,
    intake,
    keeper,
    outflow,
    checkpoints,
    stream,
    symbols,
    config,
    apiKey,
    binding,
    wanted,
  };
};

const throwIfAny = (error: unknown): void => {
  if (error !== null) throw error;
};

/** Accounts that have lines on a tape here. @throws TAPE_IO */
const tapesBeside = async (dir: string): Promise<Set<string>> => {
  const tapes = new Set<string>();
  for (const name of await listTapes(dirname(dir)))
    if ((await listSegments(join(dirname(dir), name))).length > 0) tapes.add(name);
  return tapes;
};

/** @throws as TapeWriter.open */
export const openTape = (
  { clock, dir, inHand, log }: Pick<BeginOptions, 'clock' | 'dir' | 'inHand' | 'log'>,
  account: string,
  head: () => unknown,
): Promise<TapeWriter> =>
  TapeWriter.open({ dir, account, head, clock, log, syncEveryMs: 50, ringBytes: inHand().maxBytes });

/** The account as the gateway lists it. @throws ACCOUNT_NOT_FOUND, ACCOUNT_MISMATCH, and the client's errors. */
export const look = async (
  o: Pick<BeginOptions, 'apiKey' | 'baseUrl' | 'config' | 'signal'>,
  bound: Binding | null,
  working: Binding | null = null,
): Promise<Binding> => {
  const { apiKey, baseUrl, config, signal } = o;
  const management = new FxSocketManagement({ baseUrl, apiKey, allowHttp: config.allowHttp });
  try {
    return await findAccount({ config, management, baseUrl, bound, working, signal });
  } finally {
    await management.close();
  }
};

const bind = async (o: BeginOptions, bound: Binding | null): Promise<Binding> => {
  try {
    return await look(o, bound);
  } catch (error) {
    const refused = error instanceof FxtapeError && error.kind === 'terminal';
    if (bound === null || refused) throw error;
    o.log.warn({ err: error }, 'the account list cannot be reached; using the addresses from the tape');
    return bound;
  }
};

/** Recording does not need the database: while it does not answer, the rule comes from the gateway's offset. */
const inferredRule = async (
  { log, reader, signal }: BeginOptions,
  server: string,
): Promise<string | null> => {
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(RULE_MS)]);
    const decided = await reader.newestClockRule(server, { signal: limit });
    const id = decided?.confidence === 'inferred' ? decided.rule_id : null;
    return id === null ? null : parseClockRule(id).id;
  } catch (error) {
    signal.throwIfAborted();
    const level = error instanceof ClockRuleError ? 'warn' : 'debug';
    log[level]({ err: error }, 'no clock rule can be read from QuestDB; continuing without it');
    return null;
  }
};

export const outflowOf = (
  o: SharedParts & Pick<BeginOptions, 'dir' | 'log'>,
  whose: Pick<OutflowOptions, 'account' | 'replayed' | 'isOver' | 'untilFeedSent'>,
  parts: Pick<Parts, 'tape' | 'memory' | 'intake' | 'keeper' | 'checkpoints'>,
): Outflow => {
  const { applied, clock, dir, gate, inHand, log, troubles, writer } = o;
  const { checkpoints, intake, keeper, memory } = parts;
  return new Outflow({
    ...parts,
    ...whose,
    dir,
    writer,
    applied,
    troubles,
    inHand,
    enter: async (until) => {
      await o.database.ready(until);
      const { epoch } = o.database;
      const lost = await o.lease.acquire({ account: whose.account, feed: memory.ledger.state.feed }, until);
      const permit = await gate.enter(AbortSignal.any([until, lost]));
      const corrected = memory.binding === null ? undefined : permit.applied.get(memory.binding.server);
      if (corrected !== undefined) keeper.corrected(corrected);
      return AbortSignal.any([permit.signal, epoch, lost]);
    },
    knowsDatabase: async (until) => {
      const identity = await o.database.ready(until);
      const confirmed = checkpoints.confirmed !== null;
      const wasOf = checkpoints.database;
      const same = await checkpoints.belongTo(identity, (row) => holds(o.reader, row, until));
      if (same) return true;
      // An older copy of the same database: what others know of it is as old.
      if (wasOf === identity) o.database.restored();
      if (!confirmed) return false;
      const [oldest] = await listSegments(dir);
      log.warn(
        { code: 'DATABASE_REPLACED', from: oldest && new Date(oldest.segment / 1000).toISOString() },
        'this database lacks rows that were confirmed; sending the whole tape again. Rows older than its first line exist only in the old database',
      );
      return false;
    },
    condemned: (table, row, reason) => {
      const note = condemnedNote(table, row, reason);
      if (memory.condemned.has(note)) return;
      log.error(
        { code: 'ROW_CONDEMNED', table, reason },
        'QuestDB will never accept this row; it goes to `rejected`, with a gap',
      );
      if (table === 'rejected' || table === 'gap_events') return;
      intake.note('condemned', note);
    },
    clock,
    log,
  });
};

/** Whether the database still has a row that it confirmed. While the table lags behind its log, the answer is taken to be yes. */
export const holds = async (reader: Reader, row: SentRow, signal: AbortSignal): Promise<boolean> => {
  try {
    return await reader.hasRow(row, { signal });
  } catch (error) {
    const behind = error instanceof FxtapeError && ['QDB_SUSPENDED', 'QDB_NOT_APPLIED'].includes(error.code);
    if (!behind) throw error;
    return true;
  }
};
