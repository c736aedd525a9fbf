// The id of a job: the same work has the same id, whoever plans it and when, so that two planners make one job of it. In: the job's name
// and what identifies its work. Out: `bars-icm-EURUSD-M1-20260105T000000-20260106T000000-9f86d08188`: a readable part, then a digest of the
// exact identity. It never contains a colon and is never a number (BullMQ refuses both).
import { createHash } from 'node:crypto';

/** `{ us }` is a time, which the id spells readably. */
export type IdPart = string | null | { readonly us: number };

export function jobId(name: string, parts: readonly IdPart[]): string {
  const digest = createHash('sha256')
    .update(JSON.stringify([name, ...parts]))
    .digest('hex');
  return [name, ...parts.flatMap(readable), digest.slice(0, 12)].join('-');
}

function readable(part: IdPart): string[] {
  if (part === null) return [];
  if (typeof part === 'string') return [part.slice(0, 40).replaceAll(/[^A-Za-z0-9._]/g, '_')];
  const text = new Date(part.us / 1000).toISOString();
  return [text.slice(0, 19).replaceAll(/[-:]/g, '')];
}
