// Tracks which subscriptions are wanted, requested, confirmed or failed on the current connection. In: the wanted list, frames, the time.
// Out: effects (requests and events). It does no I/O.
//
// Acknowledgements name the topic, not the symbol, so each topic has ONE slot for an unanswered request:
//
//   need ──write──▶ slot: waiting ──ack / already / error──▶ free
//                      │  ├─ data of that subscription: confirmed, slot `settled`, kept until its ack or the time-out
//                      │  └─ time-out: written again, at most `ackTries` times, then failed
//                      └─ answered, but written more than once: `settled` for `lateAckMs`, for the other answers
//
// A settled slot absorbs late answers, which would otherwise be taken for those of the next symbol.

import { type Topic, topics } from '../api/topics.ts';
import type { Effect } from './effects.ts';
import type { StreamLimits } from './limits.ts';
import type { Message } from './messages.ts';
import {
  frameKey,
  frameKeyOf,
  looseKey,
  requestText,
  type Subscription,
  subscriptionKey,
} from './subscription.ts';

interface Entry {
  readonly sub: Subscription;
  readonly key: string;
  readonly frameKey: string;
  wanted: boolean;
  /** A subscribe request must be written. */
  need: boolean;
  /** A subscribe request was written on this connection: the server may have it. */
  asked: boolean;
  on: boolean;
  /** Sequence number of the confirmation, compared with `mark()`. */
  onSeq: number;
  failed: string | null;
  /** Its data comes although the server's list lacks it: audits ignore it until the list shows it. */
  unlisted: boolean;
}

interface Slot {
  readonly entry: Entry;
  readonly action: 'subscribe' | 'unsubscribe';
  sent: number;
  answers: number;
  settled: boolean;
  untilMs: number;
}

export interface AuditFinding {
  missing: Subscription[];
  extra: Subscription[];
}

export interface SubscriptionsSnapshot {
  pending: Subscription[];
  subscribed: Subscription[];
  failed: { sub: Subscription; message: string }[];
}

const NOT_LISTED = 'acknowledged, but not in the list of subscriptions';
const ALREADY = /already\s+subscribed/i;

export class SubscriptionTracker {
  readonly #limits: StreamLimits;
  readonly #entries = new Map<string, Entry>();
  readonly #slots = new Map<Topic, Slot>();
  /** Unconfirmed requests, by the key of the frames that would prove them. Usually empty, so that a tick costs only a look at `size`. */
  readonly #awaited = new Map<string, Entry>();
  /** Extra subscriptions whose unsubscribe was written on this connection and not refused: a list that still shows them is not fought. */
  readonly #shed = new Set<string>();
  #seq = 0;
  /** True when a request was confirmed since the last `mark()`: the server's list should be compared. */
  changed = false;
  /** True when any subscription was confirmed on this connection. */
  proven = false;

  constructor(limits: StreamLimits) {
    this.#limits = limits;
  }

  /** Replaces the wanted list (normalised subscriptions); `pump` writes the requests. */
  want(subs: readonly Subscription[]): void {
    const wanted = new Map(subs.map((sub) => [subscriptionKey(sub), sub]));
    for (const entry of this.#entries.values()) {
      if (wanted.has(entry.key)) continue;
      entry.wanted = false;
      entry.need = false;
      entry.failed = null;
      this.#awaited.delete(entry.frameKey);
      if (!entry.asked) this.#entries.delete(entry.key);
    }
    for (const [key, sub] of wanted) {
      const entry = this.#entries.get(key);
      if (entry === undefined) this.#entries.set(key, this.#newEntry(sub, true));
      else if (!entry.wanted) {
        const slot = this.#slotOf(entry);
        const answerDue = slot?.action === 'subscribe' && !slot.settled;
        entry.wanted = true;
        entry.failed = null;
        entry.need = slot?.action === 'unsubscribe' || (!entry.on && !answerDue);
        if (answerDue && !entry.on) this.#awaited.set(entry.frameKey, entry);
      }
    }
  }

  /** A connection began or ended: nothing is requested or confirmed. */
  reset(): void {
    this.#slots.clear();
    this.#awaited.clear();
    this.#shed.clear();
    this.changed = false;
    this.proven = false;
    for (const entry of this.#entries.values()) {
      if (!entry.wanted) this.#entries.delete(entry.key);
      Object.assign(entry, { need: true, asked: false, on: false, failed: null, unlisted: false });
    }
  }

  /** Requests everything again, including failed subscriptions and those that wait for an answer. */
  again(nowMs: number): void {
    for (const entry of this.#entries.values()) {
      if (!entry.wanted) continue;
      Object.assign(entry, { need: true, on: false, failed: null });
      const slot = this.#slotOf(entry);
      if (slot === undefined) this.#awaited.delete(entry.frameKey);
      // The pending request may have been lost for the same reason.
      else slot.untilMs = Math.min(slot.untilMs, nowMs + this.#limits.lateAckMs);
    }
  }

  /** Requests failed subscriptions again; unless `afresh`, they count as failed until they succeed. */
  retryFailed(afresh: boolean): void {
    for (const entry of this.#entries.values()) {
      if (entry.failed === null) continue;
      if (entry.wanted) entry.need = true;
      if (afresh || !entry.wanted) entry.failed = null;
    }
  }

  /** Writes the next request of every topic whose slot is free. */
  pump(nowMs: number, out: Effect[]): void {
    for (const topic of topics) {
      if (this.#slots.has(topic)) continue;
      for (const entry of this.#entries.values()) {
        if (entry.sub.topic !== topic) continue;
        const action = this.#nextAction(entry);
        if (action === null) continue;
        const slot = { entry, action, sent: 0, answers: 0, settled: false, untilMs: 0 };
        this.#slots.set(topic, slot);
        this.#write(slot, nowMs, out);
        break;
      }
    }
  }

  /** Evaluates a frame: an answer to a request, or data that proves a subscription. */
  frame(message: Message, nowMs: number, out: Effect[]): void {
    switch (message.type) {
      case 'subscribed':
      case 'unsubscribed': {
        const slot = this.#slots.get(message.topic as Topic);
        // An answer of the other kind belongs to an earlier request.
        if (slot?.action === (message.type === 'subscribed' ? 'subscribe' : 'unsubscribe'))
          this.#acknowledged(slot, ALREADY.test(message.message), nowMs, out);
        return;
      }
      case 'error':
        this.#refused(message, nowMs, out);
        return;
      default:
        if (this.#awaited.size > 0) this.#proved(this.#awaited.get(frameKey(message)), out);
    }
  }

  /** Repeats requests whose time-out has passed, or gives them up. */
  due(nowMs: number, out: Effect[]): void {
    for (const [topic, slot] of this.#slots) {
      if (nowMs < slot.untilMs) continue;
      if (slot.settled) this.#slots.delete(topic);
      else if (slot.sent < this.#limits.ackTries) this.#write(slot, nowMs, out);
      else {
        this.#slots.delete(topic);
        this.#fail(slot.entry, `no answer to ${slot.sent} ${slot.action} requests`, out);
      }
    }
  }

  /** Call when `list` is written; pass the result to `compare` with the answer. */
  mark(): number {
    this.changed = false;
    this.#seq += 1;
    return this.#seq;
  }

  /** Compares the server's list with what was confirmed before `mark`, and confirms failed subscriptions that it shows. */
  compare(list: readonly Subscription[], mark: number, out: Effect[]): AuditFinding {
    // The list may spell a requested `EURUSD` as `eurusd`.
    const asAsked = new Map([...this.#entries.values()].map(({ sub }) => [looseKey(sub), sub]));
    const rows = list.map((sub) =>
      this.#entries.has(subscriptionKey(sub)) ? sub : (asAsked.get(looseKey(sub)) ?? sub),
    );
    const listed = new Set(rows.map(subscriptionKey));
    const finding: AuditFinding = { missing: [], extra: [] };
    for (const entry of this.#entries.values()) {
      const isListed = listed.has(entry.key);
      if (isListed) entry.unlisted = false;
      const inSlot = this.#slotOf(entry) !== undefined;
      if (!entry.wanted || inSlot) continue;
      if (isListed) {
        if (entry.failed !== null) this.#confirm(entry, 'already', out);
      } else if (entry.on && !entry.need && !entry.unlisted && entry.onSeq < mark)
        finding.missing.push(entry.sub);
    }
    for (const sub of rows) {
      const entry = this.#entries.get(subscriptionKey(sub));
      if (entry === undefined || (!entry.wanted && this.#slotOf(entry) === undefined))
        finding.extra.push(sub);
    }
    return finding;
  }

  /** Acts on a finding: missing subscriptions are requested again (with `giveUp` they fail), extra ones are unsubscribed, again only after a refusal. */
  correct(finding: AuditFinding, giveUp: boolean, out: Effect[]): void {
    for (const sub of finding.missing) {
      const entry = this.#entries.get(subscriptionKey(sub));
      if (entry === undefined) continue;
      entry.on = false;
      if (giveUp) this.#fail(entry, NOT_LISTED, out);
      else entry.need = true;
    }
    for (const sub of finding.extra) {
      const key = subscriptionKey(sub);
      if (this.#shed.has(key)) continue;
      this.#shed.add(key);
      const entry = this.#entries.get(key) ?? this.#newEntry(sub, false);
      Object.assign(entry, { asked: true, failed: null });
      this.#entries.set(key, entry);
    }
  }

  /** True when no request is pending or due. */
  get settled(): boolean {
    if (this.#slots.size > 0) return false;
    for (const entry of this.#entries.values()) if (this.#nextAction(entry) !== null) return false;
    return true;
  }

  /** True when every wanted subscription is confirmed or has failed. */
  get complete(): boolean {
    for (const entry of this.#entries.values())
      if (entry.wanted && entry.failed === null && (!entry.on || entry.need)) return false;
    return true;
  }

  isOn(sub: Subscription): boolean {
    return this.#entries.get(subscriptionKey(sub))?.on ?? false;
  }

  wakeAt(): number | null {
    let at: number | null = null;
    for (const slot of this.#slots.values()) if (at === null || slot.untilMs < at) at = slot.untilMs;
    return at;
  }

  snapshot(): SubscriptionsSnapshot {
    const snapshot: SubscriptionsSnapshot = { pending: [], subscribed: [], failed: [] };
    for (const entry of this.#entries.values()) {
      if (!entry.wanted) continue;
      if (entry.failed !== null) snapshot.failed.push({ sub: entry.sub, message: entry.failed });
      else if (entry.on && !entry.need) snapshot.subscribed.push(entry.sub);
      else snapshot.pending.push(entry.sub);
    }
    return snapshot;
  }

  #newEntry(sub: Subscription, wanted: boolean): Entry {
    const key = subscriptionKey(sub);
    return {
      sub,
      key,
      frameKey: frameKeyOf(sub),
      wanted,
      need: wanted,
      asked: false,
      on: false,
      onSeq: 0,
      failed: null,
      unlisted: false,
    };
  }

  #slotOf(entry: Entry): Slot | undefined {
    const slot = this.#slots.get(entry.sub.topic);
    return slot?.entry === entry ? slot : undefined;
  }

  #nextAction(entry: Entry): Slot['action'] | null {
    if (entry.wanted) return entry.need ? 'subscribe' : null;
    return entry.asked && entry.failed === null ? 'unsubscribe' : null;
  }

  #write(slot: Slot, nowMs: number, out: Effect[]): void {
    const { entry, action } = slot;
    slot.sent += 1;
    slot.untilMs = nowMs + this.#limits.ackTimeoutMs;
    if (action === 'subscribe') {
      entry.need = false;
      entry.asked = true;
      this.#awaited.set(entry.frameKey, entry);
      out.push({ type: 'emit', event: { type: 'subscribing', sub: entry.sub } });
    }
    out.push({ type: 'send', text: requestText(action, entry.sub) });
  }

  /** An answer to this slot's requests came: free it, unless more answers may follow. */
  #answered(slot: Slot, last: boolean, nowMs: number): void {
    slot.answers += 1;
    if (last || slot.answers >= slot.sent) this.#slots.delete(slot.entry.sub.topic);
    else {
      slot.settled = true;
      slot.untilMs = nowMs + this.#limits.lateAckMs;
    }
  }

  #acknowledged(slot: Slot, already: boolean, nowMs: number, out: Effect[]): void {
    const { entry, action } = slot;
    if (action === 'unsubscribe') this.#gone(entry, out);
    else if (!slot.settled) this.#confirm(entry, already ? 'already' : 'ack', out);
    // Answers come in order, and "already" answers the latest request: earlier answers are lost.
    this.#answered(slot, already, nowMs);
  }

  #refused(error: { topic: string | null; message: string }, nowMs: number, out: Effect[]): void {
    const slot = error.topic === null ? this.#onlyWaiting() : this.#slots.get(error.topic as Topic);
    if (slot === undefined) return;
    if (slot.action === 'subscribe' && ALREADY.test(error.message)) {
      this.#acknowledged(slot, true, nowMs, out);
      return;
    }
    if (slot.action === 'unsubscribe') {
      this.#shed.delete(slot.entry.key); // the next audit tries again
      this.#gone(slot.entry, out);
    } else if (!slot.settled) this.#fail(slot.entry, error.message || 'refused without a reason', out);
    this.#answered(slot, false, nowMs);
  }

  /** The only request that an error without a topic can belong to. */
  #onlyWaiting(): Slot | undefined {
    const waiting = [...this.#slots.values()].filter((slot) => !slot.settled);
    return waiting.length === 1 ? waiting[0] : undefined;
  }

  #proved(entry: Entry | undefined, out: Effect[]): void {
    if (entry === undefined) return;
    if (entry.failed === NOT_LISTED) entry.unlisted = true;
    this.#confirm(entry, 'frame', out);
    const slot = this.#slotOf(entry);
    if (slot !== undefined) slot.settled = true;
  }

  #confirm(entry: Entry, how: 'ack' | 'already' | 'frame', out: Effect[]): void {
    this.#seq += 1;
    entry.on = true;
    entry.onSeq = this.#seq;
    entry.failed = null;
    if (this.#slotOf(entry) !== undefined) this.changed = true;
    this.proven = true;
    this.#awaited.delete(entry.frameKey);
    out.push({ type: 'emit', event: { type: 'subscribed', sub: entry.sub, how } });
  }

  #fail(entry: Entry, message: string, out: Effect[]): void {
    entry.failed = message;
    entry.on = false;
    if (entry.wanted) this.#awaited.set(entry.frameKey, entry); // data would disprove the failure
    out.push({ type: 'emit', event: { type: 'subscribe_failed', sub: entry.sub, message } });
  }

  #gone(entry: Entry, out: Effect[]): void {
    entry.asked = false;
    entry.on = false;
    if (entry.wanted) entry.need = true;
    else this.#entries.delete(entry.key);
    out.push({ type: 'emit', event: { type: 'unsubscribed', sub: entry.sub } });
  }
}
