import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type KnownTick, SETTLE_US, TickMarker } from './tick-marker.ts';
import { brokerMs } from './time.ts';

const tick = (ms: number, bid = 1.1): KnownTick => ({
  ms: brokerMs(ms),
  bid,
  ask: bid + 0.0001,
  last: null,
  volume: null,
});

/** A connection: subscription written, acknowledged at once, then these frames. */
const connect = (marker: TickMarker, frames: KnownTick[], atUs: number): string[] => {
  marker.arm('EURUSD');
  marker.acknowledged('EURUSD', atUs);
  return frames.map((frame, i) => marker.mark('EURUSD', frame, atUs + i));
};

describe('the first frames of a connection', () => {
  test('a first connection ever: the snapshot is a row, what follows is live', () => {
    expect(connect(new TickMarker(), [tick(1), tick(2), tick(2, 1.2)], 0)).toEqual([
      'snapshot',
      'live',
      'live',
    ]);
  });

  test('a snapshot of the tick known before is no row', () => {
    const marker = new TickMarker([['EURUSD', tick(1)]]);
    expect(connect(marker, [tick(1), tick(2)], 0)).toEqual(['repeat', 'live']);
  });

  test('a weekend of reconnects repeats Friday’s tick every time', () => {
    const marker = new TickMarker([['EURUSD', tick(1)]]);
    for (let i = 0; i < 20; i++) expect(connect(marker, [tick(1)], i * 60_000_000)).toEqual(['repeat']);
    expect(connect(marker, [tick(1), tick(2)], 99 * 60_000_000)).toEqual(['repeat', 'live']);
  });

  test('snapshot and live frame of one tick, in either order, are one row', () => {
    const known: [string, KnownTick][] = [['EURUSD', tick(1)]];
    expect(connect(new TickMarker(known), [tick(5), tick(5), tick(6)], 0)).toEqual([
      'snapshot',
      'repeat',
      'live',
    ]);
    expect(connect(new TickMarker(known), [tick(5), tick(6), tick(5)], 0)).toEqual([
      'snapshot',
      'live',
      'repeat',
    ]);
  });

  test('a snapshot that live frames overtook is no row when it states what was known', () => {
    const known: [string, KnownTick][] = [['EURUSD', tick(1)]];
    expect(connect(new TickMarker(known), [tick(5), tick(1), tick(6)], 0)).toEqual([
      'snapshot',
      'repeat',
      'live',
    ]);
    expect(connect(new TickMarker(known), [tick(5), tick(6), tick(1)], 0)).toEqual([
      'snapshot',
      'live',
      'repeat',
    ]);
  });

  test('a snapshot that a live frame overtook is a row when nobody has seen its tick', () => {
    const marker = new TickMarker([['EURUSD', tick(1)]]);
    expect(connect(marker, [tick(5), tick(3), tick(6)], 0)).toEqual(['snapshot', 'snapshot', 'live']);
    expect(marker.known()).toEqual([['EURUSD', tick(6)]]);
  });

  test('equal ticks of one millisecond are all live once the watch has ended', () => {
    const marker = new TickMarker();
    connect(marker, [tick(1)], 0);
    expect([
      marker.mark('EURUSD', tick(2), SETTLE_US),
      marker.mark('EURUSD', tick(2), SETTLE_US + 1),
    ]).toEqual(['live', 'live']);
  });

  test('a request written twice can bring two snapshots', () => {
    const marker = new TickMarker([['EURUSD', tick(1)]]);
    marker.arm('EURUSD');
    expect(marker.mark('EURUSD', tick(1), 1)).toBe('repeat');
    expect(marker.mark('EURUSD', tick(2), 2)).toBe('live');
    marker.arm('EURUSD');
    marker.acknowledged('EURUSD', 3);
    expect(marker.mark('EURUSD', tick(2), 4)).toBe('repeat');
    expect(marker.mark('EURUSD', tick(3), 5)).toBe('live');
  });

  test('symbols do not touch each other', () => {
    const marker = new TickMarker();
    marker.arm('EURUSD');
    expect(marker.mark('GBPUSD', tick(1), 0)).toBe('live');
    expect(marker.mark('EURUSD', tick(1), 0)).toBe('snapshot');
  });
});

test('whatever the order of snapshot and live frames, no tick becomes two rows and none is lost', () => {
  const seed = Date.now() % 1_000_000;
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.uniqueArray(fc.integer({ min: 2, max: 60 }), { minLength: 0, maxLength: 8 }),
      fc.nat(8),
      fc.nat(),
      (withMissed, times, position, pick) => {
        const before = tick(1);
        const live = times.toSorted((a, b) => a - b).map((ms) => tick(ms + 100));
        const missed = tick(50);
        // The snapshot states the newest tick when it was made: one from before, one missed, or one of the live ones.
        const statable = [withMissed ? missed : before, ...live.slice(0, position)];
        const snapshot = statable[pick % statable.length] as KnownTick;
        const at = Math.min(position, live.length);
        const frames = [...live.slice(0, at), snapshot, ...live.slice(at)];
        const marks = connect(new TickMarker([['EURUSD', before]]), frames, 0);
        const rows = frames.filter((_, i) => marks[i] !== 'repeat').map((frame) => frame.ms as number);
        const stated = snapshot === before || live.includes(snapshot) ? [] : [snapshot.ms as number];
        expect(rows.toSorted((a, b) => a - b)).toEqual([...stated, ...live.map((t) => t.ms as number)]);
      },
    ),
    { seed, numRuns: 3000 },
  );
});
