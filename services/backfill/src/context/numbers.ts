// Metrics of the workers in addition to those of the queues: requests by purpose, rows by table, and answers that turned out to be incomplete.
import type { Metrics } from '@fxtape/ops';

/**
 * The purpose of a request. `read`: the range itself. `agreement`: the same again, because one answer proves nothing. `edge`: whether a part that
 * an answer left out is empty. `beginning`: whether anything older exists. `facts`: everything that is not history.
 */
export type Purpose = 'read' | 'agreement' | 'edge' | 'beginning' | 'facts';

export class BackfillNumbers {
  readonly asked: (account: string, route: string, purpose: Purpose) => void;
  readonly stored: (table: string, rows: number) => void;
  readonly unchanged: (stream: string, rows: number) => void;
  readonly halved: (account: string, route: string) => void;
  readonly truncated: (account: string, route: string) => void;
  readonly unreadable: (account: string, records: number) => void;

  constructor(metrics: Metrics) {
    const requests = metrics.counter('fxtape_backfill_requests_total', 'Requests to gateways, by purpose', [
      'account',
      'route',
      'purpose',
    ]);
    const rows = metrics.counter('fxtape_backfill_rows_total', 'Rows written and applied', ['table']);
    const same = metrics.counter(
      'fxtape_backfill_unchanged_rows_total',
      'Rows that were already stored exactly as answered',
      ['stream'],
    );
    const halvings = metrics.counter(
      'fxtape_backfill_halved_total',
      'Ranges that were too large for a terminal',
      ['account', 'route'],
    );
    const cuts = metrics.counter(
      'fxtape_backfill_truncated_total',
      'Answers that turned out to be truncated',
      ['account', 'route'],
    );
    const unreadable = metrics.counter(
      'fxtape_backfill_fields_unreadable_total',
      'History records stored with null in a field that could not be read',
      ['account'],
    );
    this.asked = (account, route, purpose) => requests.inc({ account, route, purpose });
    this.stored = (table, count) => rows.inc({ table }, count);
    this.unchanged = (stream, count) => same.inc({ stream }, count);
    this.halved = (account, route) => halvings.inc({ account, route });
    this.unreadable = (account, count) => unreadable.inc({ account }, count);
    this.truncated = (account, route) => cuts.inc({ account, route });
  }
}
