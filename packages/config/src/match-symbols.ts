// Which symbols are recorded. In: an account's globs and the symbols its broker lists, both in the broker's spelling. Out: the listed
// symbols that match, and the exact names that the broker does not list.

/** `*` stands for any characters, `?` for one; everything else stands for itself. Case matters, as it does to brokers. */
export function matchSymbols(
  globs: readonly string[],
  listed: readonly string[],
): { matched: string[]; unknown: string[] } {
  const known = new Set(listed);
  const exact = new Set(globs.filter((glob) => !isPattern(glob)));
  const patterns = globs.filter(isPattern).map(globExpression);
  return {
    matched: [...known].filter(
      (symbol) => exact.has(symbol) || patterns.some((pattern) => pattern.test(symbol)),
    ),
    unknown: [...exact].filter((name) => !known.has(name)),
  };
}

/** True when `text` fits the glob; used for servers and nicknames too. */
export function matchesGlob(glob: string, text: string): boolean {
  return globExpression(glob).test(text);
}

function isPattern(glob: string): boolean {
  return glob.includes('*') || glob.includes('?');
}

function globExpression(glob: string): RegExp {
  const source = Array.from(glob, (char) =>
    char === '*' ? '.*' : char === '?' ? '.' : char.replace(/[\\^$.|+()[\]{}/]/, '\\$&'),
  ).join('');
  return new RegExp(`^${source.replaceAll(/(?:\.\*)+/g, '.*')}$`, 'su');
}
