// What is known of a tape is the same whether its lines are just being written or are read back, from whichever head; and so what is a row and
// what repeats one is the same before and after a restart.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeFrame, type FxStream, type SessionEvent, type StreamItem } from '@fxtape/fxsocket';
import { kindOfMark } from '@fxtape/market';
import { FxtapeError, type Log, systemClock } from '@fxtape/ops';
import { type Line, TapeWriter } from '@fxtape/tape';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { Intake } from '../intake/intake.ts';
import { TapeMemory } from './tape-memory.ts';

const START = Date.UTC(2026, 5, 24, 12);
const SYMBOLS = ['EURUSD', 'XAUUSD'];
const dirs: string[] = [];
afterEach(() => {
  for (const dir of dirs.splice(0)) rmSync(dir, { recursive: true });
});

/** What a gateway sends, and when: milliseconds after the one before. */
type Step = { readonly afterMs: number } & (
  | { readonly word: 'connects' }
  | { readonly word: 'asks' | 'acks'; readonly symbol: string }
  | { readonly word: 'tick'; readonly symbol: string; readonly price: number; readonly ms: number }
);

/** A recorder on a tape of its own. */
class Recorder {
  readonly lines: Line[] = [];
  /** What was known behind each line. */
  readonly saved: string[] = [];
  memory = new TapeMemory('demo');
  full = false;
  #tape: TapeWriter | null = null;
  #conn = 0;
  #ms = 0;

  async open(): Promise<this> {
    const dir = mkdtempSync(join(tmpdir(), 'fxtape-memory-'));
    dirs.push(dir);
    const tape = await TapeWriter.open({
      dir,
      account: 'demo',
      head: () => this.memory.save(),
      clock: systemClock(),
    });
    const append = tape.append.bind(tape);
    vi.spyOn(tape, 'append').mockImplementation((entries) => {
      if (this.full) throw new FxtapeError({ code: 'TAPE_FULL', message: 'full', hint: 'free some' });
      const lines = append(entries);
      this.lines.push(...lines);
      return lines;
    });
    this.#tape = tape;
    return this;
  }

  async close(): Promise<void> {
    await this.#tape?.close();
  }

  /** The process ends, and another one goes on with what stands on the tape since a head. */
  async restart(from = 0): Promise<void> {
    this.memory = await restored(
      from === 0 ? null : JSON.parse(this.saved[from - 1] ?? ''),
      this.lines.slice(from),
    );
    this.#conn = 0;
  }

  /** As after a start: by what stands on the tape. */
  intake(): Intake {
    const log: Partial<Log> = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };
    return new Intake({
      tape: this.#tape as TapeWriter,
      memory: this.memory,
      clock: { ...systemClock(), nowUs: () => (START + this.#ms) * 1000 },
      log: log as Log,
      replayed: false,
    });
  }

  /** Batches of one item, so that each line is seen before the next one comes. */
  async hears(steps: readonly Step[]): Promise<void> {
    const record = this.#record(steps);
    const stream: Partial<FxStream> = {
      [Symbol.asyncIterator]: () => record,
      pauseIntake: () => {
        this.full = false;
      },
      resumeIntake: () => {},
    };
    await this.intake().run(stream as FxStream, new AbortController().signal);
  }

  async *#record(steps: readonly Step[]): AsyncGenerator<StreamItem[]> {
    for (const step of steps) {
      this.#ms += step.afterMs;
      yield [this.#item(step)];
      while (this.saved.length < this.lines.length) this.saved.push(JSON.stringify(this.memory.save()));
    }
  }

  #item(step: Step): StreamItem {
    const at = () => ({ conn: this.#conn, recvUs: (START + this.#ms) * 1000, monoMs: this.#ms });
    const session = (event: SessionEvent): StreamItem => ({ kind: 'session', ...at(), event });
    switch (step.word) {
      case 'connects':
        this.#conn++;
        return session({ type: 'connected' });
      case 'asks':
        return session({ type: 'subscribing', sub: { topic: 'prices', symbol: step.symbol } });
      case 'acks':
        return session({ type: 'subscribed', sub: { topic: 'prices', symbol: step.symbol }, how: 'ack' });
      default: {
        const time = new Date(START + step.ms).toISOString();
        const data = { bid: step.price, ask: step.price + 1, time };
        const text = JSON.stringify({ type: 'tick', symbol: step.symbol, data });
        const message = decodeFrame(text);
        return { kind: 'frame', ...at(), congested: false, text, json: true, binary: false, message };
      }
    }
  }

  /** The marks of the last so many lines. */
  marks(count: number): (string | null)[] {
    return this.lines.slice(-count).map(({ mark }) => kindOfMark(mark));
  }
}

/** As from the disk: nothing of a line is in memory. */
const restored = async (head: unknown, lines: readonly Line[]): Promise<TapeMemory> => {
  const memory = new TapeMemory('demo');
  await memory.restore(head, [lines.map((line) => ({ ...line, message: undefined }))]);
  return memory;
};

const tick = (ms: number, afterMs = 1): Step => ({ word: 'tick', symbol: 'EURUSD', price: ms, ms, afterMs });
const subscribes = (afterMs = 100): Step[] => [
  { word: 'connects', afterMs },
  { word: 'asks', symbol: 'EURUSD', afterMs: 1 },
  { word: 'acks', symbol: 'EURUSD', afterMs: 1 },
];

test('a restart after a snapshot that was overtaken: the next snapshot is no second row', async () => {
  const recorder = await new Recorder().open();
  await recorder.hears([...subscribes(), tick(5), tick(3)]);
  expect(recorder.marks(2)).toEqual(['snapshot', 'snapshot']);
  await recorder.restart();
  await recorder.hears([...subscribes(5000), tick(5), tick(6)]);
  expect(recorder.marks(2)).toEqual(['repeat', 'live']);
  await recorder.close();
});

test('what the configured stream of a new tape says of its last tick is known after a restart', async () => {
  const recorder = await new Recorder().open();
  const lastTick = { ms: START + 3, bid: 3, ask: 4, last: null, volume: null };
  const stream = { stream: 'ticks', symbol: 'EURUSD', timeframe: null, lastTick };
  recorder.intake().note('configured', { feed: 'demo', streams: [stream] });
  await recorder.restart();
  await recorder.hears([...subscribes(), tick(3)]);
  expect(recorder.marks(1)).toEqual(['repeat']);
  await recorder.close();
});

test('a feed that was left is known by its last ticks, also after a restart, until the tape comes back to it', async () => {
  const recorder = await new Recorder().open();
  const streams = [{ stream: 'ticks', symbol: 'EURUSD', timeframe: null }];
  const records = (feed: string) => recorder.intake().note('configured', { feed, streams });
  records('x');
  await recorder.hears([...subscribes(), tick(5)]);
  records('y');
  await recorder.hears([...subscribes(5000), tick(9)]);
  await recorder.restart(recorder.lines.length - 1);
  expect(recorder.memory.lastOf('x')).toMatchObject([['EURUSD', { bid: 5 }]]);
  expect(recorder.memory.lastOf('y')).toMatchObject([['EURUSD', { bid: 9 }]]);
  records('x');
  await recorder.hears([...subscribes(5000), tick(5), tick(11)]);
  expect(recorder.marks(2)).toEqual(['repeat', 'live']);
  await recorder.close();
});

test('a tick that could not be put on the tape is not known: its snapshot is a row', async () => {
  const recorder = await new Recorder().open();
  await recorder.hears([...subscribes(), tick(1)]);
  recorder.full = true;
  await recorder.hears([tick(2), ...subscribes(5000), tick(2)]);
  expect(recorder.marks(1)).toEqual(['snapshot']);
  await recorder.close();
});

const symbol = fc.constantFrom(...SYMBOLS);
const afterMs = fc.oneof(fc.nat(50), fc.nat(40_000));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 1, arbitrary: fc.record({ word: fc.constant('connects' as const), afterMs }) },
  { weight: 3, arbitrary: fc.record({ word: fc.constantFrom('asks', 'acks'), symbol, afterMs }) },
  {
    weight: 6,
    arbitrary: fc.record({
      word: fc.constant('tick' as const),
      symbol,
      price: fc.integer({ min: 1, max: 2 }),
      ms: fc.nat(6),
      afterMs,
    }),
  },
);
const connected = fc.array(step, { maxLength: 15 }).map((steps): Step[] => [...subscribes(), ...steps]);

test('at every cut: what is read back is what was known when the line was written', async () => {
  const seed = Date.now() % 1_000_000;
  await fc.assert(
    fc.asyncProperty(fc.array(connected, { minLength: 1, maxLength: 3 }), async (lives) => {
      const recorder = await new Recorder().open();
      for (const steps of lives) {
        await recorder.hears(steps);
        await recorder.restart();
      }
      await recorder.close();
      const { lines, saved } = recorder;
      for (let cut = 0; cut <= lines.length; cut += 3) {
        const head: unknown = cut === 0 ? null : JSON.parse(saved[cut - 1] as string);
        for (const end of [cut, cut + 1, lines.length]) {
          if (end === 0 || end > lines.length) continue;
          const memory = await restored(head, lines.slice(cut, end));
          expect(JSON.stringify(memory.save())).toBe(saved[end - 1]);
        }
      }
    }),
    { seed, numRuns: 60 },
  );
});

test('a recorder that restarts between connections names every frame as one that never did', async () => {
  const seed = Date.now() % 1_000_000;
  await fc.assert(
    fc.asyncProperty(fc.array(connected, { minLength: 2, maxLength: 4 }), fc.nat(), async (lives, cut) => {
      const through = await new Recorder().open();
      const restarts = await new Recorder().open();
      for (const steps of lives) {
        const plain = steps.filter(({ word }, i) => word !== 'connects' || i === 0);
        await through.hears(plain);
        await restarts.hears(plain);
        await restarts.restart(cut % restarts.lines.length);
      }
      const marks = (recorder: Recorder) =>
        recorder.lines.map(({ event, mark }) => [event, kindOfMark(mark)]);
      expect(marks(restarts)).toEqual(marks(through));
      await through.close();
      await restarts.close();
    }),
    { seed, numRuns: 60 },
  );
});

test('each feed keeps its own last ticks, through every change of the feed', async () => {
  const recorder = await new Recorder().open();
  const feed = (name: string | null) =>
    recorder.intake().configure({ feed: name, replayed: false, streams: [] });
  const ticks = (symbol: string, ms: number) =>
    recorder.hears([
      { word: 'connects', afterMs: 1 },
      { word: 'tick', symbol, price: ms, ms, afterMs: 1 },
    ]);
  const known = (name: string) => recorder.memory.lastOf(name).map(([symbol, { bid }]) => `${symbol} ${bid}`);
  feed('A');
  await ticks('EURUSD', 10);
  feed('B');
  await ticks('XAUUSD', 20);
  expect([known('A'), known('B')]).toEqual([['EURUSD 10'], ['XAUUSD 20']]);
  feed('A');
  feed(null);
  expect([known('A'), known('B')]).toEqual([['EURUSD 10'], ['XAUUSD 20']]);
  feed('B');
  expect(recorder.memory.last.of('XAUUSD')).toMatchObject({ bid: 20 });
  expect(recorder.memory.last.of('EURUSD')).toBeNull();
  await recorder.close();
});
