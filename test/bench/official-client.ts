// Writes rows with the official client as its documentation shows: one call per column, awaited at the end of each row. In: rows of a table. Out: rows in
// the client's buffer, or sent by its flush.
import type { Row, TableDef } from '@fxtape/market';
import { createBuffer, Sender, type SenderBuffer, SenderOptions } from '@questdb/nodejs-client';

const settings = (protocolVersion: 1 | 2, conf: string): string =>
  `${conf};protocol_version=${protocolVersion};auto_flush=off`.replace(';;', ';');
const NOWHERE = 'http::addr=127.0.0.1:1;';

/** A client that never sends by itself. Without `conf` it never connects, to measure encoding alone. */
export function officialClient(protocolVersion: 1 | 2, conf = NOWHERE): Promise<Sender> {
  return Sender.fromConfig(settings(protocolVersion, conf));
}

/** The client's buffer alone, to measure the size of rows. */
export function officialBuffer(protocolVersion: 1 | 2): SenderBuffer {
  return createBuffer(new SenderOptions(settings(protocolVersion, NOWHERE)));
}

/** The client or its buffer. */
interface RowTarget {
  table(name: string): unknown;
  symbol(name: string, value: unknown): unknown;
  floatColumn(name: string, value: number): unknown;
  intColumn(name: string, value: number): unknown;
  stringColumn(name: string, value: string): unknown;
  booleanColumn(name: string, value: boolean): unknown;
  timestampColumn(name: string, value: number, unit: 'us'): unknown;
  at(value: number, unit: 'us'): unknown;
}

/** Puts rows into the client's buffer. */
export async function addRows(sender: RowTarget, def: TableDef, rows: readonly Row[]): Promise<void> {
  const symbols = def.columns.filter(({ type }) => type === 'symbol');
  const fields = def.columns.filter(({ name, type }) => type !== 'symbol' && name !== def.designated);
  for (const row of rows) {
    sender.table(def.name);
    for (const { name } of symbols) {
      const value = row[name];
      if (value !== null && value !== undefined) sender.symbol(name, value);
    }
    for (const { name, type } of fields) {
      const value = row[name];
      if (value === null || value === undefined) continue;
      if (type === 'double') sender.floatColumn(name, value as number);
      else if (type === 'timestamp') sender.timestampColumn(name, value as number, 'us');
      else if (type === 'varchar') sender.stringColumn(name, value as string);
      else if (type === 'boolean') sender.booleanColumn(name, value as boolean);
      else sender.intColumn(name, value as number);
    }
    await sender.at(row['ts'] as number, 'us');
  }
}
