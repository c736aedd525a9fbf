// The bearer token check of every HTTP port of fxtape. In: the Authorization header as received and the token that is required.
// Out: whether they are equal, compared in constant time.
import { createHash, timingSafeEqual } from 'node:crypto';

/** True when `header` is `Bearer <token>`. Digests are compared, so that not even the length leaks. */
export function bearerMatches(header: string | undefined, token: string): boolean {
  const given = /^bearer +(.+)$/i.exec(header ?? '')?.[1]?.trim() ?? '';
  const same = timingSafeEqual(digest(given), digest(token));
  return same && given !== '';
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
