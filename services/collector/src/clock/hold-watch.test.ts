// How a hold ends while somebody corrects the rule: over a real tape, with the real keeper. Only the gateway's clock and ours are made up.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AccountConfig } from '@fxtape/config';
import { decodeFrame } from '@fxtape/fxsocket';
import { type ClockSpan, LEAST_MARGIN_MS } from '@fxtape/market';
import { createLog, systemClock } from '@fxtape/ops';
import { type Line, TapeWriter } from '@fxtape/tape';
import { afterEach, expect, test, vi } from 'vitest';
import { ClockKeeper } from './clock-keeper.ts';
import { HoldWatch } from './hold-watch.ts';
import { Intake } from '../intake/intake.ts';
import { TapeMemory } from '../tape/tape-memory.ts';

const START_MS = Date.UTC(2026, 5, 24, 12);
const us = (second: number): number => (START_MS + second * 1000) * 1000;
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

/** A tape whose given rule was confirmed once, of a server that is elsewhere by now; `wait` waits from second 0 on. */
async function held(rule: string, replayed = false) {
  const dir = mkdtempSync(join(tmpdir(), 'fxtape-hold-watch-'));
  closers.push(async () => rmSync(dir, { recursive: true }));
  const memory = new TapeMemory('demo');
  const given = { rule };
  const now = { second: 0 };
  const waits: number[] = [];
  const real = systemClock();
  const clock = {
    ...real,
    nowMs: () => START_MS + now.second * 1000,
    nowUs: () => us(now.second),
    monoMs: () => now.second * 1000,
    // What waits for a time waits for the test to make it that late.
    setTimeout: (fn: () => void, ms: number) => {
      waits.push(ms);
      return real.setTimeout(fn, Math.min(ms, 10));
    },
  };
  const log = createLog({ service: 'test', level: 'fatal' });
  const tape = await TapeWriter.open({
    dir,
    account: 'demo',
    head: () => memory.save(),
    clock: real,
  });
  closers.push(() => tape.close());
  const intake = new Intake({ tape, memory, clock, log, replayed: false });
  const spans: ClockSpan[] = [{ fromUs: 0, rule, confirmed: true, evidence: '' }];
  intake.note('clock', { spans });
  const keeper = new ClockKeeper({
    config: () => ({ clock: { rule: given.rule, replayed: false } }) as AccountConfig,
    timezone: () => Promise.reject(new Error('503')),
    inferred: async () => null,
    intake,
    memory,
    tape,
    clock,
    log,
  });
  const said: string[] = [];
  const watch = new HoldWatch({
    replayed,
    tape,
    memory,
    keeper,
    from: () => null,
    inHand: () => ({ maxLines: 5 }),
    says: (phase) => void said.push(phase),
    clock,
    log,
  });
  const waiting = new AbortController();
  closers.push(async () => waiting.abort());
  return {
    memory,
    now,
    said,
    waits,
    /** A running clock of the server, `offsetS` before UTC, second after second up to this one. */
    beats(to: number, offsetS: number): void {
      for (; now.second < to; now.second++) {
        const serverTime = new Date(START_MS + now.second * 1000 + offsetS * 1000).toISOString();
        const frame = JSON.stringify({ type: 'terminal', data: { connected: true, serverTime } });
        const message = decodeFrame(frame);
        const entry = { conn: 1, recvUs: us(now.second), mark: 'clean', frame, json: true, binary: false };
        for (const line of tape.append([{ ...entry, message }])) memory.apply(line as Line, message);
      }
    },
    async correct(to: string): Promise<void> {
      given.rule = to;
      await keeper.reconsider();
    },
    wait: () =>
      watch
        .wait(
          { why: 'conflict', tsRecv: us(0), clean: null, feed: null, streams: [], late: [] },
          waiting.signal,
        )
        .then(() => memory.rulings.list),
  };
}

test('a wrong rule is corrected while rows wait: they get the corrected one, however long its clock agrees before anybody looks', async () => {
  for (const at of [3, 11]) {
    const rows = await held('UTC+2h');
    rows.beats(at, 3 * 3600);
    const waited = rows.wait();
    await vi.waitFor(() => expect(rows.said).toContain('clock_conflict'));
    await rows.correct('UTC+3h');
    rows.beats(at + 100, 3 * 3600);
    expect(await waited).toEqual([]);
    expect(rows.memory.spans).toMatchObject([
      { fromUs: 0, rule: 'UTC+2h' },
      { fromUs: us(0), rule: 'UTC+3h', confirmed: true },
    ]);
  }
});

test('a wrong rule was corrected before a restart, and the tape has long agreed: held rows get the corrected one', async () => {
  const rows = await held('UTC+2h');
  rows.beats(30, 3 * 3600);
  await rows.correct('UTC+3h');
  rows.beats(200, 3 * 3600);
  expect(await rows.wait()).toEqual([]);
  expect(rows.memory.spans).toMatchObject([{ fromUs: 0 }, { fromUs: us(0), rule: 'UTC+3h' }]);
});

test('the clock came back to the old rule after somebody corrected it: what fits the corrected one is not set aside', async () => {
  const rows = await held('UTC+2h');
  rows.beats(30, 3 * 3600);
  await rows.correct('UTC+3h');
  rows.beats(40, 3 * 3600);
  rows.beats(150, 2 * 3600);
  expect(await rows.wait()).toEqual([]);
  expect(rows.memory.spans).toMatchObject([{ fromUs: 0 }, { fromUs: us(0), rule: 'UTC+3h' }]);
});

test('a correction that does not fit what contradicted settles nothing: where the old rule holds again, the stretch is set aside', async () => {
  const rows = await held('UTC+2h');
  rows.beats(30, 5 * 3600);
  await rows.correct('UTC+3h');
  rows.beats(150, 2 * 3600);
  expect(await rows.wait()).toMatchObject([
    { kind: 'set_aside', fromUs: us(0), from: { utcUs: us(0) - LEAST_MARGIN_MS * 1000 } },
  ]);
});

test('a replayed gateway is waited for, not asked: the tape is looked at every ten seconds, however long that takes', async () => {
  const rows = await held('UTC+2h', true);
  void rows.wait();
  await vi.waitFor(() => expect(rows.said).toContain('clock_conflict'));
  rows.now.second = 60;
  const before = rows.waits.length;
  await vi.waitFor(() => expect(rows.waits.length).toBeGreaterThan(before + 3));
  expect(new Set(rows.waits)).toEqual(new Set([10_000]));
});
