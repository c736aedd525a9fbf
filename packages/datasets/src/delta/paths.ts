// Names of partition folders. In: values of partition columns. Out: the folders in storage, such as
// `feed=icm/symbol=EUR%2FUSD/month=2026-01`; and the path in the log, which is encoded once more. Of the encodings tried, only this one is
// read correctly by all readers in test/readers.
import { FxtapeError } from '@fxtape/ops';

/** Folder names on the usual file systems are at most this long. */
const NAME_BYTES = 255;
/** Hive-style readers take this name for null. */
const HIVE_NULL = '__HIVE_DEFAULT_PARTITION__';
const encoder = new TextEncoder();

/** `feed=icm/symbol=EUR%2FUSD`, in the order of the columns. @throws DATASET_NAME_UNSUPPORTED */
export function partitionFolder(
  columns: readonly string[],
  values: Readonly<Record<string, string>>,
): string {
  return columns.map((column) => folderName(column, values[column] ?? '')).join('/');
}

/** The values in the folder names of a path; null when a folder is not a partition folder. The last part of the path is the file. */
export function partitionOf(path: string): Record<string, string> | null {
  const values: Record<string, string> = {};
  for (const folder of path.split('/').slice(0, -1)) {
    const at = folder.indexOf('=');
    const column = at < 1 ? null : decoded(folder.slice(0, at));
    const value = decoded(folder.slice(at + 1));
    if (column === null || value === null || value === '') return null;
    values[column] = value;
  }
  return values;
}

/** How the log spells a storage path: `%` becomes `%25`, `=` and `/` stay. */
export const toLogPath = (path: string): string =>
  path
    .split(/([=/])/)
    .map((part) => (part === '=' || part === '/' ? part : encoded(part)))
    .join('');

/** The storage path of a path in the log; null when it cannot be decoded. */
export const fromLogPath = (path: string): string | null => decoded(path);

function folderName(column: string, value: string): string {
  if (value === '') throw unsupported(column, value, 'it is empty');
  if (value === HIVE_NULL) throw unsupported(column, value, 'readers take it for null');
  if (!value.isWellFormed()) throw unsupported(column, value, 'it is not valid Unicode');
  const name = `${encoded(column)}=${encoded(value)}`;
  // It is ASCII: one byte per character.
  if (name.length > NAME_BYTES)
    throw unsupported(column, value, `its folder would have a name of ${name.length} bytes`);
  return name;
}

/** Every byte outside A–Z a–z 0–9 . _ - as %XX. */
function encoded(text: string): string {
  let out = '';
  for (const byte of encoder.encode(text)) {
    const char = String.fromCharCode(byte);
    out += /[A-Za-z0-9._-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return out;
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null; // a lone % or bytes that are not UTF-8
  }
}

function unsupported(column: string, value: string, why: string): FxtapeError {
  return new FxtapeError({
    code: 'DATASET_NAME_UNSUPPORTED',
    message: `the ${column} ${JSON.stringify(value)} cannot be a folder of a dataset: ${why}`,
    context: { column, value },
  });
}
