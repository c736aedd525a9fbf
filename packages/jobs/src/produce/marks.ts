// What was asked for once and need not be asked for again for a while: the re-reads of a day, for example, which leave no trace in the
// database when nothing changed. In: a set's name and words. Out: the words that are in it. The marks stand beside the jobs that they speak
// of: a Redis that is emptied forgets both, and both are made anew.
//
// Redis: own:marks:<set>  set  words, expires as a whole
import type { QueueSet } from '../catalogue/queue-set.ts';

const CHUNK = 1000;

export async function readMarks(set: QueueSet, name: string): Promise<Set<string>> {
  return new Set(await set.redis.smembers(set.own('marks', name)));
}

export async function addMarks(
  set: QueueSet,
  name: string,
  words: readonly string[],
  ttlMs: number,
): Promise<void> {
  if (words.length === 0) return;
  const key = set.own('marks', name);
  for (let at = 0; at < words.length; at += CHUNK) await set.redis.sadd(key, ...words.slice(at, at + CHUNK));
  await set.redis.pexpire(key, ttlMs);
}
