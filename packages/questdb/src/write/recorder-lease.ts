// Makes sure that one data folder at a time records an account, and a feed, into a database. In: this folder's identity and the account
// it wants to record. Out: a lease on the account, or a refusal that names the holder. No wall clock decides who is alive: the newcomer
// watches whether the holder still renews its row.
//
//   none ──acquire──► watch 30 s ──the holder renews──► refused, with its place
//                       └──it ended, or stands still──► set aside the old tape ► write a row ► wait ► held, renewed every 5 s ──release──► ended
//                                                                                               └──a newer row of another folder──► lost
//
// The newest row counts. A restart of the same folder in the same place gets its own lease back at once. Leases are checked together with
// the write gate, and a process that could not check does not write (write-gate.ts). So after the wait, every process that still writes
// has seen the new row.
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

/** The tape of the folder that asks. */
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

export interface LeaseOptions {
  readonly http: Pick<QuestDbHttp, 'exec'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked until it can be answered. */
  readonly self: () => RecorderPlace;
}

const RENEW_MS = 5000;
/** A recorder that has renewed nothing for this long is gone. */
const STILL_MS = 30_000;
const CHECK_EVERY_MS = 1000;
/** Two recorders that find no lease both write a row; after this long, both see which one is newer. */
const RIVAL_MS = 1000;
const SETTLE_MS = 10_000;
const QUERY_MS = 3000;
/** Leases per statement: the statement travels in the URL, which QuestDB limits to 31 KB. */
const AT_ONCE = 50;

interface Held extends Recorded {
  readonly us: number;
  readonly epoch: number;
  readonly lost: AbortController;
}

interface Lease extends Recorded, RecorderPlace {
  readonly us: number;
  readonly epoch: number;
}

/** The newest row of a lease in the table `account_epochs`. */
interface LeaseRow extends Lease {
  readonly state: string;
  readonly seen: string;
}

export class RecorderLease {
  readonly #o: LeaseOptions;
  readonly #held = new Map<string, Held>();
  readonly #acquiring = new Map<string, Promise<AbortSignal>>();
  /** Accounts that this process lost: for these, rows with its own id and place count as another recorder's. */
  readonly #lost = new Set<string>();
  #renewedMs = Number.NEGATIVE_INFINITY;
  #known: RecorderPlace | null = null;

  constructor(options: LeaseOptions) {
    this.#o = options;
  }

  /**
   * Acquires the account and its feed. Out: a signal that aborts when another recorder has taken either. Without a tape that could be
   * set aside, an account that another folder recorded last is refused, whether that folder is alive or not.
   * @throws ACCOUNT_RECORDED_ELSEWHERE (terminal); QDB_SUSPENDED, QDB_NOT_APPLIED, those of `exec` and of `self`.
   */
  async acquire(wanted: Recorded, signal: AbortSignal, tape: OwnTape | null = null): Promise<AbortSignal> {
    const { account } = wanted;
    for (let other = this.#acquiring.get(account); other !== undefined; other = this.#acquiring.get(account))
      await other.catch(() => {}); // reported to its own caller
    signal.throwIfAborted();
    const held = this.#held.get(account);
    if (held?.feed === wanted.feed) return held.lost.signal;
    const acquiring = this.#acquire(wanted, signal, tape);
    this.#acquiring.set(account, acquiring);
    try {
      return await acquiring;
    } finally {
      this.#acquiring.delete(account);
    }
  }

  /**
   * Whether no other folder has recorded any of these, as far as one query shows: the table may lag. Acquire before sending rows.
   * Errors: as `exec`, and those of `self`.
   */
  async isFree(wanted: readonly Recorded[], signal: AbortSignal): Promise<boolean> {
    const rows = await this.#rows(wanted, signal);
    const newest = rows.at(-1);
    const others = rows.filter((row) => row.state === 'recording' && !this.#isOwn(row));
    return others.length === 0 && (newest === undefined || newest.id === this.#self.id);
  }

  async #acquire(wanted: Recorded, signal: AbortSignal, tape: OwnTape | null): Promise<AbortSignal> {
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
    // So that nobody waits for the same dead recorder again.
    await this.#end(others, signal);
    return held.lost.signal;
  }

  /** Whether another folder has recorded the account or feed since. */
  async #isFollowed(recorded: Recorded, signal: AbortSignal): Promise<boolean> {
    const newest = (await this.#settled(recorded, signal)).at(-1);
    return newest !== undefined && newest.id !== this.#self.id;
  }

  /** The rows, if none of `others` was renewed within 30 s. @throws ACCOUNT_RECORDED_ELSEWHERE as soon as one is. */
  async #watchStandStill(
    wanted: Recorded,
    others: readonly LeaseRow[],
    signal: AbortSignal,
  ): Promise<LeaseRow[]> {
    const { clock } = this.#o;
    const untilMs = clock.monoMs() + STILL_MS;
    for (;;) {
      await pauseOrThrow(clock, CHECK_EVERY_MS, signal);
      const rows = await this.#settled(wanted, signal);
      const recording = rows.filter((row) => row.state === 'recording' && !this.#isOwn(row));
      const alive = recording.find(
        (row) => !others.some((each) => isSame(each, row) && each.seen === row.seen),
      );
      if (alive !== undefined) throw elsewhere(wanted, alive);
      if (recording.length === 0 || clock.monoMs() >= untilMs) return rows;
    }
  }

  /** Lets another folder take the account at once. If the database is away, the lease expires instead. */
  async release(account: string): Promise<void> {
    const held = this.#held.get(account);
    this.#held.delete(account);
    if (held === undefined) return;
    await this.#end([{ ...held, ...this.#self }], AbortSignal.timeout(CHECK_EVERY_MS));
  }

  /** Marks leases as ended. A failure is harmless: their rows stand still, and count as ended after 30 s. */
  async #end(leases: readonly Lease[], signal: AbortSignal): Promise<void> {
    try {
      await this.#write(leases, 'ended', signal);
    } catch (error) {
      this.#o.log.debug({ err: error }, 'cannot mark leases as ended; they expire by themselves');
    }
  }

  /** Checks every lease that is held, and renews it when that is due. Errors: as `exec`, when the check failed. */
  async check(signal: AbortSignal): Promise<void> {
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
      if (!signal.aborted)
        log.debug({ err: error }, 'cannot renew the leases on accounts; trying again within seconds');
    }
  }

  get #self(): RecorderPlace {
    this.#known ??= this.#o.self();
    return this.#known;
  }

  /** Rows of this account or of another folder. Another account of this folder may take over the feed, so its rows do not count. */
  #competes(row: LeaseRow, account: string): boolean {
    return row.account === account || !this.#isOwn(row);
  }

  #isOwn(row: LeaseRow): boolean {
    const { id, place } = this.#self;
    return row.id === id && row.place === place && !this.#lost.has(row.account);
  }

  async #now(signal: AbortSignal): Promise<number> {
    const { dataset } = await this.#o.http.exec('SELECT cast(now() as long) us', {
      signal,
      deadlineMs: QUERY_MS,
    });
    return Number(dataset[0]?.[0]);
  }

  async #write(all: readonly Lease[], state: 'recording' | 'ended', signal: AbortSignal): Promise<void> {
    for (let from = 0; from < all.length; from += AT_ONCE) {
      const values = all.slice(from, from + AT_ONCE).map(({ account, epoch, feed, id, place, us }) => {
        const texts = [feed, id, place, state].map((text) => (text === null ? 'NULL' : sqlText(text)));
        return `(${[sqlTimestamp(us), sqlText(account), epoch, ...texts, 'now()'].join(', ')})`;
      });
      await this.#o.http.exec(
        `INSERT INTO account_epochs (ts, account, epoch, feed, recorder, place, state, ts_seen) VALUES ${values.join(', ')}`,
        { signal, deadlineMs: QUERY_MS },
      );
    }
  }

  async #settled(wanted: Recorded, signal: AbortSignal): Promise<LeaseRow[]> {
    const { clock, http } = this.#o;
    await requireSettled(http, clock, ['account_epochs'], { waitMs: SETTLE_MS, signal });
    return this.#rows([wanted], signal);
  }

  /** The newest rows of each folder about these accounts and feeds, the newest last. */
  async #rows(wanted: readonly Recorded[], signal: AbortSignal): Promise<LeaseRow[]> {
    const rows: LeaseRow[] = [];
    for (let from = 0; from < wanted.length; from += AT_ONCE)
      rows.push(...(await this.#rowsOf(wanted.slice(from, from + AT_ONCE), signal)));
    return rows.toSorted((a, b) => a.us - b.us || a.epoch - b.epoch);
  }

  async #rowsOf(wanted: readonly Recorded[], signal: AbortSignal): Promise<LeaseRow[]> {
    const accounts = wanted.map(({ account }) => sqlText(account));
    const feeds = wanted.flatMap(({ feed }) => (feed === null ? [] : sqlText(feed)));
    const ofFeeds = feeds.length === 0 ? '' : ` OR feed IN (${feeds.join(', ')})`;
    const answer = await this.#o.http.exec(
      `SELECT account, epoch, feed, recorder, place, state, cast(ts as long) us, cast(ts_seen as long) seen FROM account_epochs
        WHERE account IN (${accounts.join(', ')})${ofFeeds} LATEST ON ts PARTITION BY account, feed, recorder, place`,
      { signal, deadlineMs: QUERY_MS },
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

function elsewhere({ account, feed }: Recorded, by: LeaseRow | undefined): FxtapeError {
  const place = by?.place ?? 'unknown';
  const what =
    by === undefined || by.account === account ? `"${account}"` : `the feed "${feed}" of "${account}"`;
  return new FxtapeError({
    code: 'ACCOUNT_RECORDED_ELSEWHERE',
    message: `another data folder (${place}) records ${what} into this database`,
    context: { account, place },
  });
}
