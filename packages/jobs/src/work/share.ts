// How the slots of an account are split between the processes that serve it. Every process computes it for itself from the same list
// of members, so that nobody hands anything out: the slots are dealt in an order that differs from account to account, and so all
// processes together get about the same. Its sum is exactly the slots; the queue's own limit holds while members disagree.
import { createHash } from 'node:crypto';

/** Slots of `account` for `member`; 0 when there are more members than slots and others are dealt first. */
export function shareOf(account: string, member: string, members: readonly string[], slots: number): number {
  const all = new Set(members).add(member);
  const ranked = [...all]
    .map((name) => ({ name, place: createHash('sha256').update(`${account}\n${name}`).digest('hex') }))
    .toSorted((a, b) => (a.place < b.place ? -1 : 1));
  const rank = ranked.findIndex((one) => one.name === member);
  return Math.floor(slots / all.size) + (rank < slots % all.size ? 1 : 0);
}
