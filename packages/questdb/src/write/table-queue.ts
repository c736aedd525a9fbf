// The queue of one table: submissions in order, and one request at a time, so that order is kept and memory holds one encoded body.
// Small submissions that wait together share a request. A request starts `commitEveryMs` after the last one, or earlier when enough
// rows wait: each commit costs the server far more than its rows do.
import { type Clock, pauseOrThrow, FxtapeError, type Log, passing, pause } from '@fxtape/ops';
import { type Delivery, type DeliveryLimits, deliverRows, type Obstacle } from './deliver-rows.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { RowEncoder } from './row-encoder.ts';
import { schemaDifferences } from '../schema/schema-check.ts';
import type { Row, TableDef } from '@fxtape/market/tables';
import { type Answered, Submission } from './submission.ts';
import { timeOrder } from './time-order.ts';
import type { WriterMetrics } from './writer-metrics.ts';
import type { WriterState } from './writer-state.ts';

export interface TableQueueOptions {
  readonly def: TableDef;
  readonly http: Pick<QuestDbHttp, 'write' | 'exec'>;
  readonly log: Log;
  readonly clock: Clock;
  readonly random: () => number;
  readonly limits: DeliveryLimits;
  readonly commitEveryMs: number;
  /** With this many rows waiting, a request starts at once. */
  readonly commitRows: number;
  readonly maxPendingRows: number;
  readonly metrics: WriterMetrics | null;
  /** Why nothing may be written now; null when it may. */
  readonly gate: () => Obstacle | null;
  readonly onState: (state: WriterState) => void;
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5000;

export class TableQueue {
  readonly #o: TableQueueOptions;
  readonly #encoder: RowEncoder;
  readonly #waiting: Submission[] = [];
  readonly #waitingForRoom = new Set<() => void>();
  #running = false;
  #closed = false;
  #run: { controller: AbortController; submissions: Submission[] } | null = null;
  #queuedRows = 0;
  #runRows = 0;
  #inFlightRows = 0;
  #lastStartMs = Number.NEGATIVE_INFINITY;
  #wake: () => void = () => {};
  #state: Pick<WriterState, 'phase' | 'code' | 'message' | 'sinceMs'>;

  constructor(options: TableQueueOptions) {
    this.#o = options;
    this.#encoder = new RowEncoder(options.def);
    this.#state = { phase: 'ok', code: null, message: null, sinceMs: options.clock.nowMs() };
  }

  get state(): WriterState {
    return {
      table: this.#o.def.name,
      ...this.#state,
      inFlightRows: this.#inFlightRows,
      pendingRows: this.#queuedRows + this.#runRows,
    };
  }

  submit(rows: readonly Row[], signal?: AbortSignal): Promise<Answered> {
    if (this.#closed) return Promise.reject(closed());
    if (signal?.aborted) return Promise.reject(signal.reason as Error);
    if (rows.length === 0) return Promise.resolve({ rows: 0, condemned: [] });
    const submission = new Submission(rows);
    this.#waiting.push(submission);
    this.#queuedRows += rows.length;
    if (signal !== undefined) this.#watch(submission, signal);
    this.#wake();
    if (!this.#running) void this.#loop();
    this.#o.metrics?.pending(this.state);
    return submission.answered;
  }

  /** Resolves as soon as fewer than `maxPendingRows` are pending. */
  async room(signal?: AbortSignal): Promise<void> {
    while (!this.#closed && this.#queuedRows + this.#runRows >= this.#o.maxPendingRows) {
      await new Promise<void>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason as Error);
        const done = () => {
          this.#waitingForRoom.delete(done);
          signal?.removeEventListener('abort', onAbort);
          resolve();
        };
        const onAbort = () => {
          this.#waitingForRoom.delete(done);
          reject(signal?.reason as Error);
        };
        this.#waitingForRoom.add(done);
        signal?.addEventListener('abort', onAbort, { once: true });
      });
    }
    if (this.#closed) throw closed();
  }

  /** Resolves when a small submit would start its request at once: `commitEveryMs` after the last start, or on an abort. */
  async turn(signal: AbortSignal): Promise<void> {
    const { clock, commitEveryMs } = this.#o;
    const waitMs = this.#lastStartMs + commitEveryMs - clock.monoMs();
    if (waitMs <= 0 || this.#closed) return;
    // An abort ends the wait and is no error here: the submit that follows has its own signal.
    await pause(clock, waitMs, signal);
  }

  /** Gives up pending submissions: each rejects with WRITER_CLOSED, and its rows belong to the caller again. */
  close(): void {
    this.#closed = true;
    const reason = closed();
    for (const submission of [...this.#waiting, ...(this.#run?.submissions ?? [])]) submission.fail(reason);
    this.#run?.controller.abort(reason);
    this.#wake();
    for (const done of this.#waitingForRoom) done();
  }

  #watch(submission: Submission, signal: AbortSignal): void {
    const onAbort = () => {
      submission.fail(signal.reason);
      this.#wake();
      const run = this.#run;
      if (run?.submissions.every((other) => other.settled)) run.controller.abort(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    const forget = () => signal.removeEventListener('abort', onAbort);
    submission.answered.then(forget, forget);
  }

  async #loop(): Promise<void> {
    this.#running = true;
    while (this.#waiting.length > 0) {
      await this.#pace();
      const submissions = this.#take();
      if (submissions.length > 0) await this.#deliver(submissions);
    }
    this.#running = false;
  }

  /** Waits for the time of the next commit, for enough rows, or for an abort. */
  async #pace(): Promise<void> {
    const { clock, commitEveryMs, commitRows } = this.#o;
    for (;;) {
      const waitMs = this.#lastStartMs + commitEveryMs - clock.monoMs();
      if (waitMs <= 0 || this.#closed || this.#queuedRows >= commitRows) return;
      if (this.#waiting.every((submission) => submission.settled)) return;
      await new Promise<void>((resolve) => {
        const timer = clock.setTimeout(resolve, waitMs);
        this.#wake = () => {
          clock.clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = () => {};
    }
  }

  #take(): Submission[] {
    const submissions: Submission[] = [];
    let rows = 0;
    while (this.#waiting.length > 0 && rows < this.#o.limits.maxRows) {
      const submission = this.#waiting[0] as Submission;
      if (rows > 0 && rows + submission.rows.length > this.#o.limits.maxRows) break;
      this.#waiting.shift();
      this.#queuedRows -= submission.rows.length;
      if (submission.settled) continue;
      submissions.push(submission);
      rows += submission.rows.length;
    }
    this.#runRows = rows;
    return submissions;
  }

  async #deliver(submissions: Submission[]): Promise<void> {
    const { def, limits, log, metrics } = this.#o;
    const controller = new AbortController();
    this.#run = { controller, submissions };
    const rows =
      submissions.length === 1
        ? (submissions[0]?.rows ?? [])
        : submissions.flatMap((submission) => submission.rows);
    const ownerOf = owners(submissions);
    try {
      await deliverRows(this.#encoder, rows, timeOrder(rows), limits, {
        ...this.#calls(controller.signal),
        wanted: (indices) => {
          if (!submissions.some((submission) => submission.settled)) return indices;
          const wanted = indices.filter((index) => !ownerOf(index).submission.settled);
          return wanted.length === indices.length ? indices : wanted;
        },
        stored: (indices) => {
          this.#passed(indices.length);
          this.#setState('ok', null, null);
          metrics?.stored(def.name, indices.length);
          for (const index of indices) ownerOf(index).submission.stored();
        },
        condemned: (index, reason, line) => {
          this.#passed(1);
          const { submission, offset } = ownerOf(index);
          const row = rows[index] ?? {};
          const by = line === null ? 'encoder' : 'server';
          metrics?.condemned(def.name, by);
          log.error({ code: 'ROW_CONDEMNED', table: def.name, ts: row['ts'], by, reason }, 'row set aside');
          submission.condemn({ row, index: index - offset, reason, by, line });
        },
      });
    } catch (error) {
      for (const submission of submissions) submission.fail(error);
      if (!controller.signal.aborted) log.error({ table: def.name, error }, 'a delivery ended unexpectedly');
    } finally {
      this.#run = null;
      this.#inFlightRows = 0;
      this.#passed(this.#runRows);
      metrics?.pending(this.state);
    }
  }

  #calls(signal: AbortSignal): Pick<Delivery, 'post' | 'schemaDifferences' | 'waitOut'> {
    const { clock, def, gate, http, metrics, random } = this.#o;
    return {
      post: async (body, rows) => {
        const shut = gate();
        if (shut !== null) return shut;
        this.#inFlightRows = rows;
        this.#lastStartMs = clock.monoMs();
        passing(`questdb: write ${def.name}`);
        const answer = await http.write(def.name, body, { signal });
        passing(`questdb: wrote ${def.name}`);
        metrics?.answered(def.name, answer.kind, clock.monoMs() - this.#lastStartMs);
        return answer;
      },
      schemaDifferences: () => schemaDifferences(http, def, { signal }),
      waitOut: async (obstacle, failures) => {
        this.#obstacle(obstacle);
        await pauseOrThrow(clock, retryDelayMs(failures, random), signal);
      },
    };
  }

  #passed(rows: number): void {
    this.#runRows -= rows;
    if (this.#queuedRows + this.#runRows >= this.#o.maxPendingRows) return;
    for (const done of this.#waitingForRoom) done();
  }

  #obstacle(obstacle: Obstacle): void {
    this.#o.metrics?.retried(this.#o.def.name, obstacle.code);
    this.#setState(obstacle.kind === 'failed' ? 'retrying' : 'refused', obstacle.code, obstacle.message);
  }

  #setState(phase: WriterState['phase'], code: string | null, message: string | null): void {
    if (this.#state.phase === phase && this.#state.code === code) return;
    const { clock, def, log, onState } = this.#o;
    const beforeMs = this.#state.sinceMs;
    this.#state = { phase, code, message, sinceMs: clock.nowMs() };
    if (phase === 'ok') log.info({ table: def.name, afterMs: clock.nowMs() - beforeMs }, 'writing again');
    else log.warn({ table: def.name, code, reason: message }, 'cannot write to QuestDB; rows wait');
    onState(this.state);
  }
}

/** Doubles from 100 ms to 5 s; random in the upper half of that, so that several writers do not retry in step. */
function retryDelayMs(failures: number, random: () => number): number {
  const full = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(failures - 1, 16));
  return full / 2 + (random() * full) / 2;
}

function owners(
  submissions: readonly Submission[],
): (index: number) => { submission: Submission; offset: number } {
  const owner: { submission: Submission; offset: number }[] = [];
  let offset = 0;
  for (const submission of submissions) {
    const entry = { submission, offset };
    for (let i = 0; i < submission.rows.length; i++) owner.push(entry);
    offset += submission.rows.length;
  }
  return (index) => owner[index] as { submission: Submission; offset: number };
}

function closed(): FxtapeError {
  return new FxtapeError({
    code: 'WRITER_CLOSED',
    message: 'the writer was closed before the database had confirmed these rows',
  });
}
