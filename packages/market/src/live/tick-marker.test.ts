import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LastTicks } from './last-ticks.ts';
import type { TickMark } from './mark.ts';
import { type KnownTick, LINGER_MS, SETTLE_MS, TickMarker } from './tick-marker.ts';
import { brokerMs, formatBrokerTime } from '../time/time.ts';

const tick = (ms: number, bid = 1.1): KnownTick => ({
  ms: brokerMs(ms),
  bid,
  ask: bid + 0.0001,
  last: null,
  volume: null,
});

/** One symbol over its connections: what is named goes onto a tape, and what stands there is known. */
class Life {
  readonly marker = new TickMarker();
  readonly last: LastTicks;
  conn = 0;

  constructor(known?: KnownTick) {
    this.last = new LastTicks(known === undefined ? [] : [['EURUSD', known]]);
  }

  asks(again = false, monoMs: number | null = 0): void {
    if (!again) {
      this.conn++;
      this.marker.connected();
    }
    this.marker.arm('EURUSD', this.last.of('EURUSD'), monoMs);
  }

  frame(tick: KnownTick, monoMs: number): TickMark {
    const mark = this.marker.mark('EURUSD', tick, monoMs);
    this.last.take(
      'EURUSD',
      { bid: tick.bid, ask: tick.ask, time: formatBrokerTime(tick.ms) },
      mark,
      this.conn,
    );
    return mark;
  }

  /** A connection: subscription written, acknowledged at once, then these frames, one a millisecond, from a while after it. */
  connect(frames: readonly KnownTick[], atMs = 0, afterMs = 0): TickMark[] {
    this.asks();
    this.marker.acknowledged('EURUSD', atMs);
    return frames.map((frame, i) => this.frame(frame, atMs + afterMs + i));
  }
}

describe('the first frames of a connection', () => {
  test('a first connection ever: the snapshot is a row, what follows is live', () => {
    expect(new Life().connect([tick(1), tick(2), tick(2, 1.2)])).toEqual(['snapshot', 'live', 'live']);
  });

  test('a snapshot of the tick known before is no row', () => {
    const life = new Life(tick(1));
    expect(life.connect([tick(1), tick(2)])).toEqual(['repeat', 'live']);
  });

  test('a weekend of reconnects repeats Friday’s tick every time', () => {
    const life = new Life(tick(1));
    for (let i = 0; i < 20; i++) expect(life.connect([tick(1)], i * 60_000)).toEqual(['repeat']);
    expect(life.connect([tick(1), tick(2)], 99 * 60_000)).toEqual(['repeat', 'live']);
  });

  test('snapshot and live frame of one tick, in either order, are one row', () => {
    expect(new Life(tick(1)).connect([tick(5), tick(5), tick(6)])).toEqual(['snapshot', 'repeat', 'live']);
    expect(new Life(tick(1)).connect([tick(5), tick(6), tick(5)])).toEqual(['snapshot', 'live', 'repeat']);
  });

  test('a snapshot that live frames overtook is no row when it states what was known', () => {
    expect(new Life(tick(1)).connect([tick(5), tick(1), tick(6)])).toEqual(['snapshot', 'repeat', 'live']);
    expect(new Life(tick(1)).connect([tick(5), tick(6), tick(1)])).toEqual(['snapshot', 'live', 'repeat']);
  });

  test('a snapshot that a live frame overtook is a row when nobody has seen its tick', () => {
    const life = new Life(tick(1));
    expect(life.connect([tick(5), tick(3), tick(6)])).toEqual(['snapshot', 'snapshot', 'live']);
    expect(life.last.of('EURUSD')).toEqual(tick(6));
  });

  test('equal ticks of one millisecond are all live once the watch has ended', () => {
    const life = new Life(tick(1));
    life.connect([tick(1)]);
    expect([life.frame(tick(2), SETTLE_MS), life.frame(tick(2), SETTLE_MS)]).toEqual(['live', 'live']);
    const open = new Life(tick(1));
    open.connect([tick(3)]);
    expect([open.frame(tick(4), LINGER_MS), open.frame(tick(4), LINGER_MS)]).toEqual(['live', 'live']);
  });

  test('a request written twice can bring two snapshots', () => {
    const life = new Life(tick(1));
    life.asks();
    expect(life.frame(tick(1), 1)).toBe('repeat');
    expect(life.frame(tick(2), 2)).toBe('live');
    life.asks(true);
    life.marker.acknowledged('EURUSD', 3);
    expect(life.frame(tick(2), 4)).toBe('repeat');
    expect(life.frame(tick(3), 5)).toBe('live');
  });

  test('symbols do not touch each other', () => {
    const marker = new TickMarker();
    marker.arm('EURUSD', null, 0);
    expect(marker.mark('GBPUSD', tick(1), 0)).toBe('live');
    expect(marker.mark('EURUSD', tick(1), 0)).toBe('snapshot');
  });
});

describe('a first frame that lingers', () => {
  test('is no row when it states the tick that is known, however late', () => {
    for (const afterMs of [SETTLE_MS, 3000, 20_000, LINGER_MS, 86_400_000]) {
      const life = new Life(tick(1));
      expect(life.connect([tick(1), tick(2)], 0, afterMs), `${afterMs} ms`).toEqual(['repeat', 'live']);
      expect(life.connect([tick(2)], 100_000_000, afterMs), `${afterMs} ms`).toEqual(['repeat']);
    }
  });

  test('is a snapshot when nobody has seen its tick; after half a minute it is a tick', () => {
    expect(new Life(tick(1)).connect([tick(5), tick(5)], 0, 20_000)).toEqual(['snapshot', 'repeat']);
    expect(new Life(tick(1)).connect([tick(5), tick(5)], 0, LINGER_MS)).toEqual(['live', 'live']);
  });

  test('is no row when live frames overtook it', () => {
    for (const stated of [tick(1), tick(5), tick(6)]) {
      const life = new Life(tick(1));
      expect(life.connect([tick(5), tick(6)], 0, 100)).toEqual(['snapshot', 'live']);
      expect(life.frame(stated, 12_000)).toBe('repeat');
      // It has come: what is equal from now on is another tick.
      expect([life.frame(tick(7), 12_001), life.frame(tick(7), 12_001)]).toEqual(['live', 'live']);
    }
  });

  test('is not waited for once a later tick shows that the first frame was it: it states a tick of before the request', () => {
    // Asked for at 0 ms of our clock, when the server's showed 10,001; frames travel for 3 ms.
    for (const [statedMs, delayMs, isSnapshot] of [
      [8990, 0, true],
      // A live tick that took its time may be as old.
      [9010, 0, false],
      [10_011, 0, false],
      // Whole seconds may mean anything up to the next one.
      [7000, 0, true],
      [8000, 0, false],
      // Where all ticks are a quarter of an hour old, the first one is no older than the others.
      [10_011, 900_000, false],
      [8990, 900_000, true],
    ] as const) {
      const life = new Life(tick(1));
      life.connect([tick(statedMs - delayMs)], 0, 20);
      life.frame(tick(12_000 - delayMs), 2002);
      life.frame(tick(12_100 - delayMs), 2110);
      const mark = life.frame(tick(12_100 - delayMs), 2110);
      expect([statedMs, delayMs, mark]).toEqual([statedMs, delayMs, isSnapshot ? 'live' : 'repeat']);
    }
  });

  test('is waited for after a tick of any other time, which makes no tick that follows an older one', () => {
    for (const byMs of [3_905_000, -3_905_000]) {
      const life = new Life(tick(1));
      life.connect([tick(10_020)], 0, 20);
      const odd = tick(10_500 + byMs);
      const marks = [odd, tick(10_600), tick(10_700), tick(10_800), tick(10_900)].map((one, i) =>
        life.frame(one, 500 + i * 100),
      );
      // Where it lies ahead, the next one looks overtaken: until then nobody knows.
      expect(marks).toEqual(
        byMs > 0
          ? ['live', 'snapshot', 'live', 'live', 'live']
          : ['snapshot', 'live', 'live', 'live', 'live'],
      );
      life.frame(tick(12_000), 2000);
      // The snapshot lingered: it restates a tick that is written already, or the odd one.
      expect([life.frame(tick(12_000), 2020), life.frame(odd, 2030)]).toEqual(['repeat', 'repeat']);
    }
  });

  test('that states the tick known before is no row in the whole connection', () => {
    const life = new Life(tick(1));
    expect(life.connect([tick(8000), tick(12_000)], 0, 2000)).toEqual(['snapshot', 'live']);
    for (const atMs of [2002, LINGER_MS + 1, 86_400_000]) expect(life.frame(tick(1), atMs)).toBe('repeat');
    expect([life.frame(tick(13_000), 86_400_000), life.frame(tick(13_000), 86_400_000)]).toEqual([
      'live',
      'live',
    ]);
  });

  test('is waited for where the server plays an old day faster than our clock runs', () => {
    const life = new Life(tick(1));
    life.asks(false, null);
    life.marker.acknowledged('EURUSD', 0);
    life.frame(tick(11_000), 20);
    life.frame(tick(60_000), 2000);
    expect(life.frame(tick(60_000), 2000)).toBe('repeat');
  });

  test('is still waited for after ticks of one moment came back to a price', () => {
    const life = new Life(tick(1));
    life.connect([tick(5), tick(6), tick(6, 1.2)], 0, 2000);
    expect([life.frame(tick(6), 2010), life.frame(tick(7), 2020)]).toEqual(['repeat', 'live']);
    expect(life.frame(tick(7), 9000)).toBe('repeat');
  });

  test('of the connection before is not waited for in this one', () => {
    const life = new Life(tick(1));
    expect(life.connect([tick(5), tick(6)])).toEqual(['snapshot', 'live']);
    expect(life.connect([tick(6), tick(7)], 60_000)).toEqual(['repeat', 'live']);
    expect([life.frame(tick(8), 62_000), life.frame(tick(8), 62_000)]).toEqual(['live', 'live']);
  });
});

test('a gateway that goes back to an older tick states it in every connection, and it is one row', () => {
  const life = new Life(tick(5));
  expect(life.connect([tick(3)])).toEqual(['snapshot']);
  expect(life.connect([tick(3)], 60_000)).toEqual(['repeat']);
  // An earlier one that is stated again within a connection is not its last.
  life.connect([tick(3), tick(8), tick(9)], 120_000);
  life.asks(true);
  expect(life.frame(tick(8), 120_010)).toBe('repeat');
  expect(life.connect([tick(9)], 180_000)).toEqual(['repeat']);
});

/** What comes at one moment, in milliseconds after the acknowledgement: one tick, two that are alike, or a price that comes back. */
const liveTicks = fc.array(
  fc.record({ atMs: fc.nat(25_000), prices: fc.constantFrom([1], [1], [1], [1, 1], [1, 2], [1, 2, 1]) }),
  { maxLength: 12 },
);
const nameOf = ({ bid, ms }: KnownTick): string => `${ms} ${bid}`;

test('whenever the snapshot comes, no tick becomes two rows, and at most what equals a tick of its moment is left out', () => {
  const seed = Date.now() % 1_000_000;
  fc.assert(
    fc.property(liveTicks, fc.nat(40_000), fc.nat(), fc.boolean(), (coming, snapshotMs, pick, missed) => {
      const before = tick(1);
      const unseen = tick(50);
      const live = coming
        .toSorted((a, b) => a.atMs - b.atMs)
        .flatMap(({ atMs, prices }) => prices.map((price) => ({ tick: tick(10_000 + atMs, price), atMs })));
      // It states the newest tick of when it was made, before it came: one from before, one that was missed, or one of the live ones.
      const made = live.filter(({ atMs }) => atMs <= snapshotMs).map((each) => each.tick);
      const statable = [missed ? unseen : before, ...made];
      const stated = statable[pick % statable.length] as KnownTick;
      // Later than half a minute only what was known before is told.
      if (snapshotMs >= LINGER_MS && stated !== before) return;
      const frames = [...live, { tick: stated, atMs: snapshotMs }].toSorted((a, b) => a.atMs - b.atMs);
      const life = new Life(before);
      life.asks();
      life.marker.acknowledged('EURUSD', 0);
      const count = new Map<string, number>();
      const truth = new Map<string, number>();
      for (const each of live) truth.set(nameOf(each.tick), (truth.get(nameOf(each.tick)) ?? 0) + 1);
      if (stated === unseen) truth.set(nameOf(unseen), 1);
      for (const frame of frames)
        if (life.frame(frame.tick, frame.atMs) !== 'repeat')
          count.set(nameOf(frame.tick), (count.get(nameOf(frame.tick)) ?? 0) + 1);
      for (const [name, made] of truth) {
        const have = count.get(name) ?? 0;
        expect(have).toBeGreaterThanOrEqual(1);
        expect(have).toBeLessThanOrEqual(made);
      }
      expect([...count.keys()].filter((name) => !truth.has(name))).toEqual([]);
    }),
    { seed, numRuns: 3000 },
  );
});

test('a clock that is set forward behind the first frame makes it no snapshot: the snapshot that comes late is no second row', () => {
  const life = new Life();
  const hour = 3_600_000;
  const behind = tick(hour + 2500, 1.2);
  expect(life.connect([tick(1000)], 0, 900)).toEqual(['snapshot']);
  expect(life.frame(behind, 2500)).toBe('live');
  expect(life.frame(tick(hour + 2600, 1.3), 2600)).toBe('live');
  expect(life.frame(behind, 4200)).toBe('repeat');
});

test('what was seen since the subscription is known whatever came after it, in whatever order of time', () => {
  const HOUR = 3_600_000;
  /** `[milliseconds of the tick, of its receipt]`; then an earlier one is restated. */
  const late = (frames: readonly [number, number][], restated: number): TickMark => {
    const life = new Life();
    life.connect([]);
    for (const [ms, atMs] of frames) life.frame(tick(ms), atMs);
    return life.frame(tick(restated), 2500);
  };
  const reordered: [number, number][] = [
    [100, 100],
    [103, 150],
    [105, 200],
    [104, 210],
    [102, 220],
  ];
  expect(late(reordered, 103)).toBe('repeat');
  const setBack: [number, number][] = [
    [10, 100],
    [1010, 1100],
    [2010, 2100],
    [10 - HOUR, 2200],
    [1010 - HOUR, 2300],
  ];
  expect(late(setBack, 1010)).toBe('repeat');
  expect(late([...setBack, [2310, 2400]], 1010)).toBe('repeat');
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 2, maxLength: 40 }), (times) => {
      const life = new Life();
      const marks = life.connect(times.map((at) => tick(at * 700_000)));
      const isKnown = times.map((at, i) => times.indexOf(at) < i);
      expect(marks.map((mark) => mark === 'repeat')).toEqual(isKnown);
    }),
  );
});
