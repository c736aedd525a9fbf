// One run of the live path in one process, without socket and database. In: a JSON argument. Out: one line of JSON with rates and the time of each stage.
// The stages are the recorder's own code.
//
//   payloads ─► decode ─► mark + ledger ─► tape append (real file, group fdatasync) ─► follower ─► normalise + ledger ─► rows encoded
import { Intake, TapeMemory, TapeReader } from '@fxtape/collector';
import { frameItem, type FxStream, readFrame, type StreamItem } from '@fxtape/fxsocket';
import { type Row, tableDef, type TickRow } from '@fxtape/market';
import { createLog, systemClock } from '@fxtape/ops';
import { encodeInOrder, RowEncoder, timeOrder } from '@fxtape/questdb';
import { TapeWriter } from '@fxtape/tape';
import { payloads, type Piece, SYMBOL_NAMES, tickFrames } from './frames.ts';
import { addRows, officialClient } from './official-client.ts';

export interface PipelineRun {
  readonly encoder: 'own' | 'official';
  readonly ticks: number;
  readonly dir: string;
}

export interface PipelineResult {
  readonly ticksPerSecond: number;
  readonly cpuShare: number;
  /** Ticks per second of CPU time, which is steadier than the rate on a busy machine. */
  readonly ticksPerCpuSecond: number;
  readonly rows: number;
  readonly tapeBytes: number;
  readonly rssMb: number;
  /** Milliseconds by stage. */
  readonly stages: Readonly<Record<string, number>>;
}

const FEED_AHEAD_MS = 7 * 3_600_000;
const clock = systemClock();
const stages: Record<string, number> = { decode: 0, mark: 0, append: 0, normalise: 0, encode: 0 };
const spend = (stage: string, sinceMs: number): number => {
  const nowMs = performance.now();
  stages[stage] = (stages[stage] ?? 0) + nowMs - sinceMs;
  return nowMs;
};

/** A stream as from an open connection, one piece per turn of the event loop. */
async function* stream(pieces: readonly Piece[]): AsyncGenerator<StreamItem[]> {
  // A minute ago, so that no frame counts as the snapshot of a subscription.
  const recvUs = clock.nowUs() - 60_000_000;
  const base = { kind: 'session' as const, conn: 1, recvUs, monoMs: clock.monoMs() - 60_000 };
  const subs = SYMBOL_NAMES.map((symbol) => ({ topic: 'prices' as const, symbol }));
  yield [
    { ...base, event: { type: 'connected' } },
    ...subs.flatMap((sub): StreamItem[] => [
      { ...base, event: { type: 'subscribing', sub } },
      { ...base, event: { type: 'subscribed', sub, how: 'ack' } },
    ]),
  ];
  for (const piece of pieces) {
    const group = payloads(piece);
    await new Promise((resolve) => setImmediate(resolve));
    const startMs = performance.now();
    const at = { conn: 1, recvUs: clock.nowUs(), monoMs: clock.monoMs(), congested: false };
    const items = group.map((data): StreamItem => frameItem(at, readFrame(data, false)));
    const readyMs = spend('decode', startMs);
    yield items;
    spend('mark', readyMs);
  }
}

/** Encodes rows of `ticks` in requests of at most 50,000 and discards the bytes. */
async function rowSink(kind: PipelineRun['encoder']): Promise<(rows: readonly TickRow[]) => Promise<void>> {
  const def = tableDef('ticks');
  if (kind === 'official') {
    const sender = await officialClient(2);
    return async (rows) => {
      const asRows = rows as unknown as Row[];
      await addRows(sender, def, asRows);
      sender.reset();
    };
  }
  const encoder = new RowEncoder(def);
  return async (rows) => {
    const asRows = rows as unknown as Row[];
    const order = timeOrder(asRows);
    for (let from = 0; from < order.length; )
      from = encodeInOrder(encoder, asRows, order, from, { maxRows: 50_000 }).next;
  };
}

const run = async (o: PipelineRun): Promise<PipelineResult> => {
  const pieces = tickFrames({ ticks: o.ticks, fromMs: Date.now() + FEED_AHEAD_MS, ticksPerSecond: 150_000 });
  const memory = new TapeMemory('bench');
  const tape = await TapeWriter.open({
    dir: o.dir,
    account: 'bench',
    head: () => memory.save(),
    clock,
    syncEveryMs: 50,
  });
  const log = createLog({ service: 'bench', level: 'error' });
  const intake = new Intake({ tape, memory, clock, log, replayed: false });
  const spans = [{ fromUs: 0, rule: 'UTC+7h', confirmed: true, evidence: 'bench' }];
  intake.note('clock', { spans });
  const streams = SYMBOL_NAMES.map((symbol) => ({ stream: 'ticks' as const, symbol, timeframe: null }));
  intake.note('configured', { feed: 'bench', streams });
  const append = tape.append.bind(tape);
  let appendMs = 0;
  tape.append = (entries) => {
    const startMs = performance.now();
    const lines = append(entries);
    appendMs += performance.now() - startMs;
    return lines;
  };
  const sink = await rowSink(o.encoder);
  const never = new AbortController().signal;
  let rows = 0;
  const follow = async (): Promise<void> => {
    const reader = new TapeReader({ account: 'bench', replayed: false, state: null, decided: () => memory });
    const options = { signal: never, maxLines: 20_000, maxBytes: 8 * 1024 * 1024 };
    for await (const batch of tape.follow(null, options)) {
      const startMs = performance.now();
      const read = reader.read(batch.items);
      if (read.hold !== null) throw new Error(`a line waits: ${read.hold.why}`);
      const readyMs = spend('normalise', startMs);
      rows += read.rows.ticks.length;
      await sink(read.rows.ticks);
      spend('encode', readyMs);
    }
  };
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const following = follow();
  await intake.run(stream(pieces) as unknown as FxStream, never);
  const tapeBytes = tape.position.appended?.offset ?? 0;
  // Closing the tape ends its follower after the last line.
  await tape.close();
  await following;
  const wallMs = performance.now() - startMs;
  const { system, user } = process.cpuUsage(cpu);
  stages['append'] = appendMs;
  stages['mark'] = (stages['mark'] ?? 0) - appendMs;
  stages['rest'] = wallMs - Object.values(stages).reduce((sum, ms) => sum + ms, 0);
  return {
    ticksPerSecond: (o.ticks / wallMs) * 1000,
    cpuShare: (user + system) / 1000 / wallMs,
    ticksPerCpuSecond: (o.ticks / (user + system)) * 1e6,
    rows,
    tapeBytes,
    rssMb: process.memoryUsage().rss / 2 ** 20,
    stages,
  };
};

const [argument] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await run(JSON.parse(argument ?? '{}') as PipelineRun))}\n`);
