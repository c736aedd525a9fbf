// One data folder records an account, and a feed, into a database. In: this folder's identity, and the account that it wants to record.
// Out: the claim, or a refusal that names the holder. No wall clock decides: a recorder that wants what another folder holds watches
// whether the other still renews its row.
//
//   none ──claim──► watch 30 s ──the other renews──► refused, with its place
//                     └──it ended, or stands still──► set aside the old tape ► write a row ► wait ► held, renewed every 5 s ──release──► ended
//                                                                                             └──a newer row of another──► lost
//
// The newest row counts. A restart of the same folder in the same place takes its own claim at once. Held claims are checked as often as
// the write gate, and a process that could not check does not write (write-gate.ts): after the wait, no process writes that has not seen
// the new row.
import { type Clock, pauseOrThrow, FxtapeError, type Log } from '@fxtape/ops';
import { asObjects } from '../wire/exec-answer.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { requireSettled } from '../wire/settled-tables.ts';
import { sqlText, sqlTimestamp } from '../wire/sql-text.ts';
import { PAUSE_REACHES_MS } from './write-gate.ts';

/** What is recorded. */
export interface Recorded {
  readonly account: string;
  readonly feed: string | null;
}

/** The tape of the claimant. */
export interface OwnTape {
  /** The feed that the tape has recorded; null if none, and for an empty tape. */
  readonly feed: string | null;
  /** Called before the account is taken, if another folder has recorded the account or this feed since. */
  readonly setAside: () => Promise<void>;
}

export interface RecorderPlace {
  /** The identity of the data folder, which it keeps when it is moved. */
  readonly id: string;
  /** Where the folder is, for people: `host:folder`. A copy of the folder has the same id in another place. */
  readonly place: string;
}

export interface ClaimOptions {
  readonly http: Pick<QuestDbHttp, 'exec'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked until it can be answered. */
  readonly self: () => RecorderPlace;
}

const RENEW_MS = 5000;
/** A recorder that has renewed nothing for this long is gone. */
const STILL_MS = 30_000;
const LOOK_EVERY_MS = 1000;
/** Two recorders that find no claim both write a row; after this long, both see which one is newer. */
const RIVAL_MS = 1000;
const SETTLE_MS = 10_000;
const ASK_MS = 3000;
/** Claims in one statement: QuestDB takes it in an address of 31 KB at most. */
const AT_ONCE = 50;

interface Held extends Recorded {
  readonly us: number;
  readonly epoch: number;
  readonly lost: AbortController;
}

/** A claim as it stands in the table. */
interface Stood extends Recorded, RecorderPlace {
  readonly us: number;
  readonly epoch: number;
}

interface Row extends Stood {
  readonly state: string;
  readonly seen: string;
}

export class RecorderClaims {
  readonly #o: ClaimOptions;
  readonly #held = new Map<string, Held>();
  readonly #taking = new Map<string, Promise<AbortSignal>>();
  /** Accounts that this process lost: rows with its own id and place no longer count as its own for them. */
  readonly #lost = new Set<string>();
  #renewedMs = Number.NEGATIVE_INFINITY;
  #known: RecorderPlace | null = null;

  constructor(options: ClaimOptions) {
    this.#o = options;
  }

  /**
   * Claims the account. Out: a signal that aborts when another recorder has taken the account or feed. If there is no tape that could be
   * set aside, an account that another folder recorded last is refused, whether that folder is alive or not.
   * @throws ACCOUNT_RECORDED_ELSEWHERE (terminal); QDB_SUSPENDED, QDB_NOT_APPLIED, those of `exec` and of `self`.
   */
  async claim(wanted: Recorded, signal: AbortSignal, tape: OwnTape | null = null): Promise<AbortSignal> {
    const { account } = wanted;
    for (let other = this.#taking.get(account); other !== undefined; other = this.#taking.get(account))
      await other.catch(() => {}); // its own caller is told
    signal.throwIfAborted();
    const held = this.#held.get(account);
    if (held?.feed === wanted.feed) return held.lost.signal;
    const taking = this.#take(wanted, signal, tape);
    this.#taking.set(account, taking);
    try {
      return await taking;
    } finally {
      this.#taking.delete(account);
    }
  }

  /**
   * Whether no other folder has recorded any of these, as far as a quick query shows: the tables may lag. The claim is made before rows are
   * sent.
   * Errors: as `exec`, and those of `self`.
   */
  async isFree(wanted: readonly Recorded[], signal: AbortSignal): Promise<boolean> {
    const rows = await this.#rows(wanted, signal);
    const newest = rows.at(-1);
    const others = rows.filter((row) => row.state === 'recording' && !this.#isOwn(row));
    return others.length === 0 && (newest === undefined || newest.id === this.#self.id);
  }

  async #take(wanted: Recorded, signal: AbortSignal, tape: OwnTape | null): Promise<AbortSignal> {
    const { account } = wanted;
    const { clock, log } = this.#o;
    const self = this.#self;
    let rows = await this.#settled(wanted, signal);
    const newest = rows.at(-1);
    if (newest !== undefined && newest.id !== self.id && tape === null) throw elsewhere(wanted, newest);
    const others = rows.filter((row) => row.state === 'recording' && !this.#isOwn(row));
    if (others.length > 0) {
      const places = others.map(({ place }) => place);
      log.info(
        { account, places },
        'another data folder recorded this account or feed; watching for 30 s whether it still does',
      );
      rows = await this.#watchStandStill(wanted, others, signal);
    }
    if (tape !== null && (await this.#isFollowed({ account, feed: tape.feed }, signal)))
      await tape.setAside();
    const us = Math.max(await this.#now(signal), (rows.at(-1)?.us ?? 0) + 1);
    const epoch = 1 + Math.max(0, ...rows.map((row) => (row.account === account ? row.epoch : 0)));
    const held: Held = { ...wanted, us, epoch, lost: new AbortController() };
    await this.#write([{ ...held, ...self }], 'recording', signal);
    if (others.length > 0) await pauseOrThrow(clock, PAUSE_REACHES_MS, signal);
    else if (newest === undefined || !this.#isOwn(newest)) await pauseOrThrow(clock, RIVAL_MS, signal);
    const last = (await this.#settled(wanted, signal)).findLast((row) => this.#competes(row, account));
    if (last === undefined || !isSame(last, held)) {
      await this.#end([{ ...held, ...self }], signal);
      throw elsewhere(wanted, last);
    }
    this.#lost.delete(account);
    this.#held.set(account, held);
    // Nobody waits for the same dead recorder twice.
    await this.#end(others, signal);
    return held.lost.signal;
  }

  /** Whether another folder has recorded the account or feed since. */
  async #isFollowed(recorded: Recorded, signal: AbortSignal): Promise<boolean> {
    const newest = (await this.#settled(recorded, signal)).at(-1);
    return newest !== undefined && newest.id !== this.#self.id;
  }

  /** The rows, if none of the others was renewed while we watched. @throws ACCOUNT_RECORDED_ELSEWHERE as soon as one is. */
  async #watchStandStill(wanted: Recorded, others: readonly Row[], signal: AbortSignal): Promise<Row[]> {
    const { clock } = this.#o;
    const untilMs = clock.monoMs() + STILL_MS;
    for (;;) {
      await pauseOrThrow(clock, LOOK_EVERY_MS, signal);
      const rows = await this.#settled(wanted, signal);
      const recording = rows.filter((row) => row.state === 'recording' && !this.#isOwn(row));
      const alive = recording.find(
        (row) => !others.some((each) => isSame(each, row) && each.seen === row.seen),
      );
      if (alive !== undefined) throw elsewhere(wanted, alive);
      if (recording.length === 0 || clock.monoMs() >= untilMs) return rows;
    }
  }

  /** Lets another folder take the account at once. If the database is away, the row stops being renewed, which has the same effect later. */
  async release(account: string): Promise<void> {
    const held = this.#held.get(account);
    this.#held.delete(account);
    if (held === undefined) return;
    await this.#end([{ ...held, ...this.#self }], AbortSignal.timeout(LOOK_EVERY_MS));
  }

  /** These record no more. A word that is not heard is no harm: their rows stand still. */
  async #end(rows: readonly Stood[], signal: AbortSignal): Promise<void> {
    try {
      await this.#write(rows, 'ended', signal);
    } catch (error) {
      this.#o.log.debug({ err: error }, 'claims that are over could not be ended; they lapse by themselves');
    }
  }

  /** Checks everything that is held, and renews it when that is due. Errors: as `exec`, if it could not check. */
  async look(signal: AbortSignal): Promise<void> {
    if (this.#held.size === 0) return;
    const { clock, log } = this.#o;
    const all = await this.#rows([...this.#held.values()], signal);
    for (const held of this.#held.values()) {
      const newer = all
        .filter((row) => concerns(row, held) && this.#competes(row, held.account))
        .findLast((row) => row.us >= held.us && !isSame(row, held));
      if (newer === undefined) continue;
      this.#held.delete(held.account);
      this.#lost.add(held.account);
      held.lost.abort(elsewhere(held, newer));
    }
    const nowMs = clock.monoMs();
    if (this.#held.size === 0 || nowMs - this.#renewedMs < RENEW_MS) return;
    try {
      const held = [...this.#held.values()].map((one) => ({ ...one, ...this.#self }));
      await this.#write(held, 'recording', signal);
      this.#renewedMs = nowMs;
    } catch (error) {
      if (!signal.aborted) log.debug({ err: error }, 'the claims on accounts could not be renewed');
    }
  }

  get #self(): RecorderPlace {
    this.#known ??= this.#o.self();
    return this.#known;
  }

  /** A claim of this account, or one of another folder. Another account of this folder may take the feed over: its claim does not count. */
  #competes(row: Row, account: string): boolean {
    return row.account === account || !this.#isOwn(row);
  }

  #isOwn(row: Row): boolean {
    const { id, place } = this.#self;
    return row.id === id && row.place === place && !this.#lost.has(row.account);
  }

  async #now(signal: AbortSignal): Promise<number> {
    const { dataset } = await this.#o.http.exec('SELECT cast(now() as long) us', {
      signal,
      deadlineMs: ASK_MS,
    });
    return Number(dataset[0]?.[0]);
  }

  async #write(all: readonly Stood[], state: 'recording' | 'ended', signal: AbortSignal): Promise<void> {
    for (let from = 0; from < all.length; from += AT_ONCE) {
      const values = all.slice(from, from + AT_ONCE).map(({ account, epoch, feed, id, place, us }) => {
        const texts = [feed, id, place, state].map((text) => (text === null ? 'NULL' : sqlText(text)));
        return `(${[sqlTimestamp(us), sqlText(account), epoch, ...texts, 'now()'].join(', ')})`;
      });
      await this.#o.http.exec(
        `INSERT INTO account_epochs (ts, account, epoch, feed, recorder, place, state, ts_seen) VALUES ${values.join(', ')}`,
        { signal, deadlineMs: ASK_MS },
      );
    }
  }

  async #settled(wanted: Recorded, signal: AbortSignal): Promise<Row[]> {
    const { clock, http } = this.#o;
    await requireSettled(http, clock, ['account_epochs'], { waitMs: SETTLE_MS, signal });
    return this.#rows([wanted], signal);
  }

  /** The newest rows of each folder about these accounts and feeds, the newest last. */
  async #rows(wanted: readonly Recorded[], signal: AbortSignal): Promise<Row[]> {
    const rows: Row[] = [];
    for (let from = 0; from < wanted.length; from += AT_ONCE)
      rows.push(...(await this.#rowsOf(wanted.slice(from, from + AT_ONCE), signal)));
    return rows.toSorted((a, b) => a.us - b.us || a.epoch - b.epoch);
  }

  async #rowsOf(wanted: readonly Recorded[], signal: AbortSignal): Promise<Row[]> {
    const accounts = wanted.map(({ account }) => sqlText(account));
    const feeds = wanted.flatMap(({ feed }) => (feed === null ? [] : sqlText(feed)));
    const ofFeeds = feeds.length === 0 ? '' : ` OR feed IN (${feeds.join(', ')})`;
    const answer = await this.#o.http.exec(
      `SELECT account, epoch, feed, recorder, place, state, cast(ts as long) us, cast(ts_seen as long) seen FROM account_epochs
        WHERE account IN (${accounts.join(', ')})${ofFeeds} LATEST ON ts PARTITION BY account, feed, recorder, place`,
      { signal, deadlineMs: ASK_MS },
    );
    return asObjects(answer).map((row) => ({
      account: String(row['account']),
      epoch: Number(row['epoch']),
      feed: row['feed'] === null ? null : String(row['feed']),
      id: String(row['recorder']),
      place: String(row['place']),
      state: String(row['state']),
      us: Number(row['us']),
      seen: String(row['seen']),
    }));
  }
}

const isSame = (
  a: Pick<Held, 'account' | 'epoch' | 'us'>,
  b: Pick<Held, 'account' | 'epoch' | 'us'>,
): boolean => a.account === b.account && a.epoch === b.epoch && a.us === b.us;

const concerns = (row: Recorded, held: Recorded): boolean =>
  row.account === held.account || (held.feed !== null && row.feed === held.feed);

function elsewhere({ account, feed }: Recorded, by: Row | undefined): FxtapeError {
  const place = by?.place ?? 'unknown';
  const what =
    by === undefined || by.account === account ? `"${account}"` : `the feed "${feed}" of "${account}"`;
  return new FxtapeError({
    code: 'ACCOUNT_RECORDED_ELSEWHERE',
    kind: 'terminal',
    message: `another data folder (${place}) records ${what} into this database`,
    hint: 'Stop that recorder, and this one starts by itself within two minutes; or give each its own database with QDB_CLIENT_CONF',
    context: { account, place },
  });
}
