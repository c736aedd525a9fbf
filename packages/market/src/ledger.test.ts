import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { boundUtcUs } from './bound.ts';
import { parseClockRule } from './clock/parse-clock-rule.ts';
import { Ledger } from './ledger.ts';
import type { LedgerLine, LedgerNotes } from './ledger-notes.ts';
import { emptyLedger, loadLedger, saveLedger } from './ledger-state.ts';
import type { TapeEvent } from './tape-event.ts';
import { SETTLE_US } from './tick-marker.ts';
import { brokerMs, formatBrokerTime } from './time.ts';
import type { WireMessage } from './wire.ts';

const UTC = parseClockRule('UTC');
const T0 = Date.UTC(2026, 5, 23, 12);
const EUR = { stream: 'ticks', symbol: 'EURUSD', timeframe: null } as const;
const XAU = { stream: 'ticks', symbol: 'XAUUSD', timeframe: null } as const;
const BARS = { stream: 'bars', symbol: 'EURUSD', timeframe: 'M1' } as const;

type ScriptLine = LedgerLine & { readonly message: WireMessage | null };

/** A tape in seconds after T0; broker time is UTC, frames arrive when they were made. */
class Script {
  readonly lines: ScriptLine[] = [];
  conn = 1;
  #us = 0;

  at(seconds: number): this {
    this.#us = Math.max(this.#us + 1, (T0 + seconds * 1000) * 1000);
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

  beat(seconds: number, mark = 'clean', connected = true): this {
    const serverTime = formatBrokerTime(brokerMs(T0 + seconds * 1000));
    return this.at(seconds).frame({ type: 'terminal', data: { connected, serverTime } }, mark);
  }

  beats(from: number, to: number): this {
    for (let s = from; s <= to; s++) this.beat(s);
    return this;
  }

  tick(symbol: string, seconds: number, sentAt = seconds): this {
    const time = formatBrokerTime(brokerMs(T0 + seconds * 1000));
    return this.at(sentAt).frame({ type: 'tick', symbol, data: { bid: 1, ask: 1, time } }, 'live');
  }

  acks(...topics: { topic: string; symbol?: string; timeframe?: string }[]): this {
    for (const sub of topics) this.event({ event: 'subscribed', data: { sub } });
    return this;
  }
}

const PRICES = [
  { topic: 'prices', symbol: 'EURUSD' },
  { topic: 'prices', symbol: 'XAUUSD' },
];

/** Two symbols, subscribed and proved live at second 2. */
const started = (): Script =>
  new Script()
    .at(0)
    .event({ event: 'start', data: null })
    .event({ event: 'configured', data: { feed: 'icm', streams: [EUR, XAU] } })
    .event({ event: 'connected', data: null })
    .beat(1)
    .acks(...PRICES)
    .beat(2);

const run = (lines: readonly ScriptLine[]): { ledger: Ledger; notes: LedgerNotes } => {
  const ledger = new Ledger('demo', emptyLedger());
  const notes: LedgerNotes = { gaps: [], coverage: [] };
  for (const line of lines) ledger.apply(line, line.message, notes);
  return { ledger, notes };
};

const seconds = (us: number): number => (us / 1000 - T0) / 1000;
const gapsOf = (notes: LedgerNotes): [string, string, string, number, number | null][] =>
  notes.gaps.map(({ event, key, gap, to }) => [
    event,
    key.symbol ?? key.stream,
    gap.cause,
    seconds(boundUtcUs(gap.from, UTC)),
    to === null ? null : Math.round(seconds(boundUtcUs(to, UTC)) * 1000) / 1000,
  ]);

describe('gaps', () => {
  test('the first subscription stands in a gap from the first heartbeat to the first clean one after the acknowledgement', () => {
    expect(gapsOf(run(started().lines).notes)).toEqual([
      ['opened', 'EURUSD', 'not_subscribed', -1, null],
      ['opened', 'XAUUSD', 'not_subscribed', -1, null],
      ['ended', 'EURUSD', 'not_subscribed', -1, 4.001],
      ['ended', 'XAUUSD', 'not_subscribed', -1, 4.001],
    ]);
  });

  const after = (more: (script: Script) => Script): ReturnType<typeof gapsOf> =>
    gapsOf(run(more(started().beats(3, 60)).lines).notes).slice(4);

  test('a drop: from the last clean heartbeat to the first one after each stream’s own acknowledgement', () => {
    const rows = after((script) => {
      script.at(60.4).event({ event: 'disconnected', data: { reason: 'reset' } });
      script.conn = 2;
      return script
        .event({ event: 'connected', data: null })
        .beat(63)
        .acks(PRICES[0] as never)
        .beat(64)
        .acks(PRICES[1] as never)
        .beat(65);
    });
    expect(rows).toEqual([
      ['opened', 'EURUSD', 'disconnect', 58, null],
      ['opened', 'XAUUSD', 'disconnect', 58, null],
      ['ended', 'EURUSD', 'disconnect', 58, 66.001],
      ['ended', 'XAUUSD', 'disconnect', 58, 67.001],
    ]);
  });

  test('a gap reaches over the watch for the snapshot, also when its last heartbeat came late', () => {
    const serverTime = formatBrokerTime(brokerMs(T0 + 59_300));
    const rows = after((script) =>
      script
        .at(60)
        .event({ event: 'disconnected', data: { reason: 'reset' } })
        .event({ event: 'connected', data: null })
        .acks(...PRICES)
        .at(60.01)
        .frame({ type: 'terminal', data: { connected: true, serverTime } }, 'clean'),
    );
    const ends = rows.filter(([event]) => event === 'ended').map(([, , , , to]) => Number(to));
    expect(ends).toHaveLength(2);
    for (const end of ends) expect(end).toBeGreaterThanOrEqual(60 + SETTLE_US / 1e6);
  });

  test('of a replayed gateway the account begins at the first tick that was not stored, not at the first heartbeat', () => {
    const tick = (at: Script, seconds: number, mark: string): Script =>
      at.frame(
        {
          type: 'tick',
          symbol: 'EURUSD',
          data: { bid: 1, ask: 1, time: formatBrokerTime(brokerMs(T0 + seconds * 1000)) },
        },
        mark,
      );
    for (const replayed of [true, false]) {
      const script = new Script()
        .at(0)
        .event({ event: 'configured', data: { feed: 'icm', replayed, streams: [EUR] } })
        .event({ event: 'connected', data: null })
        .acks(...PRICES);
      tick(tick(tick(script, 100, 'live'), 100, 'repeat'), 130, 'repeat');
      // A second of ours is an hour of the broker's.
      const { notes } = run(script.beat(600).beat(4200).lines);
      const [opened] = notes.gaps;
      const fromMs = opened === undefined ? null : boundUtcUs(opened.gap.from, UTC) / 1000 - T0;
      expect(fromMs).toBe((replayed ? 98 : 598) * 1000);
    }
  });

  test('heartbeats that waited in the queue bound nothing', () => {
    const rows = after((script) =>
      script
        .beat(61, 'late')
        .beat(62, 'late')
        .at(65)
        .frame({ type: 'warning', dropped: 7 })
        .beat(66, 'late')
        .beat(67),
    );
    expect(rows.map(([event, symbol, cause, from, to]) => [event, symbol, cause, from, to])).toEqual([
      ['opened', 'EURUSD', 'server_dropped', 58, null],
      ['opened', 'XAUUSD', 'server_dropped', 58, null],
      ['ended', 'EURUSD', 'server_dropped', 58, 69.001],
      ['ended', 'XAUUSD', 'server_dropped', 58, 69.001],
    ]);
  });

  test('a killed process is found at the next start, with no farewell on the tape', () => {
    const rows = after((script) => {
      script.at(500).event({ event: 'start', data: null });
      script.conn = 2;
      return script
        .event({ event: 'connected', data: null })
        .beat(501)
        .acks(...PRICES)
        .beat(502);
    });
    expect(rows[0]).toEqual(['opened', 'EURUSD', 'process_down', 58, null]);
    expect(rows[2]).toEqual(['ended', 'EURUSD', 'process_down', 58, 504.001]);
  });

  test('silence on a live socket, then a broker that comes back: both wait for new acknowledgements', () => {
    const stalled = after((script) =>
      script
        .at(64)
        .event({ event: 'heartbeat_lost', data: { silentMs: 3500 } })
        .beat(70)
        .beat(71)
        .acks(...PRICES)
        .beat(72),
    );
    expect(stalled[0]?.slice(2)).toEqual(['stalled', 58, null]);
    expect(stalled[2]?.slice(2)).toEqual(['stalled', 58, 74.001]);
    const broker = after((script) =>
      script
        .beat(61, 'clean', false)
        .beat(90)
        .beat(91)
        .acks(...PRICES)
        .beat(92),
    );
    expect(broker[0]?.slice(2)).toEqual(['broker_disconnected', 58, null]);
    expect(broker[2]?.slice(2)).toEqual(['broker_disconnected', 58, 94.001]);
  });

  test('an acknowledgement from before the broker came back proves nothing', () => {
    const rows = after((script) =>
      script
        .beat(61, 'clean', false)
        .acks(...PRICES)
        .beat(62, 'clean', false)
        .beat(90)
        .beat(91),
    );
    expect(rows.filter(([event]) => event === 'ended')).toEqual([]);
  });

  test('a subscription that the audit misses was lost at some time since it was last proved', () => {
    const rows = after((script) =>
      script
        .event({ event: 'audit', data: { missing: [] } })
        .beats(61, 120)
        .event({ event: 'audit', data: { missing: [{ topic: 'prices', symbol: 'XAUUSD' }] } })
        .acks(PRICES[1] as never)
        .beat(121),
    );
    expect(rows).toEqual([
      ['opened', 'XAUUSD', 'not_subscribed', 58, null],
      ['ended', 'XAUUSD', 'not_subscribed', 58, 123.001],
    ]);
  });

  test('an unreadable frame opens a gap on what it may have been, and no more', () => {
    const bad = { reason: 'invalid', timeframe: null, detail: 'bid' } as const;
    const tick: WireMessage = { type: 'undecodable', wireType: 'tick', symbol: 'XAUUSD', ...bad };
    const junk: WireMessage = { type: 'undecodable', wireType: null, symbol: null, ...bad };
    expect(after((script) => script.frame(tick).beat(61)).map((row) => row[1])).toEqual(['XAUUSD', 'XAUUSD']);
    expect(after((script) => script.frame(junk).beat(61)).map((row) => row[1])).toEqual([
      'EURUSD',
      'XAUUSD',
      'EURUSD',
      'XAUUSD',
    ]);
    expect(after((script) => script.frame({ type: 'unknown', wireType: 'news' }).beat(61))).toEqual([]);
  });

  test('a list of positions with an element that cannot be read opens a gap of positions, and of nothing else', () => {
    const rejected = [{ index: 0, reason: 'ticket: missing' }];
    const positions = { stream: 'positions', symbol: null, timeframe: null } as const;
    const rows = after((script) =>
      script
        .event({ event: 'configured', data: { feed: 'icm', streams: [EUR, XAU, positions] } })
        .acks({ topic: 'positions' })
        .beats(61, 70)
        .frame({ type: 'positions', data: [], rejected })
        .beats(71, 72),
    );
    expect(rows.filter(([, , cause]) => cause === 'rejected').map((row) => row[1])).toEqual([
      'positions',
      'positions',
    ]);
  });

  test('lateness widens the margin of later gaps', () => {
    const rows = after((script) =>
      script.tick('EURUSD', 50, 60.5).at(60.6).frame({ type: 'warning', dropped: 1 }).beat(61),
    );
    expect(rows[0]?.[3]).toBe(50);
  });

  test('whole-second times are rounded outwards', () => {
    const script = started().beats(3, 60);
    const whole = (s: number): WireMessage => ({
      type: 'terminal',
      data: {
        connected: true,
        serverTime: `2026-06-23T12:0${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}Z`,
      },
    });
    script
      .at(61.9)
      .frame(whole(61), 'clean')
      .at(62)
      .frame({ type: 'warning', dropped: 1 })
      .at(63.2)
      .frame(whole(63), 'clean');
    const rows = gapsOf(run(script.lines).notes).slice(4);
    expect(rows[2]?.slice(3)).toEqual([59, 66]);
  });

  test('damage of the tape is a gap, and a lost acknowledgement is settled by the audit', () => {
    const ledger = new Ledger('demo', emptyLedger());
    const notes: LedgerNotes = { gaps: [], coverage: [] };
    for (const line of started().beats(3, 60).lines) ledger.apply(line, line.message, notes);
    ledger.damaged((T0 + 60_500) * 1000, 'crc', notes);
    const rest = new Script();
    rest.conn = 2;
    rest
      .beat(70)
      .beat(71)
      .event({ event: 'audit', data: { missing: [] } })
      .beat(72);
    for (const line of rest.lines) ledger.apply(line, line.message, notes);
    expect(gapsOf(notes).slice(4)[0]?.slice(2)).toEqual(['tape_damaged', 58, null]);
    expect(gapsOf(notes).filter(([event]) => event === 'ended').length).toBe(2);
  });

  test('a lost tape: the gap begins where the database’s coverage ends; an open one goes on from there under its old id', () => {
    const us = (s: number): number => (T0 + s * 1000) * 1000;
    const open = { id: 'old', outageId: 'o', cause: 'disconnect', fromUs: us(-90) } as const;
    const streams = [
      { ...EUR, coveredToUs: us(-100) },
      { ...XAU, coveredToUs: us(-95), openGap: open },
    ];
    const script = new Script()
      .at(0)
      .event({ event: 'start', data: null })
      .event({ event: 'configured', data: { feed: 'icm', streams } });
    script
      .event({ event: 'connected', data: null })
      .acks(...PRICES)
      .beat(1);
    expect(gapsOf(run(script.lines).notes)).toEqual([
      ['opened', 'EURUSD', 'process_down', -100, null],
      ['opened', 'XAUUSD', 'disconnect', -95, null],
      ['ended', 'EURUSD', 'process_down', -100, 3.001],
      ['ended', 'XAUUSD', 'disconnect', -95, 3.001],
    ]);
  });
});

describe('coverage', () => {
  test('trails the last clean heartbeat by the margin and begins where the gap ended', () => {
    const { notes } = run(started().beats(3, 30).lines);
    const last = notes.coverage.filter((note) => note.key.symbol === 'EURUSD').at(-1);
    expect([
      seconds(boundUtcUs(last?.from as never, UTC)),
      seconds(boundUtcUs(last?.to as never, UTC)),
    ]).toEqual([4.001, 25]);
  });

  test('a late heartbeat moves nothing, and bars are never covered live', () => {
    const script = new Script()
      .at(0)
      .event({ event: 'configured', data: { feed: 'icm', streams: [EUR, BARS] } })
      .beat(1);
    script.acks(PRICES[0] as never, { topic: 'bars', symbol: 'EURUSD', timeframe: 'M1' }).beats(2, 30);
    for (let s = 31; s < 60; s++) script.beat(s, 'late');
    const { notes } = run(script.lines);
    expect(new Set(notes.coverage.map((note) => note.key.stream))).toEqual(new Set(['ticks']));
    expect(Math.max(...notes.coverage.map((note) => seconds(boundUtcUs(note.to, UTC))))).toBeLessThanOrEqual(
      28,
    );
  });

  test('ranges are cut about every hour, without a hole between them', () => {
    const { notes } = run(started().beats(3, 8000).lines);
    const last = new Map<string, [number, number]>();
    for (const note of notes.coverage) {
      if (note.key.symbol !== 'EURUSD') continue;
      last.set(note.rangeId, [seconds(boundUtcUs(note.from, UTC)), seconds(boundUtcUs(note.to, UTC))]);
    }
    const ranges = [...last.values()];
    expect(ranges.length).toBe(3);
    for (let i = 1; i < ranges.length; i++) expect(ranges[i]?.[0]).toBe(ranges[i - 1]?.[1]);
  });
});

test('reading on from any saved state says the same as reading through', () => {
  const seed = Date.now() % 1_000_000;
  const step = fc.constantFrom(
    'beat',
    'late',
    'drop',
    'ack',
    'warn',
    'silence',
    'brokerDown',
    'start',
    'tick',
    'audit',
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.nat(), (steps, cut) => {
      const script = started();
      steps.forEach((name, i) => {
        const s = 3 + i;
        script.at(s);
        if (name === 'beat') script.beat(s);
        else if (name === 'late') script.beat(s, 'late');
        else if (name === 'ack') script.acks(...PRICES);
        else if (name === 'warn') script.frame({ type: 'warning', dropped: 1 });
        else if (name === 'silence') script.event({ event: 'heartbeat_lost', data: { silentMs: 3001 } });
        else if (name === 'brokerDown') script.beat(s, 'clean', false);
        else if (name === 'start') script.event({ event: 'start', data: null });
        else if (name === 'tick') script.tick('EURUSD', s);
        else if (name === 'audit') script.event({ event: 'audit', data: { missing: [] } });
        else {
          script.event({ event: 'disconnected', data: { reason: 'x' } });
          script.conn++;
        }
      });
      const whole = run(script.lines);
      const at = cut % (script.lines.length + 1);
      const first = run(script.lines.slice(0, at));
      const resumed = new Ledger(
        'demo',
        loadLedger(JSON.parse(JSON.stringify(saveLedger(first.ledger.state)))),
      );
      const notes: LedgerNotes = { gaps: [], coverage: [] };
      for (const line of script.lines.slice(at)) resumed.apply(line, line.message, notes);
      expect([...first.notes.gaps, ...notes.gaps]).toEqual(whole.notes.gaps);
      expect([...first.notes.coverage, ...notes.coverage]).toEqual(whole.notes.coverage);
      // An end is given once per gap, and never before its beginning.
      const ended = whole.notes.gaps.filter((note) => note.event === 'ended').map((note) => note.gap.id);
      expect(new Set(ended).size).toBe(ended.length);
    }),
    { seed, numRuns: 500 },
  );
});

test('a state that was saved before a field existed is read, and its gaps end at a time', () => {
  const script = started()
    .at(3)
    .event({ event: 'disconnected', data: { reason: 'reset' } })
    .acks(...PRICES);
  const saved = JSON.parse(JSON.stringify(saveLedger(run(script.lines).ledger.state))) as {
    firstRepeat?: unknown;
    streams: [string, { settlesAtUs?: number }][];
  };
  delete saved.firstRepeat;
  for (const [, stream] of saved.streams) delete stream.settlesAtUs;
  const notes: LedgerNotes = { gaps: [], coverage: [] };
  const resumed = new Ledger('demo', loadLedger(saved));
  for (const line of new Script().beat(4).lines) resumed.apply(line, line.message, notes);
  const ends = notes.gaps.map(({ to }) => (to === null ? Number.NaN : boundUtcUs(to, UTC)));
  expect(ends).toHaveLength(2);
  for (const end of ends) expect(Number.isFinite(end)).toBe(true);
});
