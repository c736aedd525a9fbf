// The state machine of one account's stream. In: inputs (what happened, with the time). Out: effects (what to do), in order. It does no I/O;
// time and randomness are arguments.
//
//            start          opened                      closed
//   idle ──────────▶ connecting ──────▶ open ──────────────────────┐
//     ▲ delay          │  ▲ retry time    │ own decision: close,    │
//     └── waiting      │  │               ▼ terminate               ▼
//                refused  └──────────── closing ──── closed ───▶ waiting
//
//   from anywhere: pause_intake ▶ (closing ▶) paused ── resume_intake ▶ connecting;  close ▶ (closing ▶) closed, for good
//   `open` is shown as subscribing | live | stalled, `waiting` as backing_off | contended
//
// Each `connecting` is followed by exactly one `connected` or `refused`, each `connected` by exactly one `disconnected`.

import { Backoff, type Retry } from './backoff.ts';
import type { Effect } from './effects.ts';
import type { SessionEvent } from './events.ts';
import type { StreamLimits } from './limits.ts';
import type { Message, Undecodable } from './messages.ts';
import { Pulse } from './pulse.ts';
import type { SessionPhase, SessionSnapshot } from './snapshot.ts';
import { LIST_REQUEST, type Subscription } from './subscription.ts';
import { SubscriptionTracker } from './subscription-tracker.ts';

export type SessionInput =
  | { type: 'start'; delayMs: number }
  | { type: 'opened' }
  | { type: 'refused'; status: number | null; reason: string; retryAfterMs: number | null }
  | { type: 'closed'; code: number | null; reason: string }
  | { type: 'frame'; message: Message | Undecodable }
  /** The time that `wakeAt` named has come. */
  | { type: 'tick' }
  /** Back-pressure paused or resumed reading from the socket. */
  | { type: 'flow'; paused: boolean }
  | { type: 'want'; subscriptions: readonly Subscription[] }
  | { type: 'pause_intake'; reason: string }
  | { type: 'resume_intake' }
  | { type: 'close' };

type State = 'idle' | 'connecting' | 'open' | 'closing' | 'waiting' | 'paused' | 'closed';

const HEARTBEAT: Subscription = { topic: 'terminal' };
/** The periodic audit, one after a round of requests, one after corrections. */
const LISTS_A_MINUTE = 3;
const NOTHING: readonly Effect[] = [];

export class Session {
  readonly #limits: StreamLimits;
  readonly #tracker: SubscriptionTracker;
  readonly #pulse: Pulse;
  readonly #backoff: Backoff;
  #state: State = 'idle';
  #sinceMs = 0;
  #reason = 'not started';
  #conn = 0;
  #out: Effect[] = [];
  /** End of `idle`, `connecting`, `closing` and `waiting`. */
  #deadlineMs: number | null = null;
  /** Why this client ended the connection or the attempt; null when the other side did. */
  #ownReason: string | null = null;
  #pauseReason: string | null = null;
  #stopping = false;
  #contended = false;
  #auditAtMs = 0;
  #listSent: { mark: number; untilMs: number } | null = null;
  #listUnanswered = 0;
  /** Lists requested since the last periodic audit, that one included. */
  #lists = 0;
  #corrected = false;
  #plannedMs: number | null = null;

  constructor(o: { subscriptions: readonly Subscription[]; limits: StreamLimits; random: () => number }) {
    this.#limits = o.limits;
    this.#tracker = new SubscriptionTracker(o.limits);
    this.#pulse = new Pulse(o.limits);
    this.#backoff = new Backoff(o.limits, o.random);
    this.#want(o.subscriptions);
  }

  /** Number of the current or last connection; 0 before the first. */
  get conn(): number {
    return this.#conn;
  }

  /** Bytes came from the socket. */
  heard(nowMs: number): void {
    this.#pulse.heard(nowMs);
  }

  /** Takes one input and returns its effects, to be carried out in order. */
  handle(input: SessionInput, nowMs: number): readonly Effect[] {
    this.#take(input, nowMs);
    if (this.#out.length === 0) return NOTHING; // the usual case: a tick
    const out = this.#out;
    this.#out = [];
    return out;
  }

  /** When to send the input `tick`, on the clock of `handle`; null: not before another input. */
  wakeAt(): number | null {
    let at = this.#deadlineMs;
    if (this.#state === 'open') {
      const times = [this.#tracker.wakeAt(), this.#pulse.wakeAt(), this.#auditAtMs, this.#listSent?.untilMs];
      for (const time of times) if (time !== null && time !== undefined) at = Math.min(at ?? time, time);
    }
    this.#plannedMs = at;
    return at;
  }

  snapshot(nowMs: number): SessionSnapshot {
    return {
      phase: this.#phase(),
      reason: this.#reason,
      sinceAgoMs: nowMs - this.#sinceMs,
      conn: this.#conn,
      attempts: this.#backoff.failures,
      heartbeatAgoMs: this.#state === 'open' ? this.#pulse.silentMs(nowMs) : null,
      listUnanswered: this.#listUnanswered,
      ...this.#tracker.snapshot(),
    };
  }

  #phase(): SessionPhase {
    switch (this.#state) {
      case 'open':
        if (this.#pulse.stalled) return 'stalled';
        return this.#tracker.complete ? 'live' : 'subscribing';
      case 'waiting':
        return this.#contended ? 'contended' : 'backing_off';
      case 'closing':
        return this.#stopping ? 'closed' : this.#pauseReason !== null ? 'paused' : 'backing_off';
      default:
        return this.#state;
    }
  }

  #take(input: SessionInput, nowMs: number): void {
    switch (input.type) {
      case 'frame':
        if (this.#state === 'open') this.#frame(input.message, nowMs);
        return;
      case 'tick':
        this.#tick(nowMs);
        return;
      case 'start':
        if (this.#state !== 'idle') return;
        this.#enter('idle', 'waiting for its turn to connect', nowMs, nowMs + input.delayMs);
        if (input.delayMs <= 0) this.#deadline(nowMs);
        return;
      case 'opened':
        if (this.#state === 'connecting' || this.#state === 'closing') this.#opened(nowMs);
        return;
      case 'refused':
        if (this.#state === 'connecting' || this.#state === 'closing') this.#refused(input, nowMs);
        return;
      case 'closed':
        if (this.#state === 'open' || this.#state === 'closing') this.#closed(input, nowMs);
        return;
      case 'flow':
        this.#pulse.flow(input.paused, nowMs);
        return;
      case 'want':
        this.#want(input.subscriptions);
        if (this.#state === 'open') this.#pump(nowMs);
        return;
      case 'pause_intake':
        if (this.#stopping) return;
        this.#pauseReason = input.reason;
        this.#stop(`intake paused: ${input.reason}`, nowMs);
        return;
      case 'resume_intake':
        this.#pauseReason = null;
        if (this.#state === 'paused') this.#connect(nowMs);
        return;
      case 'close':
        if (this.#stopping) return;
        this.#stopping = true;
        this.#stop('closed by the caller', nowMs);
    }
  }

  #want(subscriptions: readonly Subscription[]): void {
    this.#tracker.want([HEARTBEAT, ...subscriptions]);
  }

  #emit(event: SessionEvent): void {
    this.#out.push({ type: 'emit', event });
  }

  #enter(state: State, reason: string, nowMs: number, deadlineMs: number | null): void {
    this.#state = state;
    this.#reason = reason;
    this.#sinceMs = nowMs;
    this.#deadlineMs = deadlineMs;
  }

  #connect(nowMs: number): void {
    this.#ownReason = null;
    this.#enter('connecting', 'upgrade requested', nowMs, nowMs + this.#limits.connectTimeoutMs);
    this.#emit({ type: 'connecting' });
    this.#out.push({ type: 'connect' });
  }

  #opened(nowMs: number): void {
    this.#conn += 1;
    this.#emit({ type: 'connected' });
    if (this.#state === 'closing') {
      this.#deadlineMs = nowMs + this.#limits.closeTimeoutMs;
      this.#out.push({ type: 'close', code: 1000, reason: this.#ownReason ?? '' });
      return;
    }
    this.#enter('open', 'connected', nowMs, null);
    this.#pulse.opened(nowMs);
    this.#tracker.reset();
    this.#listSent = null;
    this.#lists = 0;
    this.#corrected = false;
    this.#auditAtMs = nowMs + this.#limits.auditEveryMs;
    this.#pump(nowMs);
  }

  #refused(input: Extract<SessionInput, { type: 'refused' }>, nowMs: number): void {
    const reason = this.#ownReason ?? input.reason;
    this.#emit({ type: 'refused', status: input.status, reason });
    this.#wait(this.#backoff.refused(input.retryAfterMs), reason, nowMs);
  }

  #closed(input: Extract<SessionInput, { type: 'closed' }>, nowMs: number): void {
    const reason = this.#ownReason ?? input.reason;
    this.#tracker.reset();
    this.#emit({ type: 'disconnected', code: input.code, reason });
    this.#wait(this.#backoff.ended(nowMs, this.#ownReason === null), reason, nowMs);
  }

  /** A connection or an attempt has ended: wait, pause or stop. */
  #wait(retry: Retry, why: string, nowMs: number): void {
    this.#ownReason = null;
    if (this.#stopping) this.#end(nowMs);
    else if (this.#pauseReason !== null)
      this.#enter('paused', `intake paused: ${this.#pauseReason}`, nowMs, null);
    else {
      this.#contended = retry.contended;
      const reason = retry.contended ? `another program uses this account's socket (${why})` : why;
      this.#enter('waiting', reason, nowMs, nowMs + retry.ms);
      if (retry.contended) this.#emit({ type: 'contended' });
      this.#emit({ type: 'backing_off', ms: retry.ms, why });
    }
  }

  /** Ends the connection or attempt, to pause or to close. */
  #stop(reason: string, nowMs: number): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    if (this.#state === 'open') {
      this.#ownReason = reason;
      this.#enter('closing', reason, nowMs, nowMs + this.#limits.closeTimeoutMs);
      this.#out.push({ type: 'close', code: 1000, reason });
    } else if (this.#state === 'connecting') {
      this.#ownReason = reason;
      this.#enter('closing', reason, nowMs, null);
      this.#out.push({ type: 'terminate' });
    } else if (this.#stopping) this.#end(nowMs);
    else if (this.#state !== 'idle') this.#enter('paused', reason, nowMs, null);
  }

  #end(nowMs: number): void {
    this.#enter('closed', 'closed by the caller', nowMs, null);
    this.#out.push({ type: 'end' });
  }

  #terminate(reason: string, nowMs: number): void {
    this.#ownReason = reason;
    this.#enter('closing', reason, nowMs, null);
    this.#out.push({ type: 'terminate' });
  }

  #tick(nowMs: number): void {
    const lateMs = nowMs - (this.#plannedMs ?? nowMs);
    if (this.#state === 'open') {
      if (lateMs >= this.#limits.lateTimerMs) this.#pulse.late(nowMs);
      this.#tickOpen(nowMs);
    } else if (this.#deadlineMs !== null && nowMs >= this.#deadlineMs) this.#deadline(nowMs);
  }

  #deadline(nowMs: number): void {
    this.#deadlineMs = null;
    if (this.#state === 'connecting')
      this.#terminate(`no answer to the upgrade within ${this.#limits.connectTimeoutMs} ms`, nowMs);
    else if (this.#state === 'closing') this.#out.push({ type: 'terminate' });
    else if (this.#pauseReason !== null)
      this.#enter('paused', `intake paused: ${this.#pauseReason}`, nowMs, null);
    else this.#connect(nowMs);
  }

  #tickOpen(nowMs: number): void {
    for (const verdict of this.#pulse.judge(nowMs)) {
      if (verdict === 'ping') this.#out.push({ type: 'ping' });
      else if (verdict === 'dead') {
        this.#terminate(
          `half-open connection: no byte for ${this.#limits.deadAfterMs} ms, ping unanswered`,
          nowMs,
        );
        return;
      } else {
        const silentMs = this.#pulse.silentMs(nowMs) ?? 0;
        if (verdict === 'stalled') this.#emit({ type: 'heartbeat_lost', silentMs });
        this.#resubscribe('stalled', nowMs);
      }
    }
    if (this.#listSent !== null && nowMs >= this.#listSent.untilMs) {
      this.#listSent = null;
      this.#listUnanswered += 1;
    }
    this.#tracker.due(nowMs, this.#out);
    if (nowMs >= this.#auditAtMs) {
      this.#auditAtMs = nowMs + this.#limits.auditEveryMs;
      this.#lists = 0;
      this.#corrected = false;
      this.#tracker.retryFailed(false);
      this.#list(nowMs);
    }
    this.#pump(nowMs);
  }

  #resubscribe(why: 'stalled' | 'broker_back', nowMs: number): void {
    this.#emit({ type: 'resubscribing', why });
    this.#tracker.again(nowMs);
  }

  #frame(message: Message | Undecodable, nowMs: number): void {
    switch (message.type) {
      case 'terminal':
        this.#tracker.frame(message, nowMs, this.#out);
        this.#beat(message.data.connected, nowMs);
        break;
      case 'undecodable':
        // An unreadable heartbeat is a heartbeat all the same.
        if (message.wireType === 'terminal') this.#beat(null, nowMs);
        break;
      case 'subscriptions':
        this.#listed(message, nowMs);
        break;
      default:
        this.#tracker.frame(message, nowMs, this.#out);
        if (message.type !== 'subscribed' && message.type !== 'unsubscribed' && message.type !== 'error')
          if (this.#out.length === 0) return;
    }
    if (this.#tracker.proven) this.#backoff.live(nowMs);
    if (this.#tracker.isOn(HEARTBEAT)) this.#pulse.expectBeats(nowMs);
    this.#pump(nowMs);
  }

  #beat(connected: boolean | null, nowMs: number): void {
    const news = this.#pulse.beat(nowMs, connected);
    if (news === 'broker_back') this.#resubscribe('broker_back', nowMs);
    else if (news === 'returned') {
      this.#tracker.retryFailed(true);
      this.#list(nowMs);
    }
  }

  /** Writes the requests that may be written; after a round of requests, asks for the server's list. */
  #pump(nowMs: number): void {
    this.#tracker.pump(nowMs, this.#out);
    if (this.#tracker.changed && this.#tracker.settled) this.#list(nowMs);
  }

  #list(nowMs: number): void {
    // The limit holds whatever the answers are; the next periodic audit sees the rest.
    if (this.#listSent !== null || this.#lists >= LISTS_A_MINUTE) return;
    this.#lists += 1;
    this.#listSent = { mark: this.#tracker.mark(), untilMs: nowMs + this.#limits.ackTimeoutMs };
    this.#out.push({ type: 'send', text: LIST_REQUEST });
  }

  #listed(answer: Extract<Message, { type: 'subscriptions' }>, nowMs: number): void {
    const sent = this.#listSent;
    if (sent === null) return;
    this.#listSent = null;
    // An unreadable row may be any subscription, so this list cannot show that one is missing.
    if (answer.unreadable > 0) {
      this.#listUnanswered += 1;
      return;
    }
    this.#listUnanswered = 0;
    const finding = this.#tracker.compare(answer.data, sent.mark, this.#out);
    this.#emit({ type: 'audit', missing: finding.missing, extra: finding.extra });
    const giveUp = this.#corrected;
    if (finding.missing.length > 0) {
      if (!giveUp) this.#emit({ type: 'resubscribing', why: 'audit' });
      this.#corrected = true;
    }
    this.#tracker.correct(finding, giveUp, this.#out);
    this.#pump(nowMs);
  }
}
