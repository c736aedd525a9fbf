// Why a service exited, from the last lines that it printed. In: lines, oldest first: `CODE: …` for a known error, JSON of its log for an
// unknown one, or whatever Node printed. Out: the most informative line, or null if it printed none.

const KNOWN = /^[A-Z][A-Z0-9_]+: /;

export function failureReason(lines: readonly string[]): string | null {
  const known = lines.findLast((line) => KNOWN.test(line));
  if (known !== undefined) return known;
  const logged = lines.findLast((line) => /"level":"(fatal|error)"/.test(line));
  if (logged !== undefined) return messageOf(logged);
  return lines.findLast((line) => line.trim() !== '')?.trim() ?? null;
}

function messageOf(line: string): string {
  try {
    const { msg } = JSON.parse(line) as { msg?: unknown };
    return typeof msg === 'string' ? msg : line;
  } catch {
    return line; // cut off while it was written: shown as it is
  }
}
