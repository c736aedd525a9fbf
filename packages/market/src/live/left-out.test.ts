// Frames that were left out because they may have been late snapshots: their gaps, and what coverage says meanwhile.
import { describe, expect, test } from 'vitest';
import { coverageOf, EUR, gapsOf, PRICES, run, started, TapeScript, XAU } from '../../testing/tape-script.ts';

describe('a frame that was left out as a repeat', () => {
  const live = (): TapeScript => started().beats(3, 10).tick('EURUSD', 10.5);

  test('and may have been a tick like the one before it: its one moment is a gap', () => {
    const script = live().tick('EURUSD', 10.5, 10.6, 'repeat').beats(11, 20);
    expect(gapsOf(script).slice(4)).toEqual([['ended', 'EURUSD', 'not_subscribed', 10.5, 10.501]]);
    const told = run(script).notes.gaps.at(-1)?.gap;
    expect([told?.missing, told?.id.endsWith('.out')]).toEqual([1, true]);
    expect(coverageOf(script, 'EURUSD')).toEqual(coverageOf(started().beats(3, 20), 'EURUSD'));
  });

  test('with others soon after it: one gap, also when a drop comes before the next heartbeat', () => {
    const several = (): TapeScript =>
      live().tick('EURUSD', 10.5, 10.5, 'repeat').tick('EURUSD', 10.7).tick('EURUSD', 10.7, 10.7, 'repeat');
    expect(gapsOf(several().beats(11, 20)).slice(4)).toEqual([
      ['ended', 'EURUSD', 'not_subscribed', 10.5, 10.701],
    ]);
    const goesOn = several().beats(11, 12).tick('EURUSD', 12.6).tick('EURUSD', 12.6, 12.6, 'repeat');
    expect(gapsOf(goesOn.beats(13, 20)).slice(4)).toEqual([
      ['ended', 'EURUSD', 'not_subscribed', 10.5, 12.601],
    ]);
    const dropped = several().drops(10.9);
    expect(gapsOf(dropped).slice(4, 6)).toEqual([
      ['ended', 'EURUSD', 'not_subscribed', 10.5, 10.701],
      ['opened', 'EURUSD', 'disconnect', 8, null],
    ]);
    const ids = run(dropped).notes.gaps.map(({ gap }) => gap.id);
    expect(new Set(ids).size).toBe(5);
  });

  test('and others of a symbol that is delayed from now on, or states times in another order: no gap ends before it begins', () => {
    const delayed = live().tick('EURUSD', 10.5, 10.6, 'repeat').tick('EURUSD', -1489.3, 10.7);
    delayed.tick('EURUSD', -1489.3, 10.7, 'repeat').beats(11, 20);
    expect(gapsOf(delayed).slice(4)).toEqual([
      ['ended', 'EURUSD', 'not_subscribed', 10.5, 10.501],
      ['ended', 'EURUSD', 'not_subscribed', -1489.3, -1489.299],
    ]);
    const backwards = live().tick('EURUSD', 10.5, 10.6, 'repeat').tick('EURUSD', 10.2, 10.7);
    backwards.tick('EURUSD', 10.2, 10.7, 'repeat').beats(11, 20);
    expect(gapsOf(backwards).slice(4)).toEqual([['ended', 'EURUSD', 'not_subscribed', 10.2, 10.501]]);
  });

  test('and others of the second fold through an hour: each fold has a gap of its own', () => {
    const script = new TapeScript({ rule: 'America/New_York+7h', start: '2026-11-01T05:00:00.000Z' })
      .configured([EUR], true)
      .event({ event: 'connected', data: null })
      .acks(...PRICES)
      .beat(1, 'clean/1', true, 60)
      .beat(2, 'clean/1', true, 120)
      .beat(5, 'clean/1', true, 1200);
    // A second of ours is ten minutes of the broker's.
    script.tick('EURUSD', 3000, 10, 'live/1').tick('EURUSD', 3000, 10, 'repeat/1');
    script.tick('EURUSD', 4000, 10.5, 'live/2').tick('EURUSD', 4000, 10.5, 'repeat/2');
    script.beat(11, 'clean/2', true, 4200).beat(20, 'clean/2', true, 5000);
    expect(gapsOf(script).filter(([, , , from]) => from >= 3000)).toEqual([
      ['ended', 'EURUSD', 'not_subscribed', 3000, 3000.001],
      ['ended', 'EURUSD', 'not_subscribed', 4000, 4000.001],
    ]);
  });

  test('and others of any symbol of the connection: one incident', () => {
    const script = live().tick('EURUSD', 10.5, 10.6, 'repeat').beats(11, 20).tick('XAUUSD', 20.5);
    script.tick('XAUUSD', 20.5, 20.6, 'repeat').beats(21, 30);
    const told = run(script).notes.gaps.filter(({ gap }) => gap.id.endsWith('.out'));
    expect(told.map(({ key }) => key.symbol)).toEqual(['EURUSD', 'XAUUSD']);
    expect(new Set(told.map(({ gap }) => gap.outageId)).size).toBe(1);
  });

  test('while our clock is behind the tape its gap is told as soon, and no wider', () => {
    const script = started().beats(3, 60);
    for (let s = 61; s < 80; s++) {
      script.beat(60, 'clean', true, s).tick('EURUSD', s + 0.5, 60);
      if (s === 65 || s === 75) script.tick('EURUSD', s + 0.5, 60, 'repeat');
    }
    expect(gapsOf(script).slice(4)).toEqual([
      ['ended', 'EURUSD', 'not_subscribed', 65.5, 65.501],
      ['ended', 'EURUSD', 'not_subscribed', 75.5, 75.501],
    ]);
  });

  test('again and again: no coverage is claimed over what is not told yet, and it waits ten seconds at most', () => {
    const script = started().beats(3, 10);
    for (let s = 11; s <= 40; s++)
      script
        .tick('EURUSD', s - 0.5)
        .tick('EURUSD', s - 0.5, s - 0.5, 'repeat')
        .beat(s);
    for (let lines = 1; lines <= script.lines.length; lines++) {
      const cut = new TapeScript();
      cut.lines.push(...script.lines.slice(0, lines));
      const told = gapsOf(cut).filter(([event, of]) => event === 'ended' && of === 'EURUSD');
      const leftOut = cut.lines.filter(({ mark }) => mark === 'repeat').map((_, i) => 10.5 + i);
      const first = leftOut.find((s) => told.every(([, , , , to]) => s >= (to ?? 0)));
      const covered = coverageOf(cut, 'EURUSD').at(-1)?.[1] ?? 0;
      if (first !== undefined) expect(covered).toBeLessThanOrEqual(first);
    }
    expect(gapsOf(script).filter(([, of]) => of === 'EURUSD').length).toBeGreaterThanOrEqual(3);
    expect(coverageOf(script, 'EURUSD').at(-1)?.[1]).toBeGreaterThanOrEqual(27);
  });

  test('and states an older tick, or comes long after its tick: it is a snapshot', () => {
    expect(
      gapsOf(live().tick('EURUSD', 9, 10.6, 'repeat').tick('EURUSD', 10.5, 12.6, 'repeat')).slice(4),
    ).toEqual([]);
  });

  test('before a gap that is open it needs one: its symbol is delayed by more than is known of it yet', () => {
    const script = started()
      .beats(3, 10)
      .drops(10.55)
      .beat(12)
      .acks(...PRICES)
      .tick('EURUSD', 3, 12.1)
      .tick('EURUSD', 3, 12.1, 'repeat')
      .beats(13, 20);
    expect(gapsOf(script)).toContainEqual(['ended', 'EURUSD', 'not_subscribed', 3, 3.001]);
  });

  test('so does a gap that has no start yet: its first heartbeat knows nothing of the delay', () => {
    const script = new TapeScript()
      .event({ event: 'start', data: null })
      .configured([EUR, XAU])
      .event({ event: 'connected', data: null })
      .acks(...PRICES)
      .tick('EURUSD', -600, 0.1)
      .tick('EURUSD', -600, 0.2, 'repeat')
      .beats(1, 8);
    expect(gapsOf(script)).toContainEqual(['ended', 'EURUSD', 'not_subscribed', -600, -599.999]);
  });

  test('and is told when its stream is taken out of the configuration meanwhile', () => {
    const script = started()
      .beats(3, 10)
      .drops(10.55)
      .beat(12)
      .acks(...PRICES)
      .tick('EURUSD', 3, 12.1)
      .tick('EURUSD', 3, 12.1, 'repeat')
      .configured([XAU]);
    expect(gapsOf(script)).toContainEqual(['ended', 'EURUSD', 'not_subscribed', 3, 3.001]);
  });

  test('inside a gap that is open it needs none of its own', () => {
    expect(gapsOf(live().drops(10.55).tick('EURUSD', 10.5, 10.6, 'repeat')).slice(6)).toEqual([]);
  });
});
