// Names and globs of a selection as an SQL condition. In: a column, and names or globs with `*` and `?`, as in the configuration. Out: a
// condition. A name may contain any character.
import { sqlText } from '../wire/sql-text.ts';

export const isGlob = (name: string): boolean => /[*?]/.test(name);

/** Null: every row matches. `orNull`: rows without a name match too. */
export function nameSql(
  column: string,
  names: readonly string[],
  { orNull = false }: { readonly orNull?: boolean } = {},
): string | null {
  if (names.length === 0) return null;
  const exact = names.filter((name) => !isGlob(name));
  const any = names.filter(isGlob).map((glob) => `${column} ~ ${sqlText(expression(glob))}`);
  if (exact.length > 0) any.push(`${column} IN (${exact.map(sqlText).join(', ')})`);
  if (orNull) any.push(`${column} IS NULL`);
  return `(${any.join(' OR ')})`;
}

/** The glob as a regular expression. All characters but letters, digits and `_` are written as numbers. */
function expression(glob: string): string {
  const parts = Array.from(glob, (char) => {
    if (char === '*') return '.*';
    if (char === '?') return '.';
    return /[A-Za-z0-9_]/.test(char) ? char : `\\x{${char.codePointAt(0)?.toString(16)}}`;
  });
  return `(?s)\\A${parts.join('').replaceAll(/(?:\.\*)+/g, '.*')}\\z`;
}
