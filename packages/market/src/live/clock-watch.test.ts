// Three clocks against each other: what a jump is, what is none, and how far the skew is known.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ClockWatch, type ServerSight, UNSTEADY_MS } from './clock-watch.ts';

/** A machine and a server whose clocks can be set; the monotonic clock goes on by itself. */
class World {
  monoMs = 5000;
  wallMs = Date.UTC(2026, 5, 24, 12);
  serverMs = Date.UTC(2026, 5, 24, 12);
  resolutionMs = 1;
  readonly watch: ClockWatch;

  constructor(o: { paced?: boolean; newestUs?: number } = {}) {
    this.watch = new ClockWatch({ paced: o.paced ?? true, newestUs: o.newestUs ?? 0 });
  }

  pass(ms: number): void {
    this.monoMs += ms;
    this.wallMs += ms;
    this.serverMs += ms;
  }

  /** What is received now, and was sent `lateMs` ago. */
  sight(lateMs = 0): ServerSight {
    const stated = this.serverMs - lateMs;
    const utcMs = stated - (((stated % this.resolutionMs) + this.resolutionMs) % this.resolutionMs);
    return {
      monoMs: this.monoMs,
      recvUs: Math.round(this.wallMs * 1000),
      utcMs,
      resolutionMs: this.resolutionMs,
    };
  }

  beat(lateMs = 0) {
    const sight = this.sight(lateMs);
    return {
      machine: this.watch.machine(sight),
      server: this.watch.heartbeat(sight),
      now: this.watch.unsteady(sight),
    };
  }

  beats(count: number, lateMs = 0): void {
    for (let i = 0; i < count; i++) {
      this.pass(1000);
      expect(this.beat(lateMs)).toMatchObject({ machine: null, server: null });
    }
  }
}

describe('the machine’s clock', () => {
  test('that is set forwards is seen with the next frame, and lines are marked for a while', () => {
    const world = new World();
    world.beats(5);
    world.pass(1000);
    world.wallMs += 30_000;
    expect(world.beat()).toEqual({
      machine: { of: 'machine', byMs: 30_000 },
      server: null,
      now: { machine: true, held: false, server: false },
    });
    world.beats(UNSTEADY_MS / 1000);
    expect(world.watch.unsteady(world.sight())).toBeNull();
  });

  test('that is set back makes receive times up until it has caught up with the tape', () => {
    const world = new World();
    world.beats(5);
    world.pass(1000);
    world.wallMs -= 20_000;
    expect(world.beat().machine).toEqual({ of: 'machine', byMs: -20_000 });
    expect(world.watch.held(world.wallMs * 1000)).toBe(true);
    for (let second = 1; second < 18; second++) {
      world.pass(1000);
      expect(world.beat().now).toMatchObject({ held: true, machine: second < 5 });
    }
    world.beats(3);
    expect(world.watch.unsteady(world.sight())).toBeNull();
    expect(world.watch.held(world.wallMs * 1000)).toBe(false);
  });

  test('that is wrong by an hour since a jump marks lines until it is right again, and hides nothing else', () => {
    const world = new World();
    world.beats(5);
    world.pass(1000);
    world.wallMs += 3_600_000;
    world.beat();
    for (let i = 0; i < 60; i++) {
      world.pass(1000);
      expect(world.beat(i * 100).now).toMatchObject({ machine: true });
    }
    // The server's clock is set meanwhile: now the jump explains nothing.
    const other = new World();
    other.beats(5);
    other.wallMs += 3_600_000;
    other.beat();
    other.beats(3);
    other.serverMs += 3_600_000;
    other.pass(1000);
    other.beat();
    for (let i = 0; i < 6; i++) {
      other.pass(1000);
      other.beat();
    }
    expect(other.watch.unsteady(other.sight())).toBeNull();
    world.wallMs -= 3_600_000;
    world.beat();
    for (let i = 0; i < 6; i++) {
      world.pass(1000);
      world.beat();
    }
    // It is right, and the tape is an hour ahead.
    expect(world.watch.unsteady(world.sight())).toEqual({ machine: false, held: true, server: false });
  });

  test('of a machine that slept jumps alone, though the monotonic clock slept as well', () => {
    const world = new World();
    world.beats(5);
    world.pass(1000);
    world.wallMs += 7_200_000;
    world.serverMs += 7_200_000;
    expect(world.beat()).toMatchObject({ machine: { byMs: 7_200_000 }, server: null });
    world.beats(6);
    expect(world.watch.unsteady(world.sight())).toBeNull();
  });

  test('that was behind the tape when the recorder began is known to be', () => {
    const world = new World();
    const late = new World({ newestUs: world.wallMs * 1000 + 60_000_000 });
    expect(late.beat()).toMatchObject({ machine: null, now: { held: true, machine: false } });
  });

  test('that NTP pulls by a thousandth for an hour does not jump', () => {
    const world = new World();
    for (let second = 0; second < 3600; second++) {
      world.pass(1000);
      world.wallMs += second % 2 === 0 ? 1 : 0;
      expect(world.beat()).toEqual({ machine: null, server: null, now: null });
    }
  });
});

describe('the server’s clock', () => {
  test('that is set is seen with the next heartbeat, in either direction', () => {
    for (const byMs of [5000, -5000, 3_600_000]) {
      const world = new World();
      world.beats(10);
      world.pass(1000);
      world.serverMs += byMs;
      expect(world.beat()).toEqual({
        machine: null,
        server: { of: 'server', byMs },
        now: { machine: false, held: false, server: true },
      });
      world.beats(5);
      expect(world.beat().now).toBeNull();
    }
  });

  test('is not blamed for what is late, for a queue that empties at once, nor for standing still', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 30_000 }), { minLength: 5, maxLength: 80 }), (lates) => {
        const world = new World();
        world.beats(5);
        let sent = world.serverMs;
        for (const late of lates) {
          world.pass(1000);
          // One connection: nothing overtakes.
          const stated = Math.max(sent, world.serverMs - late);
          expect(world.beat(world.serverMs - stated).server).toBeNull();
          sent = stated;
        }
      }),
    );
    const frozen = new World();
    frozen.beats(5);
    const { utcMs } = frozen.sight();
    for (let hour = 0; hour < 48; hour++) {
      frozen.pass(3_600_000);
      // Over a weekend two clocks drift apart by seconds.
      frozen.serverMs += 150;
      expect(frozen.watch.heartbeat({ ...frozen.sight(), utcMs })).toBeNull();
    }
    expect(frozen.beat().server).toBeNull();
    frozen.beats(3);
  });

  test('in whole seconds jumps no less, and its own rounding is none', () => {
    const world = new World();
    world.resolutionMs = 1000;
    for (let i = 0; i < 600; i++) {
      world.pass(990 + (i % 21));
      expect(world.beat().server).toBeNull();
    }
    world.pass(1000);
    world.serverMs += 10_000;
    expect(world.beat().server?.of).toBe('server');
  });

  test('is doubted by a tick that is ahead of every heartbeat, and that alone moves nothing', () => {
    const world = new World();
    world.beats(5);
    expect(world.watch.tick({ ...world.sight(), utcMs: world.serverMs + 60_000 })).toBe(true);
    expect(world.watch.tick(world.sight())).toBe(false);
    expect(world.beat()).toEqual({ machine: null, server: null, now: null });
    expect(Math.abs(world.watch.skew(world.monoMs)?.ms ?? Number.NaN)).toBeLessThan(5);
  });

  test('of a gateway that plays an old day is compared with nothing', () => {
    const world = new World({ paced: false });
    world.beats(5);
    world.serverMs += 86_400_000;
    expect(world.beat().server).toBeNull();
    expect(world.watch.tick(world.sight())).toBe(false);
    expect(world.watch.skew(world.monoMs)).toBeNull();
  });
});

describe('the skew', () => {
  test('lies within its uncertainty, whatever comes late and however times are spelled', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -3_600_000, max: 3_600_000 }),
        fc.constantFrom(1, 1000),
        fc.array(fc.integer({ min: 0, max: 80 }), { minLength: 64, maxLength: 120 }),
        (trueMs, resolutionMs, lates) => {
          const world = new World();
          world.resolutionMs = resolutionMs;
          world.serverMs += trueMs;
          for (const late of [0, ...lates]) {
            world.pass(1013);
            world.beat(late);
          }
          const skew = world.watch.skew(world.monoMs);
          expect(Math.abs((skew?.ms ?? Number.NaN) - trueMs)).toBeLessThanOrEqual(
            (skew?.uncertaintyMs ?? 0) + 1,
          );
          expect(skew?.uncertaintyMs).toBeLessThan(resolutionMs + 60);
        },
      ),
    );
  });

  test('is unknown before a clock was seen to run, after a jump, and when nothing runs any more', () => {
    const world = new World();
    expect(world.watch.skew(world.monoMs)).toBeNull();
    for (let i = 0; i < 5; i++) {
      world.monoMs += 1000;
      world.wallMs += 1000;
      // It stands still.
      world.beat();
    }
    expect(world.watch.skew(world.monoMs)).toBeNull();
    world.beats(3);
    expect(world.watch.skew(world.monoMs)).not.toBeNull();
    world.wallMs += 10_000;
    world.pass(1000);
    world.beat();
    expect(world.watch.skew(world.monoMs)).toBeNull();
    world.beats(3);
    expect(world.watch.skew(world.monoMs)?.ms).toBe(-15_000);
    expect(world.watch.skew(world.monoMs + 61_000)).toBeNull();
  });
});
