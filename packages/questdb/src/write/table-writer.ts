// Writes rows into QuestDB. In: rows by table. Out: a promise per submit that resolves once the database has answered for all of its rows.
// Until then the rows belong to the writer, which repeats requests for ever, whatever the error.
// A caller that awaits each submit holds one batch in memory; one that overlaps submits asks `room` first.
import type { Clock, Log, Metrics } from '@fxtape/ops';
import type { Obstacle } from './deliver-rows.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import type { Row } from '@fxtape/market/tables';
import { TableQueue } from './table-queue.ts';
import { type TableName, type RowInput, tables } from '@fxtape/market/tables';
import type { Answered } from './submission.ts';
import { WriterMetrics } from './writer-metrics.ts';
import type { WriterState } from './writer-state.ts';

export interface TableWriterOptions {
  readonly http: Pick<QuestDbHttp, 'write' | 'exec'>;
  readonly log: Log;
  readonly clock: Clock;
  /** [0, 1), for the delays between retries. */
  readonly random: () => number;
  /** The tables that this process writes: only these have a queue, a state and metrics. Default: all. */
  readonly tables?: readonly TableName[];
  readonly metrics?: Metrics;
  /** Asked before each request: why nothing may be written now, or null. */
  readonly gate?: () => Obstacle | null;
  /** Called whenever the writer of a table changes its phase or its code. */
  readonly onState?: (state: WriterState) => void;
  /** Maximum rows per request; default 50,000. */
  readonly maxRows?: number;
  /** A request ends with the row that reaches this size; default 16 MiB. */
  readonly maxBytes?: number;
  /** Minimum time between the starts of two requests of a table, unless `commitRows` rows wait; default 100 ms. */
  readonly commitEveryMs?: number;
  /** Default 2,000. */
  readonly commitRows?: number;
  /** `room` waits while this many rows of a table are pending; default 100,000. */
  readonly maxPendingRows?: number;
}

export class TableWriter {
  readonly #queues = new Map<string, TableQueue>();
  readonly #queue: (table: TableName) => TableQueue;

  constructor(options: TableWriterOptions) {
    const metrics = options.metrics === undefined ? null : new WriterMetrics(options.metrics);
    const make = (table: TableName) =>
      new TableQueue({
        def: tables[table],
        http: options.http,
        log: options.log,
        clock: options.clock,
        random: options.random,
        limits: { maxRows: options.maxRows ?? 50_000, maxBytes: options.maxBytes ?? 16 * 1024 * 1024 },
        commitEveryMs: options.commitEveryMs ?? 100,
        commitRows: options.commitRows ?? 2_000,
        maxPendingRows: options.maxPendingRows ?? 100_000,
        metrics,
        gate: options.gate ?? (() => null),
        onState: options.onState ?? (() => {}),
      });
    for (const table of options.tables ?? (Object.keys(tables) as TableName[]))
      this.#queues.set(table, make(table));
    this.#queue = (table) => {
      const queue = this.#queues.get(table);
      if (queue === undefined) throw new RangeError(`this writer was not created for the table ${table}`);
      return queue;
    };
  }

  /**
   * Resolves when the database has answered for every row, condemned rows listed. Submits of one table are sent in order; rows of
   * one request are sorted by `ts`. Rows must not be changed by the caller meanwhile.
   * Rejects with the signal's reason, or WRITER_CLOSED. It is then unknown which rows are stored; sending them again is harmless.
   */
  submit<N extends TableName>(
    table: N,
    rows: readonly RowInput<N>[],
    options: { signal?: AbortSignal } = {},
  ): Promise<Answered> {
    return this.#queue(table).submit(rows as readonly Row[], options.signal);
  }

  /** Resolves when fewer than `maxPendingRows` rows of the table are pending. */
  room(table: TableName, options: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#queue(table).room(options.signal);
  }

  /**
   * Resolves when a submit to the table would be sent at once, or when the signal is aborted. A caller that gathers rows only then does not
   * let the newest ones wait twice.
   */
  turn(table: TableName, signal: AbortSignal): Promise<void> {
    return this.#queue(table).turn(signal);
  }

  /** One state per table of this writer. */
  state(): WriterState[] {
    return [...this.#queues.values()].map((queue) => queue.state);
  }

  /** Ends at once: pending submits reject with WRITER_CLOSED. To end in order, stop submitting and await the pending ones first. */
  close(): void {
    for (const queue of this.#queues.values()) queue.close();
  }
}
