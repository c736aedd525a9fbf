// A tape for tests of the account of gaps: what happens, second by second, to two symbols of one account. Frames arrive when they are made.
// In: events in words. Out: lines as the ledger takes them, and what it says of them in seconds.

import { boundUtcUs } from '../src/live/bound.ts';
import type { ClockRule } from '../src/time/clock-rule.ts';
import { parseClockRule } from '../src/time/parse-clock-rule.ts';
import { Ledger } from '../src/live/ledger.ts';
import type { LedgerLine, LedgerNotes } from '../src/live/ledger-notes.ts';
import { emptyLedger, type LedgerState } from '../src/live/ledger-state.ts';
import type { StreamKey, TopicKey } from '../src/tables/stream-key.ts';
import type { TapeEvent } from '../src/live/tape-event.ts';
import { formatBrokerTime, utcMs } from '../src/time/time.ts';
import type { WireMessage } from '../src/tables/wire.ts';

export const EUR = { stream: 'ticks', symbol: 'EURUSD', timeframe: null } as const;
export const XAU = { stream: 'ticks', symbol: 'XAUUSD', timeframe: null } as const;
export const BARS = { stream: 'bars', symbol: 'EURUSD', timeframe: 'M1' } as const;
export const PRICES: readonly TopicKey[] = [
  { topic: 'prices', symbol: 'EURUSD' },
  { topic: 'prices', symbol: 'XAUUSD' },
];
export const JUNK: WireMessage = {
  type: 'undecodable',
  reason: 'not_json',
  detail: '',
  wireType: null,
  symbol: null,
  timeframe: null,
};

export type ScriptLine = LedgerLine & {
  readonly message: WireMessage | null;
  /** Not a line but a stretch that cannot be read. */
  readonly damage?: boolean;
};

export class TapeScript {
  readonly lines: ScriptLine[] = [];
  readonly rule: ClockRule;
  readonly startMs: number;
  conn = 1;
  #us: number;

  constructor({ rule = 'UTC', start = '2026-06-23T12:00:00.000Z' } = {}) {
    this.rule = parseClockRule(rule);
    this.startMs = Date.parse(start);
    this.#us = this.startMs * 1000;
  }

  /** The next line comes at this second, or right behind the last one. */
  at(seconds: number): this {
    this.#us = Math.max(this.#us, (this.startMs + seconds * 1000) * 1000);
    return this;
  }

  event({ data, event }: TapeEvent): this {
    this.lines.push({ tsRecv: this.#us++, conn: this.conn, mark: null, event, data, message: null });
    return this;
  }

  frame(message: WireMessage, mark: string | null = null): this {
    this.lines.push({ tsRecv: this.#us++, conn: this.conn, mark, event: null, data: null, message });
    return this;
  }

  damage(): this {
    const line = { tsRecv: this.#us++, conn: this.conn, mark: null, event: null, data: null };
    this.lines.push({ ...line, message: null, damage: true });
    return this;
  }

  /** `serverSeconds`: what it states, when it is not what the clock says. */
  beat(seconds: number, mark = 'clean', connected = true, serverSeconds = seconds): this {
    const serverTime = this.#brokerTime(serverSeconds);
    return this.at(seconds).frame({ type: 'terminal', data: { connected, serverTime } }, mark);
  }

  beats(from: number, to: number): this {
    for (let s = from; s <= to; s++) this.beat(s);
    return this;
  }

  tick(symbol: string, seconds: number, sentAt = seconds, mark = 'live'): this {
    const data = { bid: 1, ask: 1, time: this.#brokerTime(seconds) };
    return this.at(sentAt).frame({ type: 'tick', symbol, data }, mark);
  }

  configured(streams: readonly StreamKey[], replayed = false): this {
    return this.event({ event: 'configured', data: { feed: 'icm', replayed, streams } });
  }

  acks(...topics: readonly TopicKey[]): this {
    for (const sub of topics) this.event({ event: 'subscribed', data: { sub } });
    return this;
  }

  /** The connection ends and another one begins, unless its beginning cannot be read. */
  drops(seconds: number, seen = true): this {
    this.at(seconds).event({ event: 'disconnected', data: { reason: 'reset' } });
    this.conn++;
    return seen ? this.event({ event: 'connected', data: null }) : this;
  }

  #brokerTime(seconds: number): string {
    return formatBrokerTime(this.rule.toBroker(utcMs(this.startMs + seconds * 1000)));
  }
}

/** Two symbols, configured at second 0, subscribed and proved live at second 2. */
export const started = (o: { rule?: string; start?: string } = {}): TapeScript =>
  new TapeScript(o)
    .event({ event: 'start', data: null })
    .configured([EUR, XAU])
    .event({ event: 'connected', data: null })
    .beat(1)
    .acks(...PRICES)
    .beat(2);

export const noNotes = (): LedgerNotes => ({ gaps: [], coverage: [] });

/** Reads lines on from a state. */
export const readOn = (
  state: LedgerState,
  lines: readonly ScriptLine[],
): { ledger: Ledger; notes: LedgerNotes } => {
  const ledger = new Ledger('demo', state);
  const notes = noNotes();
  for (const line of lines) {
    if (line.damage === true) ledger.damaged(line.tsRecv, 'crc', notes);
    else ledger.apply(line, line.message, notes);
  }
  return { ledger, notes };
};

export const run = (script: TapeScript): ReturnType<typeof readOn> => readOn(emptyLedger(), script.lines);

export type GapWords = readonly [event: string, of: string, cause: string, from: number, to: number | null];

/** The gap events of a tape in seconds since its start. */
export const gapsOf = (script: TapeScript, notes: LedgerNotes = run(script).notes): GapWords[] => {
  const seconds = (us: number): number => Math.round(us / 1000 - script.startMs) / 1000;
  return notes.gaps.map(({ event, key, gap, to }): GapWords => {
    const end = to === null ? null : seconds(boundUtcUs(to, script.rule));
    return [event, key.symbol ?? key.stream, gap.cause, seconds(boundUtcUs(gap.from, script.rule)), end];
  });
};

/** The claims of coverage of a symbol's ticks, the same. */
export const coverageOf = (script: TapeScript, symbol: string, notes: LedgerNotes = run(script).notes) => {
  const seconds = (us: number): number => (us / 1000 - script.startMs) / 1000;
  const last = new Map<string, readonly [number, number]>();
  for (const { from, key, rangeId, to } of notes.coverage) {
    if (key.symbol !== symbol) continue;
    const range = [seconds(boundUtcUs(from, script.rule)), seconds(boundUtcUs(to, script.rule))] as const;
    // As the database has it: the last claim of a range counts, and an empty one is none.
    if (range[1] > range[0]) last.set(`${rangeId} ${range[0]}`, range);
  }
  return [...last.values()];
};
