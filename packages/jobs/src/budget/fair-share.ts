// The fair share of an account's permits that falls to one process. In: the account, this process, all processes that serve it, and the
// permits. Out: a number; all shares add up to the permits exactly. Every process computes it from the same member list, without a
// coordinator. The order of dealing differs per account, so that over many accounts all processes get about the same. While members
// disagree, the lease still bounds requests (permit-leases.ts) and BullMQ's global concurrency bounds jobs (budget-store.ts).
import { createHash } from 'node:crypto';

/** 0 when there are more members than slots and others rank before this one. */
export function fairShare(
  account: string,
  member: string,
  members: readonly string[],
  slots: number,
): number {
  const all = new Set(members).add(member);
  const ranked = [...all]
    .map((name) => ({ name, place: createHash('sha256').update(`${account}\n${name}`).digest('hex') }))
    .toSorted((a, b) => (a.place < b.place ? -1 : 1));
  const rank = ranked.findIndex((one) => one.name === member);
  return Math.floor(slots / all.size) + (rank < slots % all.size ? 1 : 0);
}
