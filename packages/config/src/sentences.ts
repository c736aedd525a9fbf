// Turns what zod found wrong into sentences that name the place in the file. In: issues, the value they are about, and a function
// that knows the line of a path, or of the key at its end. Out: one sentence an issue, such as `accounts[0].name is missing: it must be a name (line 4)`.
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
export type Path = readonly PropertyKey[];

export function sentences(
  issues: readonly Issue[],
  value: unknown,
  lineOf: (path: Path, of: 'value' | 'key') => number | null,
): string[] {
  const all = issues
    .flatMap((issue) => flatten(issue, []))
    .flatMap(({ issue, path }) => {
      if (issue.code === 'unrecognized_keys')
        return issue.keys.map(
          (key) => `${spellPath(path)} does not know "${key}"${inLine(lineOf([...path, key], 'key'))}`,
        );
      return [`${sentence(issue, path, value)}${inLine(lineOf(path, 'value'))}`];
    });
  return [...new Set(all)];
}

const inLine = (line: number | null): string => (line === null ? '' : ` (line ${line})`);

/** `accounts[0].market_data`; the whole file is `the file`. */
export function spellPath(path: Path): string {
  const text = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return text === '' ? 'the file' : text.replace(/^\./, '');
}

function sentence(issue: Issue, path: Path, value: unknown): string {
  const place = spellPath(path);
  if (issue.code === 'invalid_key') return `${place} is not known here`;
  return at(value, path) === undefined
    ? `${place} is missing: it ${issue.message}`
    : `${place} ${issue.message}`;
}

/** An alternative that the value came closest to says more than "none of these fits". */
function flatten(issue: Issue, base: Path): { issue: Issue; path: Path }[] {
  const path = [...base, ...issue.path];
  if (issue.code !== 'invalid_union') return [{ issue, path }];
  const closest = issue.errors.find((branch) => branch.length > 0 && branch.every(reachedInside));
  return closest === undefined ? [{ issue, path }] : closest.flatMap((inner) => flatten(inner, path));
}

function reachedInside(issue: Issue): boolean {
  if (issue.path.length > 0 || issue.code === 'unrecognized_keys') return true;
  return (
    issue.code !== 'invalid_type' &&
    issue.code !== 'invalid_value' &&
    issue.code !== 'invalid_union' &&
    issue.code !== 'custom'
  );
}

function at(value: unknown, path: Path): unknown {
  let current: unknown = value;
  for (const part of path) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = (current as Record<PropertyKey, unknown>)[part];
  }
  return current;
}
