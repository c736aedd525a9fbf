// Values and conditions as text of a statement. In: names, texts, times, ids. Out: SQL, quoted.

/** `'text'` with quotes doubled. */
export function sqlText(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A time in microseconds since 1970, UTC, as a timestamp literal. */
export function sqlTimestamp(us: number): string {
  if (!Number.isSafeInteger(us)) throw new RangeError(`not an integer of microseconds: ${us}`);
  return `cast(${us} as timestamp)`;
}

/** `a = 'x' AND b IS NULL …`: each column equals its value, null is a value. */
export function sqlEquals(values: Readonly<Record<string, string | null>>): string {
  return Object.entries(values)
    .map(([column, value]) => (value === null ? `${column} IS NULL` : `${column} = ${sqlText(value)}`))
    .join(' AND ');
}

/** Whose rows: those of an account, and with `feed` those of that feed, whichever account recorded it. */
export interface Whose {
  readonly account: string;
  readonly feed?: string | null | undefined;
}

export function sqlWhose({ account, feed }: Whose): string {
  const own = sqlEquals({ account });
  return feed === undefined || feed === null ? own : `(${own} OR ${sqlEquals({ feed })})`;
}

/** `ts` lies in `[fromUs, toUs)`, microseconds UTC. */
export function sqlWithin({ fromUs, toUs }: { readonly fromUs: number; readonly toUs: number }): string {
  return `ts >= ${sqlTimestamp(fromUs)} AND ts < ${sqlTimestamp(toUs)}`;
}

/** An identifier; throws RangeError for a number that was rounded. */
export function sqlId(id: number | bigint): string {
  if (typeof id === 'number' && !Number.isSafeInteger(id)) throw new RangeError(`not an exact id: ${id}`);
  return String(id);
}
