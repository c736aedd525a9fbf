// Rows through the official client, as its documentation shows: one call a column, awaited at the end of each row. It is the alternative
// that the own encoder stands beside. In: rows of a table. Out: rows in the client's buffer, or sent by its flush.
import type { Row, TableDef } from '@fxtape/questdb';
import { Sender } from '@questdb/nodejs-client';

/** A client that sends nothing by itself. Without `addr` it never connects: for measuring the making of rows alone. */
export function officialClient(protocolVersion: 1 | 2, conf = 'http::addr=127.0.0.1:1;'): Promise<Sender> {
  return Sender.fromConfig(`${conf};protocol_version=${protocolVersion};auto_flush=off`.replace(';;', ';'));
}

/** Puts rows into the client's buffer. */
export async function addRows(sender: Sender, def: TableDef, rows: readonly Row[]): Promise<void> {
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
