import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadLedger } from './ledger-state.ts';
import { topicOfStream } from '../tables/stream-key.ts';
import {
  BARS,
  coverageOf,
  EUR,
  gapsOf,
  type GapWords,
  JUNK,
  PRICES,
  readOn,
  run,
  started,
  TapeScript,
  XAU,
} from '../../testing/tape-script.ts';
import { SETTLE_MS } from './tick-marker.ts';
import type { WireMessage } from '../tables/wire.ts';

describe('gaps', () => {
  test('the first subscription stands in a gap from the first heartbeat to the first clean one after the acknowledgement', () => {
    expect(gapsOf(started())).toEqual([
      ['opened', 'EURUSD', 'not_subscribed', -1, null],
      ['opened', 'XAUUSD', 'not_subscribed', -1, null],
      ['ended', 'EURUSD', 'not_subscribed', -1, 4.001],
      ['ended', 'XAUUSD', 'not_subscribed', -1, 4.001],
    ]);
  });

  const after = (more: (script: TapeScript) => TapeScript): GapWords[] =>
    gapsOf(more(started().beats(3, 60))).slice(4);

  test('a drop: from the last clean heartbeat to the first one after each stream’s own acknowledgement', () => {
    const rows = after((script) =>
      script
        .drops(60.4)
        .beat(63)
        .acks(...PRICES.slice(0, 1))
        .beat(64)
        .acks(...PRICES.slice(1))
        .beat(65),
    );
    expect(rows).toEqual([
      ['opened', 'EURUSD', 'disconnect', 58, null],
      ['opened', 'XAUUSD', 'disconnect', 58, null],
      ['ended', 'EURUSD', 'disconnect', 58, 66.001],
      ['ended', 'XAUUSD', 'disconnect', 58, 67.001],
    ]);
  });

  test('a gap reaches over the watch for the snapshot, also when its last heartbeat came late', () => {
    const rows = after((script) =>
      script
        .drops(60)
        .acks(...PRICES)
        .beat(60.01, 'clean', true, 59.3),
    );
    const ends = rows.filter(([event]) => event === 'ended').map(([, , , , to]) => Number(to));
    expect(ends).toHaveLength(2);
    for (const end of ends) expect(end).toBeGreaterThanOrEqual(60 + SETTLE_MS / 1000);
  });

  test('of a replayed gateway the account begins at the first tick that was not stored, not at the first heartbeat', () => {
    for (const replayed of [true, false]) {
      // A second of ours is an hour of the broker's.
      const script = new TapeScript()
        .configured([EUR], replayed)
        .event({ event: 'connected', data: null })
        .acks(...PRICES)
        .tick('EURUSD', 100, 0)
        .tick('EURUSD', 100, 0, 'repeat')
        .tick('EURUSD', 130, 0, 'repeat')
        .beat(1, 'clean', true, 600)
        .beat(2, 'clean', true, 4200);
      // Elsewhere a tick that is so much older than the heartbeat is late.
      expect(gapsOf(script)[0]?.[3]).toBe(replayed ? 98 : 100);
    }
  });

  test('a clock of ours that is set before the first heartbeat makes no stream older by it', () => {
    // Configured by a clock that was a week behind, or a day ahead: then the next receive times are made up.
    for (const [setMs, atS, from] of [
      [7 * 86_400_000, 7 * 86_400 + 60, 7 * 86_400],
      [-86_400_000, 60, -600],
    ] as const) {
      const script = new TapeScript().configured([EUR]).event({ event: 'connected', data: null });
      const heard = setMs > 0 ? atS : 0;
      script.at(heard).event({ event: 'clock_jump', data: { of: 'machine', byMs: setMs } });
      script.beat(heard, 'clean', true, atS);
      expect(gapsOf(script)[0]?.[3]).toBeCloseTo(setMs > 0 ? from : atS + from, 1);
    }
  });

  test('coverage goes on while our clock is behind the tape and lines are a microsecond apart', () => {
    const script = started().beats(3, 60);
    for (let s = 61; s <= 600; s++) script.beat(60, 'clean', true, s);
    expect(coverageOf(script, 'EURUSD').at(-1)?.[1]).toBeGreaterThan(590);
  });

  test('a machine that slept before the first heartbeat has its gap from before it slept', () => {
    const script = new TapeScript().configured([EUR]).event({ event: 'connected', data: null });
    script.at(108_000).event({ event: 'clock_jump', data: { of: 'machine', byMs: 107_000_000 } });
    script.beat(108_060);
    expect(gapsOf(script)[0]?.[3]).toBeLessThanOrEqual(0);
  });

  test('heartbeats that waited in the queue bound nothing', () => {
    const rows = after((script) =>
      script.beat(61, 'late').beat(62, 'late').at(65).frame(JUNK).beat(66, 'late').beat(67),
    );
    expect(rows).toEqual([
      ['opened', 'EURUSD', 'rejected', 58, null],
      ['opened', 'XAUUSD', 'rejected', 58, null],
      ['ended', 'EURUSD', 'rejected', 58, 69.001],
      ['ended', 'XAUUSD', 'rejected', 58, 69.001],
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
        .acks(...PRICES.slice(1))
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
    expect(after((script) => script.frame(tick).beat(61)).map((row) => row[1])).toEqual(['XAUUSD', 'XAUUSD']);
    expect(after((script) => script.frame(JUNK).beat(61)).map((row) => row[1])).toEqual([
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
    const rows = after((script) => script.tick('EURUSD', 50, 60.5).drops(60.6));
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
    script.at(61.9).frame(whole(61), 'clean').at(62).frame(JUNK).at(63.2).frame(whole(63), 'clean');
    const rows = gapsOf(script).slice(4);
    expect(rows[2]?.slice(3)).toEqual([59, 66]);
  });

  test('damage of the tape is a gap, and a lost acknowledgement is settled by the audit', () => {
    const damaged = (): TapeScript => started().beats(3, 60).at(60.5).damage();
    const gone = damaged();
    gone.conn = 2;
    // The first line of the connection that could be read is a heartbeat: whether it was subscribed, only the audit shows.
    gone.beat(70).beat(71);
    expect(gapsOf(gone).slice(4)).toEqual([
      ['opened', 'EURUSD', 'tape_damaged', 58, null],
      ['opened', 'XAUUSD', 'tape_damaged', 58, null],
    ]);
    gone.event({ event: 'audit', data: { missing: PRICES.slice(1) } }).beat(72);
    expect(gapsOf(gone).slice(6)).toEqual([['ended', 'EURUSD', 'tape_damaged', 58, 74.001]]);
    // What could be read says that it was not subscribed yet.
    const begun = damaged()
      .drops(61)
      .beat(70)
      .event({ event: 'audit', data: { missing: [] } })
      .beat(72);
    expect(gapsOf(begun).slice(6)).toEqual([]);
    // What is asked for now was not acknowledged in what could not be read.
    const asked = damaged();
    asked.conn = 2;
    for (const sub of PRICES.slice(0, 1)) asked.beat(70).event({ event: 'subscribing', data: { sub } });
    asked.event({ event: 'audit', data: { missing: [] } }).beat(72);
    expect(gapsOf(asked).slice(6)).toEqual([['ended', 'XAUUSD', 'tape_damaged', 58, 74.001]]);
    // A jump of a clock stands before it.
    const jumped = started().beats(3, 60);
    jumped.at(61).event({ event: 'disconnected', data: { reason: 'reset' } });
    jumped.conn++;
    jumped
      .event({ event: 'clock_jump', data: { of: 'machine', byMs: 3000 } })
      .event({ event: 'connected', data: null })
      .beat(62)
      .event({ event: 'audit', data: { missing: [] } })
      .beat(72);
    expect(gapsOf(jumped).slice(6)).toEqual([]);
    // Whatever comes in between settles nothing.
    const between = started()
      .beats(3, 60)
      .drops(61)
      .damage()
      .frame(JUNK)
      .frame({ type: 'warning', dropped: 3 });
    between.event({ event: 'audit', data: { missing: [] } }).beat(72);
    expect(
      gapsOf(between).filter(([event, , cause]) => event === 'ended' && cause === 'disconnect'),
    ).toHaveLength(2);
  });

  test('a lost tape whose database is ahead of the gateway’s clock: the gap ends no earlier than it begins', () => {
    const script = new TapeScript();
    script
      .configured([{ ...EUR, coveredToUs: (script.startMs + 42_000) * 1000 }] as never)
      .event({ event: 'connected', data: null })
      .acks(...PRICES.slice(0, 1))
      .beats(1, 10);
    expect(gapsOf(script).at(-1)).toEqual(['ended', 'EURUSD', 'process_down', -1, 3.001]);
  });

  test('a lost tape: the gap begins where the database’s coverage ends; an open one goes on from there under its old id', () => {
    const script = new TapeScript();
    const us = (s: number): number => (script.startMs + s * 1000) * 1000;
    const open = { id: 'old', outageId: 'o', cause: 'disconnect', fromUs: us(-90) } as const;
    const streams = [
      { ...EUR, coveredToUs: us(-100) },
      { ...XAU, coveredToUs: us(-95), openGap: open },
    ];
    script
      .event({ event: 'start', data: null })
      .configured(streams)
      .event({ event: 'connected', data: null })
      .acks(...PRICES)
      .beat(1);
    expect(gapsOf(script)).toEqual([
      ['opened', 'EURUSD', 'process_down', -100, null],
      ['opened', 'XAUUSD', 'disconnect', -95, null],
      ['ended', 'EURUSD', 'process_down', -100, 3.001],
      ['ended', 'XAUUSD', 'disconnect', -95, 3.001],
    ]);
  });
});

describe('coverage', () => {
  test('trails the last clean heartbeat by the margin and begins where the gap ended', () => {
    expect(coverageOf(started().beats(3, 30), 'EURUSD')).toEqual([[4.001, 25]]);
  });

  test('a late heartbeat moves nothing, and bars are never covered live', () => {
    const script = new TapeScript()
      .configured([EUR, BARS])
      .event({ event: 'connected', data: null })
      .beat(1)
      .acks(...PRICES, { topic: 'bars', symbol: 'EURUSD', timeframe: 'M1' })
      .beats(2, 30);
    for (let s = 31; s < 60; s++) script.beat(s, 'late');
    expect(new Set(run(script).notes.coverage.map((note) => note.key.stream))).toEqual(new Set(['ticks']));
    expect(coverageOf(script, 'EURUSD').at(-1)?.[1]).toBeLessThanOrEqual(28);
  });

  test('ranges are cut about every hour, without a hole between them', () => {
    const ranges = coverageOf(started().beats(3, 8000), 'EURUSD');
    expect(ranges.length).toBe(3);
    for (let i = 1; i < ranges.length; i++) expect(ranges[i]?.[0]).toBe(ranges[i - 1]?.[1]);
  });
});

describe('retiring', () => {
  const retired = (script: TapeScript, seconds: number): GapWords[] => {
    const before = gapsOf(script).length;
    return gapsOf(script.at(seconds).configured([EUR])).slice(before);
  };

  test('inside a gap: it ends at the moment of retiring, not at the last heartbeat before the drop', () => {
    const script = started().beats(3, 60).drops(60.4);
    expect(retired(script, 1200)).toEqual([['ended', 'XAUUSD', 'disconnect', 58, 1200.001]]);
  });

  test('with no heartbeat ever: a gap from the configuration to the retiring', () => {
    const script = new TapeScript().event({ event: 'start', data: null }).configured([EUR, XAU]);
    expect(retired(script, 100)).toEqual([['ended', 'XAUUSD', 'not_subscribed', 0, 100]]);
  });

  test('a live stream: what came since its last coverage is a gap', () => {
    const script = started().beats(3, 60);
    expect(retired(script, 60.5)).toEqual([
      ['opened', 'XAUUSD', 'not_subscribed', 58, null],
      ['ended', 'XAUUSD', 'not_subscribed', 58, 60.501],
    ]);
    expect(coverageOf(script, 'XAUUSD')).toEqual([[4.001, 58]]);
  });

  test('never before its beginning, whatever our clock says', () => {
    const script = new TapeScript();
    const aheadUs = (script.startMs + 900_000) * 1000;
    script.configured([EUR, { ...XAU, coveredToUs: aheadUs } as never]);
    expect(retired(script, 100)).toEqual([['ended', 'XAUUSD', 'process_down', 900, 900]]);
  });

  test('while the clock of the server stands still it ends by ours', () => {
    const script = started().beats(3, 60);
    for (let s = 61; s < 80; s++) script.beat(s, 'frozen', true, 60);
    expect(retired(script.drops(80), 4000)[0]?.[4]).toBe(4000.001);
  });

  test('of a replayed gateway its own clock says when', () => {
    const script = new TapeScript()
      .configured([EUR, XAU], true)
      .event({ event: 'connected', data: null })
      .beat(1, 'clean', true, 86_400);
    expect(retired(script.drops(2), 4000)[0]?.slice(3)).toEqual([86_398, 86_402.001]);
  });
});

describe('an audit', () => {
  test('a heartbeat after a doubt does not prove the subscription', () => {
    const script = started().beats(3, 60).frame(JUNK).beats(61, 90);
    script.event({ event: 'audit', data: { missing: PRICES.slice(1) } });
    // It may have been gone since it was proved last, by its acknowledgement.
    expect(gapsOf(script).at(-1)).toEqual(['opened', 'XAUUSD', 'not_subscribed', 0, null]);
  });

  test('what it finds missing inside an open gap makes the gap begin earlier', () => {
    const script = started().beats(3, 60).frame(JUNK);
    script.event({ event: 'audit', data: { missing: PRICES.slice(1) } });
    expect(gapsOf(script).slice(-2)).toEqual([
      ['opened', 'XAUUSD', 'rejected', 58, null],
      ['opened', 'XAUUSD', 'rejected', 0, null],
    ]);
  });
});

describe('a warning', () => {
  /** Ticks at a rate, heartbeats on time. */
  const busy = (script: TapeScript, from: number, to: number, perSecond: number): TapeScript => {
    for (let s = from; s < to; s++) {
      script.beat(s);
      for (let i = 1; i <= perSecond; i++) script.tick('EURUSD', s + i / (perSecond + 1));
    }
    return script;
  };
  const dropped = (n: number): WireMessage => ({ type: 'warning', dropped: n });

  test('what was dropped beside heartbeats on time lies in its gap, and is counted', () => {
    const script = busy(started(), 3, 300, 80).beats(300, 305).frame(dropped(400)).beat(306);
    const rows = gapsOf(script).slice(4);
    // A minute back, behind the last clean heartbeat.
    expect(rows).toEqual([
      ['opened', 'EURUSD', 'server_dropped', 243, null],
      ['opened', 'XAUUSD', 'server_dropped', 243, null],
      ['ended', 'EURUSD', 'server_dropped', 243, 308.001],
      ['ended', 'XAUUSD', 'server_dropped', 243, 308.001],
    ]);
    expect(run(script).notes.gaps.at(-1)?.gap.missing).toBe(400);
  });

  test('many of a quiet market reach further back than a minute', () => {
    // One a second: 90 of them take a minute and a half, and twice that is believed.
    const [row] = gapsOf(busy(started(), 3, 600, 1).beats(600, 605).frame(dropped(90))).slice(4);
    expect(row?.[3]).toBeGreaterThan(605 - 2 - 230);
    expect(row?.[3]).toBeLessThanOrEqual(605 - 2 - 180);
  });

  test('and as far where our clock is behind the tape: lines are a microsecond apart, and the minute before is the broker’s', () => {
    const script = started().beats(3, 60);
    for (let s = 61; s < 600; s++) script.beat(60, 'clean', true, s).tick('EURUSD', s + 0.5, 60);
    const [row] = gapsOf(script.beat(60, 'clean', true, 605).frame(dropped(90))).slice(4);
    expect(row?.[3]).toBeGreaterThan(605 - 2 - 250);
    expect(row?.[3]).toBeLessThanOrEqual(605 - 2 - 180);
    expect(run(script).ledger.state.recent.length).toBeLessThan(10);
  });

  test('but never behind the last gap, whatever the rate', () => {
    expect(gapsOf(started().beats(3, 600).frame(dropped(1))).slice(4)[0]?.[3]).toBe(4.001);
  });

  test('an end that was written never moves: a second drop is a second gap', () => {
    const script = busy(started(), 3, 300, 10)
      .frame(dropped(5))
      .beat(301)
      .beat(302)
      .frame(dropped(6))
      .beat(303);
    const ended = gapsOf(script).filter(([event, of]) => event === 'ended' && of === 'XAUUSD');
    expect(ended.slice(1)).toEqual([
      ['ended', 'XAUUSD', 'server_dropped', 237, 303.001],
      ['ended', 'XAUUSD', 'server_dropped', 300, 305.001],
    ]);
    const ids = run(script).notes.gaps.map(({ gap }) => gap.id);
    expect(new Set(ids).size).toBe(6);
  });

  test('in an open gap makes it begin earlier, and is counted with what is missing there', () => {
    const script = busy(started(), 3, 300, 10).frame(JUNK).frame(dropped(5)).frame(dropped(2)).beat(301);
    const last = run(script).notes.gaps.at(-1);
    expect(gapsOf(script).at(-1)).toEqual(['ended', 'XAUUSD', 'rejected', 237, 303.001]);
    expect(last?.gap.missing).toBe(7);
  });

  test('of a replayed gateway a heartbeat of a minute ago says where its clock stood', () => {
    const script = new TapeScript()
      .configured([EUR], true)
      .event({ event: 'connected', data: null })
      .acks(...PRICES);
    // Ten seconds of the broker's in one of ours.
    for (let s = 1; s < 200; s++) script.beat(s, 'clean', true, 10 * s).tick('EURUSD', 10 * s + 5, s + 0.5);
    const from = gapsOf(script.frame(dropped(1))).at(-1)?.[3] ?? 0;
    expect(from).toBeLessThanOrEqual(1990 - 600);
    expect(from).toBeGreaterThan(1990 - 720);
  });
});

describe('a frame without a time that can be meant', () => {
  const frames = JSON.parse(
    readFileSync(join(import.meta.dirname, '../../testing/time-zero/frames.json'), 'utf8'),
  ) as WireMessage[];
  const DEALS = { stream: 'deals', symbol: null, timeframe: null } as const;
  const recording = (): TapeScript =>
    new TapeScript()
      .configured([EUR, BARS, DEALS])
      .event({ event: 'connected', data: null })
      .acks(...[EUR, BARS, DEALS].map(topicOfStream))
      .beats(1, 60);
  const gapsAfter = (message: WireMessage, mark: string | null = null): GapWords[] =>
    gapsOf(recording().frame(message, mark).beats(61, 70)).slice(6);

  test('a trade of time zero: a gap of deals around its receipt', () => {
    expect(frames.map(({ type }) => type)).toEqual(['trade']);
    for (const frame of frames)
      expect(gapsAfter(frame)).toEqual([
        ['opened', 'deals', 'rejected', 58, null],
        ['ended', 'deals', 'rejected', 58, 63.001],
      ]);
  });

  test('a bar of time zero: a gap of its bars', () => {
    const data = { open: 1, high: 1, low: 1, close: 1, time: '1970-01-01T00:00:00Z' };
    const rows = gapsAfter({ type: 'bar', symbol: 'EURUSD', timeframe: 'M1', data });
    expect(rows.map(([, of, cause]) => [of, cause])).toEqual([
      ['EURUSD', 'rejected'],
      ['EURUSD', 'rejected'],
    ]);
  });

  test('a tick of time zero: the guard has its gap, unless nothing can be compared with our clock', () => {
    const data = { bid: 1, ask: 1, time: '1970-01-20T03:21:12.648Z' };
    const tick: WireMessage = { type: 'tick', symbol: 'EURUSD', data };
    expect(gapsAfter(tick, 'live')).toEqual([]);
    expect(gapsAfter(tick, 'live~m').map(([, of, cause]) => [of, cause])).toEqual([
      ['EURUSD', 'rejected'],
      ['EURUSD', 'rejected'],
    ]);
  });
});

test('a state of an earlier release is read: its gaps end, what it was not sure of is settled by an audit', () => {
  // Written by the release of 2026-11-29: a doubt, a refused subscription with the tape damaged behind it, and one that was acknowledged.
  const state = loadLedger(
    JSON.parse(readFileSync(join(import.meta.dirname, '../../testing/ledger-2026-11-29.json'), 'utf8')),
  );
  const script = new TapeScript().beat(22, 'clean');
  script.event({ event: 'audit', data: { missing: [] } }).beat(25);
  const { notes } = readOn(state, script.lines);
  expect(gapsOf(script, notes)).toEqual([
    ['ended', 'EURUSD', 'tape_damaged', 18, 24.001],
    ['ended', 'GBPUSD', 'not_subscribed', 0, 24.001],
    ['ended', 'XAUUSD', 'not_subscribed', 0, 27.001],
  ]);
});
