// Starts an account's recording; every start is also the recovery. In: configuration, key, and `until`, which retries what fails for a
// while. Out: the parts, not yet running. A kill at any point leaves a tape from which the next start continues.
//
//   open the tape → read its end, or what the database remembers → find the account → settle the clock → say what is wanted
import { dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { AccountConfig } from '@fxtape/config';
import { FxSocketRest, FxStream } from '@fxtape/fxsocket';
import { ClockRuleError, LastTicks, parseClockRule } from '@fxtape/market';
import { type Log, passing } from '@fxtape/ops';
import { listSegments, listTapes, readCursor, TapeWriter } from '@fxtape/tape';
import { Checkpoints } from '../send/checkpoints.ts';
import { leaseNow, leaseSoon, setAsideOf } from './lease-account.ts';
import { ClockKeeper } from '../clock/clock-keeper.ts';
import type { FeedOrder } from '../feed/feed-order.ts';
import { bind } from './find-account.ts';
import { Intake } from '../intake/intake.ts';
import { lastOfFeed, nobody, withLastTicks } from '../feed/last-of-feed.ts';
import { recall } from './lost-tape.ts';
import { connectOutflow, type DatabaseParts } from '../send/connect-outflow.ts';
import type { Outflow } from '../send/outflow.ts';
import { SymbolWatch } from './symbol-watch.ts';
import { type Binding, type Configured, remembering, TapeMemory } from '../tape/tape-memory.ts';
import type { AgreedTime } from '../upkeep.ts';
import type { WantedStreams } from './wanted-streams.ts';

const STAGGER_MS = 400;
const RULE_MS = 2000;

/** What all accounts of a process share. The newest lines kept in memory are limited by `inHand` as of when the tape was opened. */
export interface SharedParts extends DatabaseParts {
  /** Management base, without `/v1`. */
  readonly baseUrl: string;
  readonly retentionMs: () => number;
  readonly agreed: AgreedTime;
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
  const leasing = knows ? leaseSoon(o, aside.tape) : leaseNow(o, aside.tape);
  // What other folders have recorded until now decides where a new tape, or a new feed, begins.
  if (!knows) throwIfAny(await leasing);
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
  const binding = await until('waiting_for_gateway', () => bind(o, memory.binding, log));
  passing('collector: account found');
  throwIfAny(await leasing);
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
  const outflow = connectOutflow(o, {
    account: name,
    replayed,
    dir,
    tape,
    memory,
    intake,
    keeper,
    checkpoints,
    untilFeedSent: (of, says, wait) => o.order.untilSent(name, of, says, wait),
    log,
  });
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
