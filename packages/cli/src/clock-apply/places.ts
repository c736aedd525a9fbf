// How far the tables of a correction are, from their names. In: a database and the id of a correction. Out: for each table, which of its names
// exist.
//
//   own + shadow ─► before + shadow ─► before + own: the copy has taken the name
import { type QuestDbHttp, ROW_CORRECTED, SQL_CORRECTED, tableNames } from '@fxtape/questdb';
import { beforeOf, shadowOf } from './apply-state.ts';

export const CORRECTED_TABLES: readonly string[] = [...SQL_CORRECTED, ...ROW_CORRECTED];

export interface Place {
  readonly own: boolean;
  readonly before: boolean;
  readonly shadow: boolean;
}

/** Of every table that can be corrected. Errors: as `exec`. */
export async function placesOf(http: Pick<QuestDbHttp, 'exec'>, id: string): Promise<Map<string, Place>> {
  const names = new Set(await tableNames(http));
  return new Map(
    CORRECTED_TABLES.map((name) => [
      name,
      { own: names.has(name), before: names.has(beforeOf(name, id)), shadow: names.has(shadowOf(name, id)) },
    ]),
  );
}

const REPLACED = new RegExp(`^(${CORRECTED_TABLES.join('|')})_(before|corrected)_(\\d{8}T\\d+)$`);

/** A table that a correction made or replaced. */
export interface OldTable {
  readonly name: string;
  readonly table: string;
  readonly kind: 'before' | 'corrected';
  readonly id: string;
}

/** All of them, those of the oldest correction first. Errors: as `exec`. */
export async function oldTables(http: Pick<QuestDbHttp, 'exec'>): Promise<OldTable[]> {
  const found = (await tableNames(http)).flatMap((name): OldTable[] => {
    const [, table = '', kind = '', id = ''] = REPLACED.exec(name) ?? [];
    return table === '' ? [] : [{ name, table, kind: kind as OldTable['kind'], id }];
  });
  return found.toSorted((a, b) => (a.id === b.id ? 0 : a.id < b.id ? -1 : 1));
}
