// Clocks that jump while a stream is received: what stands on the tape, what becomes rows, and that a second reading says the same.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFrame, type FxStream, type StreamItem } from '@fxtape/fxsocket';
import {
  type ClockSpan,
  kindOfMark,
  parseClockRule,
  type Rows,
  Rulings,
  unsteadyOfMark,
} from '@fxtape/market';
import { systemClock } from '@fxtape/ops';
import { type Line, readTape, TapeWriter } from '@fxtape/tape';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { Intake } from './intake.ts';
import { TapeMemory } from '../tape/tape-memory.ts';
import { type ReaderState, TapeReader } from '../rows/tape-reader.ts';

const START = Date.UTC(2026, 5, 24, 12);
const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

/** What happens before the next frame: time passes, and a clock may be set. */
interface Step {
  readonly passMs: number;
  readonly machineMs: number;
  readonly serverMs: number;
  readonly heartbeat: boolean;
}

/**
 * Puts frames on a tape of its own as a collector does, and gives its lines as they were written (`live`) and as they are read back. The
 * server sets its clock so long after the minute that its rule names.
 */
async function recorded(steps: readonly Step[], rule = 'UTC+3h', setLateMs = 0) {
  const dir = mkdtempSync(join(tmpdir(), 'fxtape-jumps-'));
  dirs.push(dir);
  const memory = new TapeMemory('demo');
  const log = { info: vi.fn(), warn: vi.fn(), error: vi.fn() } as never;
  const tape = await TapeWriter.open({
    dir,
    account: 'demo',
    head: () => memory.save(),
    clock: systemClock(),
  });
  const clock = { ...systemClock(), nowUs: () => START * 1000, nowMs: () => START };
  const intake = new Intake({ tape, memory, clock, log, replayed: false });
  const spans: ClockSpan[] = [{ fromUs: 0, rule, confirmed: true, evidence: '' }];
  const live: Line[] = [];
  const append = tape.append.bind(tape);
  vi.spyOn(tape, 'append').mockImplementation((entries) => {
    const written = append(entries);
    live.push(...written);
    return written;
  });
  intake.note('clock', { spans });
  intake.clockChanged();
  intake.note('configured', {
    feed: 'demo',
    streams: [{ stream: 'ticks', symbol: 'EURUSD', timeframe: null }],
  });
  let [monoMs, wallMs, serverMs] = [5000, START, START];
  const items = steps.map((step, i): StreamItem => {
    monoMs += step.passMs;
    wallMs += step.passMs + step.machineMs;
    serverMs += step.passMs + step.serverMs;
    const offsetMs = parseClockRule(rule).offsetAt(serverMs - setLateMs) * 1000;
    const time = new Date(serverMs + offsetMs).toISOString();
    const text = step.heartbeat
      ? JSON.stringify({ type: 'terminal', data: { connected: true, tradeAllowed: true, serverTime: time } })
      : JSON.stringify({ type: 'tick', symbol: 'EURUSD', data: { bid: 1 + i / 1e5, ask: 2, time } });
    return {
      kind: 'frame',
      conn: 1,
      recvUs: Math.round(wallMs * 1000),
      monoMs,
      congested: false,
      text,
      json: true,
      binary: false,
      message: decodeFrame(text),
    } as StreamItem;
  });
  async function* batches(): AsyncGenerator<StreamItem[]> {
    for (let i = 0; i < items.length; i += 7) yield items.slice(i, i + 7);
  }
  await intake.run(batches() as unknown as FxStream, new AbortController().signal);
  await tape.close();
  const lines: Line[] = [];
  for await (const { items: read } of readTape(dir, null))
    for (const item of read) {
      if ('kind' in item) throw new Error(`damage: ${item.reason}`);
      lines.push(item);
    }
  return { intake, lines, live, spans };
}

/** Rows of these lines; `before` is the state of the account of gaps where they begin. */
function read(lines: readonly Line[], spans: ClockSpan[], state: ReaderState | null = null) {
  const decided = { spans, rulings: new Rulings() };
  const reader = new TapeReader({ account: 'demo', replayed: false, state, decided: () => decided });
  return { ...reader.read(lines), after: reader.save(), isSettled: reader.isSettled };
}

const heartbeats = (count: number): Step[] =>
  Array.from({ length: count }, () => ({ passMs: 1000, machineMs: 0, serverMs: 0, heartbeat: true }));
const ticks = (count: number, first: Partial<Step> = {}): Step[] =>
  Array.from({ length: count }, (_, i) => ({
    passMs: 1000,
    machineMs: 0,
    serverMs: 0,
    heartbeat: false,
    ...(i === 0 ? first : {}),
  }));
const remarks = ({ ticks: rows }: Rows) => rows.map(({ quality }) => quality);

test('the first tick after a jump of the machine’s clock carries it, behind an event that says how far', async () => {
  const { intake, lines, spans } = await recorded([
    ...heartbeats(5),
    ...ticks(3),
    ...ticks(8, { machineMs: 60_000 }),
  ]);
  const { hold, rows } = read(lines, spans);
  expect(hold).toBeNull();
  expect(remarks(rows)).toEqual([
    null,
    null,
    null,
    ...Array.from({ length: 5 }, () => 'machine_clock'),
    null,
    null,
    null,
  ]);
  const at = lines.findIndex(({ event }) => event === 'clock_jump');
  expect(lines[at]?.data).toEqual({ of: 'machine', byMs: 60_000 });
  expect(unsteadyOfMark(lines[at + 1]?.mark ?? null)?.machine).toBe(true);
  expect(intake.counters).toMatchObject({ machineJumps: 1, serverJumps: 0 });
});

test('a server’s clock that is set by its rule makes no heartbeat late and is no jump', async () => {
  for (const hours of [2, 4]) {
    const { intake, lines, spans } = await recorded(
      [...heartbeats(50), ...ticks(1), ...heartbeats(30), ...ticks(1)],
      `UTC+3h until 2026-06-24T12:01Z then UTC+${hours}h`,
    );
    const marks = lines.flatMap(({ frame, mark }) =>
      frame !== null && mark !== null ? [kindOfMark(mark)] : [],
    );
    expect(marks).toEqual(['frozen', ...Array(49).fill('clean'), 'live', ...Array(30).fill('clean'), 'live']);
    expect(intake.counters).toMatchObject({ machineJumps: 0, serverJumps: 0, lateHeartbeats: 0 });
    const { hold, rows } = read(lines, spans);
    expect(hold).toBeNull();
    expect(rows.ticks.map(({ ts }) => ts / 1000 - START)).toEqual([51_000, 82_000]);
  }
});

test('a server that is ahead or behind, and sets its clock a little early or late, is read as what it is', async () => {
  const beside = [-5000, -7, 0, 7, 5000];
  const second = [
    { passMs: 3, machineMs: 0, serverMs: 0, heartbeat: true },
    ...ticks(4).map((tick) => ({ ...tick, passMs: 249 })),
    { passMs: 1, machineMs: 0, serverMs: 0, heartbeat: false },
  ];
  for (const hours of [2, 4])
    for (const aheadMs of beside)
      for (const lateMs of beside) {
        const steps = Array.from({ length: 90 }, () => second).flat();
        steps[0] = { ...second[0], serverMs: aheadMs } as Step;
        const rule = `UTC+3h until 2026-06-24T12:01Z then UTC+${hours}h`;
        const { intake, lines, spans } = await recorded(steps, rule, lateMs);
        expect(intake.counters).toMatchObject({ serverJumps: 0, lateHeartbeats: 0 });
        const { hold, rows } = read(lines, spans);
        expect([hold, rows.rejected, rows.ticks.length]).toEqual([null, [], 450]);
        const off = new Set(rows.ticks.map(({ ts, ts_recv }) => (ts - ts_recv) / 1000));
        expect(off).toEqual(new Set([aheadMs]));
      }
}, 60_000);

test('a clock set back by an hour holds no row up: the guard does not judge by receive times that were made up', async () => {
  const { lines, spans } = await recorded([
    ...heartbeats(5),
    ...ticks(1),
    ...ticks(1600, { machineMs: -3_600_000 }),
    ...heartbeats(2),
  ]);
  const { hold, rows } = read(lines, spans);
  expect(hold).toBeNull();
  expect(rows.ticks.length).toBe(1601);
  expect(new Set(remarks(rows).slice(1))).toEqual(new Set(['machine_clock']));
  const last = rows.ticks.at(-1);
  // 27 minutes of ticks, and not two seconds on the tape.
  expect((last?.ts ?? 0) - (last?.ts_recv ?? 0)).toBeGreaterThan(25 * 60_000_000);
});

test('a clock that runs an hour ahead for a while holds no row up either', async () => {
  const { lines, spans } = await recorded([
    ...heartbeats(5),
    ...ticks(1),
    ...ticks(1, { machineMs: 3_600_000 }),
    ...Array.from({ length: 20 }, () => [...heartbeats(1), ...ticks(2)]).flat(),
    ...ticks(30, { machineMs: -3_600_000 }),
    ...heartbeats(3),
    ...ticks(5),
  ]);
  const { hold, rows } = read(lines, spans);
  expect(hold).toBeNull();
  expect(rows.ticks.length).toBe(77);
  expect(new Set(remarks(rows).slice(1))).toEqual(new Set(['machine_clock']));
});

test('a wrong rule is still refused, whatever was set', async () => {
  const { lines } = await recorded([...heartbeats(5), ...ticks(2), ...ticks(10, { machineMs: 60_000 })]);
  const wrong: ClockSpan[] = [{ fromUs: 0, rule: 'UTC+4h', confirmed: true, evidence: '' }];
  expect(read(lines, wrong).hold?.why).toBe('conflict');
});

test('a jump of the server’s clock is told from one of the machine’s', async () => {
  const { lines, spans } = await recorded([
    ...heartbeats(5),
    ...ticks(1),
    { passMs: 1000, machineMs: 0, serverMs: 30_000, heartbeat: true },
    ...ticks(7),
  ]);
  expect(remarks(read(lines, spans).rows)).toEqual([
    null,
    ...Array.from({ length: 4 }, () => 'server_clock'),
    null,
    null,
    null,
  ]);
});

test('a second reading gives the same rows, from wherever it begins, and receive times never run back', async () => {
  const jump = fc.oneof(
    { weight: 8, arbitrary: fc.constant(0) },
    fc.integer({ min: -900_000, max: 900_000 }),
  );
  const step = fc.record({
    passMs: fc.integer({ min: 0, max: 3000 }),
    machineMs: jump,
    serverMs: jump,
    heartbeat: fc.boolean(),
  });
  const tapes = fc.array(step, { minLength: 10, maxLength: 120 });
  await fc.assert(
    fc.asyncProperty(tapes, fc.nat(), async (steps, cut) => {
      const { lines, live, spans } = await recorded([...heartbeats(4), ...steps]);
      for (let i = 1; i < lines.length; i++)
        expect(lines[i]?.tsRecv).toBeGreaterThan(lines[i - 1]?.tsRecv as number);
      const whole = read(lines, spans);
      expect(read(live, spans)).toEqual(whole);
      const readable =
        whole.hold === null ? lines.length : lines.findIndex(({ tsRecv }) => tsRecv === whole.hold?.tsRecv);
      let at = readable === 0 ? 0 : cut % readable;
      let first = read(lines.slice(0, at), spans);
      // A checkpoint is made only where nothing waits.
      while (!first.isSettled && at < readable) first = read(lines.slice(0, ++at), spans);
      if (!first.isSettled) return;
      const second = read(lines.slice(at), spans, first.after);
      expect([...first.rows.ticks, ...second.rows.ticks]).toEqual(whole.rows.ticks);
      const touched = lines.filter(({ mark }) => unsteadyOfMark(mark) !== null).length;
      if (steps.some(({ machineMs }) => Math.abs(machineMs) > 1000)) expect(touched).toBeGreaterThan(0);
    }),
    { numRuns: 40 },
  );
}, 60_000);
