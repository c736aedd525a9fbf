// Keeps paths inside the dataset: they come from logs that anybody may have written. In: a path of the dataset. Out: the same path.
import { FxtapeError } from '@fxtape/ops';

/** @throws DATASET_PATH_INVALID for `..`, an absolute path, an empty part, a backslash or a control character */
export function inside(path: string): string {
  const parts = path.split('/');
  const bad = parts.some((part) => part === '' || part === '.' || part === '..' || /[\p{Cc}\\]/u.test(part));
  if (!bad) return path;
  throw new FxtapeError({
    code: 'DATASET_PATH_INVALID',
    message: `the path ${JSON.stringify(path)} is not inside the dataset`,
    context: { path },
  });
}
