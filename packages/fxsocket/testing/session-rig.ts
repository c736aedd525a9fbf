// Runs a session in tests with a clock that stands still until it is told to move. In: inputs, and time to pass. Out: what the
// session decided, as words that a test can be read by: events by their name, `→ …` for what would be written to the socket.

import type { BrokerTime } from '../src/wire/broker-time.ts';
import type { Effect } from '../src/stream/effects.ts';
import type { SessionEvent } from '../src/stream/events.ts';
import { defaultLimits, type StreamLimits } from '../src/stream/limits.ts';
import type { Message } from '../src/stream/messages.ts';
import { Session, type SessionInput } from '../src/stream/session.ts';
import type { SessionSnapshot } from '../src/stream/snapshot.ts';
import type { Subscription } from '../src/stream/subscription.ts';

const NOON = '2026-06-23T12:00:00Z' as BrokerTime;
export const EUR: Subscription = { topic: 'prices', symbol: 'EURUSD' };
export const GBP: Subscription = { topic: 'prices', symbol: 'GBPUSD' };

/** `prices EURUSD`, `bars EURUSD M1`, `terminal`. */
export const nameOf = ({ topic, symbol, timeframe }: Subscription): string =>
  [topic, symbol, timeframe].filter((part) => part !== undefined).join(' ');

export const tickOf = (symbol: string): Message => ({
  type: 'tick',
  symbol,
  data: { bid: 1, ask: 2, time: NOON },
});

export const beatOf = (connected = true): Message => ({
  type: 'terminal',
  data: { connected, tradeAllowed: true, serverTime: NOON },
});

export const ackOf = (topic: string, message = 'ok'): Message => ({ type: 'subscribed', topic, message });

const names = (subs: readonly Subscription[]): string => `[${subs.map(nameOf).join(', ')}]`;

function wordOfEvent(event: SessionEvent): string {
  switch (event.type) {
    case 'refused':
      return `refused ${event.status}: ${event.reason}`;
    case 'disconnected':
      return `disconnected ${event.code}: ${event.reason}`;
    case 'subscribing':
    case 'unsubscribed':
      return `${event.type} ${nameOf(event.sub)}`;
    case 'subscribed':
      return `subscribed ${nameOf(event.sub)} by ${event.how}`;
    case 'subscribe_failed':
      return `subscribe_failed ${nameOf(event.sub)}: ${event.message}`;
    case 'audit':
      return `audit missing ${names(event.missing)} extra ${names(event.extra)}`;
    case 'heartbeat_lost':
      return `heartbeat_lost ${event.silentMs}`;
    case 'resubscribing':
      return `resubscribing: ${event.why}`;
    case 'backing_off':
      return `backing_off ${event.ms}: ${event.why}`;
    default:
      return event.type;
  }
}

function wordOf(effect: Effect): string {
  switch (effect.type) {
    case 'emit':
      return wordOfEvent(effect.event);
    case 'send': {
      const { action, ...sub } = JSON.parse(effect.text) as { action: string } & Subscription;
      return action === 'list' ? '→ list' : `→ ${action} ${nameOf(sub)}`;
    }
    case 'close':
      return `→ close ${effect.code} ${effect.reason}`;
    default:
      return `→ ${effect.type}`;
  }
}

export class SessionRig {
  readonly session: Session;
  readonly limits: StreamLimits;
  nowMs = 1_000_000;
  /** Everything decided so far. */
  readonly words: string[] = [];

  constructor(
    o: {
      subscriptions?: readonly Subscription[];
      limits?: Partial<StreamLimits>;
      random?: () => number;
    } = {},
  ) {
    this.limits = { ...defaultLimits, ...o.limits };
    this.session = new Session({
      subscriptions: o.subscriptions ?? [EUR],
      limits: this.limits,
      random: o.random ?? (() => 0.5),
    });
  }

  get state(): SessionSnapshot {
    return this.session.snapshot(this.nowMs);
  }

  get phase(): string {
    return this.state.phase;
  }

  /** One input now; the words that follow from it. */
  input(input: SessionInput): string[] {
    const words = this.session.handle(input, this.nowMs).map(wordOf);
    this.words.push(...words);
    return words;
  }

  frame(...messages: readonly Message[]): string[] {
    return messages.flatMap((message) => {
      this.session.heard(this.nowMs);
      return this.input({ type: 'frame', message });
    });
  }

  list(...data: readonly Subscription[]): string[] {
    return this.frame({ type: 'subscriptions', data: [...data], unreadable: 0 });
  }

  /** Lets time pass with a `tick` whenever the session asked for one. */
  advance(ms: number): string[] {
    const untilMs = this.nowMs + ms;
    const words: string[] = [];
    for (;;) {
      const at = this.session.wakeAt();
      if (at === null || at > untilMs) break;
      this.nowMs = Math.max(this.nowMs, at);
      words.push(...this.input({ type: 'tick' }));
    }
    this.nowMs = untilMs;
    return words;
  }

  /** Time passes in seconds with a heartbeat in each, as on a healthy connection. */
  advanceBeating(ms: number): string[] {
    const words: string[] = [];
    for (let passed = 0; passed < ms; passed += 1000) {
      words.push(...this.advance(Math.min(1000, ms - passed)), ...this.frame(beatOf()));
    }
    return words;
  }

  /** From nothing to an open socket. */
  open(): this {
    this.input({ type: 'start', delayMs: 0 });
    this.input({ type: 'opened' });
    return this;
  }

  /** From nothing to everything acknowledged and audited. Wants EURUSD alone. */
  live(): this {
    this.open();
    this.acknowledgeAll();
    return this;
  }

  /** Acknowledges heartbeat and prices of EURUSD on an open connection and answers the audit. */
  acknowledgeAll(): void {
    this.frame(ackOf('terminal'), ackOf('prices'), beatOf());
    this.list({ topic: 'terminal' }, EUR);
  }
}
