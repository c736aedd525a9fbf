// One data folder records an account into a database, and no other. In: where this recorder is, and accounts that it wants to send rows of. Out:
// the claim, or a refusal that names who holds it. All times are those of the database: nobody's clock decides.
//
//   none ──claim: nobody else lives──► held, renewed every 5 s ──release──► ended
//                                        └──another one took it while this one stood still──► lost
//
// Another recorder lives while its row is younger than 30 s, unless its process is known to have ended. Of two that claim at the same moment the
// later one withdraws, at once or, where neither saw the other, the earlier one with its next renewal.
import { type Clock, FxtapeError, type Log, pause } from '@fxtape/ops';
import { asObjects } from './exec-answer.ts';
import type { QuestDbHttp } from './quest-db-http.ts';
import { requireSettled } from './settled-tables.ts';
import { sqlText, sqlTimestamp } from './sql-text.ts';

export interface RecorderPlace {
  /** What people know it by: `host:folder`. One folder has one recorder at a time. */
  readonly place: string;
  /** Tells whether the process lives, where that can be told. */
  readonly process: string;
}

export interface ClaimOptions {
  readonly http: Pick<QuestDbHttp, 'exec'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly self: RecorderPlace;
  /** Whether a process is known to have ended. */
  readonly hasEnded: (process: string) => boolean;
}

const RENEW_MS = 5000;
const LEASE_S = 30;
const SETTLE_MS = 10_000;
const RELEASE_MS = 1000;

interface Held {
  /** When it was taken, by the database's clock. */
  readonly us: number;
  readonly lost: AbortController;
}

interface Claim extends RecorderPlace {
  readonly account: string;
  readonly us: number;
  readonly lives: boolean;
}

export class RecorderClaims {
  readonly #o: ClaimOptions;
  readonly #held = new Map<string, Held>();
  readonly #taking = new Map<string, Promise<AbortSignal>>();

  constructor(options: ClaimOptions) {
    this.#o = options;
  }

  /**
   * The claim on an account: a signal that is aborted when another recorder has taken it.
   * @throws ACCOUNT_RECORDED_ELSEWHERE (terminal while the other one records); QDB_SUSPENDED, QDB_NOT_APPLIED and those of `exec`.
   */
  async claim(account: string, signal: AbortSignal): Promise<AbortSignal> {
    for (let other = this.#taking.get(account); other !== undefined; other = this.#taking.get(account))
      await other.catch(() => {}); // its own caller is told
    signal.throwIfAborted();
    const held = this.#held.get(account);
    if (held !== undefined) return held.lost.signal;
    const taking = this.#take(account, signal);
    this.#taking.set(account, taking);
    try {
      return await taking;
    } finally {
      this.#taking.delete(account);
    }
  }

  async #take(account: string, signal: AbortSignal): Promise<AbortSignal> {
    const before = (await this.#others([account], signal)).find(({ lives }) => lives);
    if (before !== undefined) throw elsewhere(before);
    const us = await this.#now(signal);
    await this.#write([[account, us]], 'recording', signal);
    const rival = (await this.#others([account], signal)).find(
      (other) => other.lives && (other.us < us || (other.us === us && other.place < this.#o.self.place)),
    );
    if (rival !== undefined) {
      await this.#write([[account, us]], 'ended', signal);
      throw elsewhere(rival);
    }
    const lost = new AbortController();
    this.#held.set(account, { us, lost });
    return lost.signal;
  }

  /** Another folder may have it at once. Does nothing where the database is away: then the claim lapses by itself. */
  async release(account: string): Promise<void> {
    const held = this.#held.get(account);
    this.#held.delete(account);
    if (held === undefined) return;
    try {
      await this.#write([[account, held.us]], 'ended', AbortSignal.timeout(RELEASE_MS));
    } catch (error) {
      this.#o.log.debug({ err: error, account }, 'the claim on this account lapses by itself');
    }
  }

  /** Renews what is held until the signal is aborted. */
  async watch(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#o;
    while (!signal.aborted) {
      await pause(clock, RENEW_MS, signal);
      if (signal.aborted) return;
      try {
        await this.renew(signal);
      } catch (error) {
        if (!signal.aborted) log.debug({ err: error }, 'the claims on accounts cannot be renewed now');
      }
    }
  }

  /** One look and one renewal of all that is held. Errors: as `claim`. */
  async renew(signal: AbortSignal): Promise<void> {
    if (this.#held.size === 0) return;
    // Who was taken for dead meanwhile, and took over, has the newer claim.
    for (const other of await this.#others([...this.#held.keys()], signal)) {
      const held = this.#held.get(other.account);
      if (held === undefined || !other.lives || other.us < held.us) continue;
      this.#held.delete(other.account);
      held.lost.abort(elsewhere(other));
    }
    const rows = [...this.#held].map(([account, { us }]) => [account, us] as const);
    if (rows.length > 0) await this.#write(rows, 'recording', signal);
  }

  async #now(signal: AbortSignal): Promise<number> {
    const { dataset } = await this.#o.http.exec('SELECT cast(now() as long) us', { signal });
    return Number(dataset[0]?.[0]);
  }

  async #write(
    rows: readonly (readonly [account: string, us: number])[],
    state: 'recording' | 'ended',
    signal: AbortSignal,
  ): Promise<void> {
    const { place, process } = this.#o.self;
    const values = rows.map(
      ([account, us]) =>
        `(${[sqlTimestamp(us), ...[account, place, process, state].map(sqlText), 'now()'].join(', ')})`,
    );
    await this.#o.http.exec(
      `INSERT INTO recorders (ts, account, place, process, state, ts_seen) VALUES ${values.join(', ')}`,
      { signal },
    );
  }

  /** The newest claim of every other place. */
  async #others(accounts: readonly string[], signal: AbortSignal): Promise<Claim[]> {
    const { clock, hasEnded, http, self } = this.#o;
    await requireSettled(http, clock, ['recorders'], { waitMs: SETTLE_MS, signal });
    const answer = await http.exec(
      `SELECT account, place, process, state, cast(ts as long) us, datediff('s', ts_seen, now()) age FROM recorders
        WHERE account IN (${accounts.map(sqlText).join(', ')}) AND place != ${sqlText(self.place)} ORDER BY ts`,
      { signal },
    );
    const newest = new Map<string, Claim>();
    for (const row of asObjects(answer)) {
      const [account, place, process] = [row['account'], row['place'], row['process']].map(String) as [
        string,
        string,
        string,
      ];
      const lives = row['state'] === 'recording' && Number(row['age']) < LEASE_S && !hasEnded(process);
      newest.set(JSON.stringify([account, place]), { account, place, process, us: Number(row['us']), lives });
    }
    return [...newest.values()];
  }
}

function elsewhere({ account, place }: Claim): FxtapeError {
  return new FxtapeError({
    code: 'ACCOUNT_RECORDED_ELSEWHERE',
    kind: 'terminal',
    message: `"${account}" is recorded into this database from another data folder (${place})`,
    hint: 'Stop one of them, or give each a database of its own with QDB_CLIENT_CONF',
    context: { account, place },
  });
}
