// The checks of `fxtape doctor`, for people. In: checks. Out: lines with state, name and facts of each check, what to do below it, and a
// summary at the end.
import { count } from '../print/quantity.ts';
import type { Check } from './check.ts';

const WORDS = { ok: 'ok', warning: 'WARNING', failed: 'FAILED' } as const;

export function checkLines(
  checks: readonly Check[],
  paint = (_state: Check['state'], text: string) => text,
): string[] {
  const width = Math.max(...checks.map(({ name }) => name.length));
  const indent = ' '.repeat(WORDS.warning.length + 2 + width + 2);
  const lines = checks.flatMap(({ code, facts, name, state, todo }) => {
    const word = paint(state, WORDS[state].padEnd(WORDS.warning.length));
    const head = `${word}  ${name.padEnd(width)}  `;
    const said = facts.join('; ');
    const told = code === null ? said : `${code}: ${said}`;
    return [`${head}${told}`.trimEnd(), ...(todo === null ? [] : [`${indent}→ ${todo}`])];
  });
  return [...lines, '', sumUp(checks)];
}

function sumUp(checks: readonly Check[]): string {
  const of = (state: Check['state']) => checks.filter((check) => check.state === state).length;
  const warnings = of('warning') === 0 ? '' : `, ${count(of('warning'), 'warning')}`;
  const failures = of('failed');
  if (failures === 0) return `${count(checks.length, 'check')} passed${warnings}.`;
  return `${count(failures, 'check')} of ${checks.length} failed${warnings}.`;
}
