// Prometheus metrics of the writer, by table.
import type { Metrics } from '@fxtape/ops';
import type { WriterState } from './writer-state.ts';

const ANSWER_SECONDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10];

export class WriterMetrics {
  readonly #rows;
  readonly #condemned;
  readonly #retries;
  readonly #pending;
  readonly #seconds;

  constructor(metrics: Metrics) {
    this.#rows = metrics.counter('fxtape_questdb_rows_answered_total', 'Rows that QuestDB has confirmed', [
      'table',
    ]);
    this.#condemned = metrics.counter(
      'fxtape_questdb_rows_condemned_total',
      'Rows that can never be stored',
      ['table', 'by'],
    );
    this.#retries = metrics.counter('fxtape_questdb_retries_total', 'Requests that had to be repeated', [
      'table',
      'code',
    ]);
    this.#pending = metrics.gauge('fxtape_questdb_pending_rows', 'Rows submitted and not yet confirmed', [
      'table',
    ]);
    this.#seconds = metrics.histogram(
      'fxtape_questdb_answer_seconds',
      'Time from sending a request to its answer',
      ['table', 'outcome'],
      ANSWER_SECONDS,
    );
  }

  stored(table: string, rows: number): void {
    this.#rows.inc({ table }, rows);
  }

  condemned(table: string, by: string): void {
    this.#condemned.inc({ table, by });
  }

  retried(table: string, code: string): void {
    this.#retries.inc({ table, code });
  }

  pending(state: WriterState): void {
    this.#pending.set({ table: state.table }, state.pendingRows);
  }

  answered(table: string, outcome: string, ms: number): void {
    this.#seconds.observe({ table, outcome }, ms / 1000);
  }
}
