// Reads the lines of a tick file. In: a path. Out: its non-blank lines with their numbers and the digest of the file, or why it is not text. A byte order
// mark, CRLF and blank lines, as spreadsheets add them, are removed.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { FxtapeError } from '@fxtape/ops';

export interface TickLines {
  readonly lines: readonly string[];
  /** The number of a line in the file, blank ones counted. */
  readonly numberOf: (index: number) => number;
  /** Digest of the whole file, in hexadecimal. */
  readonly sha256: string;
}

/** Throws SIMULATOR_FILE_UNREADABLE. */
export function readTickLines(path: string, formats: string): TickLines {
  const bytes = readBytes(path, formats);
  const why = notText(bytes);
  if (why !== null) throw unreadable(path, why.message, why.hint);
  const text = bytes.toString('utf8').replace(/^\uFEFF/, '');
  const all = text.split(/\r?\n/);
  const blank = all.flatMap((line, i) => (line.trim() === '' ? [i] : []));
  const lines = blank.length === 0 ? all : all.filter((line) => line.trim() !== '');
  const numberOf = (index: number): number => {
    let at = index;
    for (const before of blank) if (before <= at) at += 1;
    return at + 1;
  };
  return { lines, numberOf, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function readBytes(path: string, formats: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
    if (why === 'ENOENT')
      throw unreadable(
        path,
        `there is no tick file at ${path}`,
        `Give the path of an existing file: ${formats}`,
        cause,
      );
    const hint = 'Give a readable, uncompressed file of less than 500 MB';
    throw unreadable(path, `the tick file ${path} cannot be read (${why})`, hint, cause);
  }
}

/** What the file is instead of text; null for text. */
function notText(bytes: Buffer): { message: string; hint: string } | null {
  const [a, b] = bytes;
  const utf16 = (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff) || bytes.subarray(0, 64).includes(0);
  if (utf16)
    return { message: 'the tick file is UTF-16', hint: 'Save it as UTF-8: "CSV UTF-8" in a spreadsheet' };
  if (bytes.subarray(0, 4).toString('latin1') === 'PK\u0003\u0004' || (a === 0x1f && b === 0x8b))
    return { message: 'the tick file is compressed', hint: 'Decompress it, and give the CSV inside' };
  return null;
}

function unreadable(path: string, message: string, hint: string, cause?: unknown): FxtapeError {
  return new FxtapeError({
    code: 'SIMULATOR_FILE_UNREADABLE',
    message: message.includes(path) ? message : `${message}: ${path}`,
    hint,
    context: { path },
    cause,
  });
}
