// One run of one encoder over rows of `ticks`. In: a JSON argument. Out: one line of JSON: rows per second, bytes per row.
import { type Row, tableDef } from '@fxtape/market';
import { encodeInOrder, RowEncoder, timeOrder } from '@fxtape/questdb';
import { SYMBOL_NAMES } from './frames.ts';
import { addRows, officialBuffer, officialClient } from './official-client.ts';

export interface EncodeRun {
  readonly encoder: 'own v2' | 'official v1' | 'official v2';
  readonly rows: number;
}

export interface EncodeResult {
  readonly rowsPerSecond: number;
  /** Rows per second of CPU time, which is steadier than the rate on a busy machine. */
  readonly rowsPerCpuSecond: number;
  readonly bytesPerRow: number;
}

const REQUEST_ROWS = 50_000;
const def = tableDef('ticks');

const tickRows = (count: number): Row[] => {
  const fromUs = Date.UTC(2026, 5, 23, 12) * 1000;
  return Array.from({ length: count }, (_, i) => {
    const bid = Math.round((1.0852 + Math.sin(i / 1000) / 100) * 1e5) / 1e5;
    return {
      ts: fromUs + Math.floor(i / 7) * 1000,
      feed: 'icm',
      symbol: SYMBOL_NAMES[i % SYMBOL_NAMES.length] ?? '',
      ts_recv: fromUs + 12_345 + i * 7,
      bid,
      ask: Math.round((bid + 0.00003) * 1e5) / 1e5,
      last: null,
      volume: null,
      utc_offset_s: 10_800,
      source: 'live',
      quality: null,
    };
  });
};

const requests = (rows: readonly Row[]): Row[][] =>
  Array.from({ length: Math.ceil(rows.length / REQUEST_ROWS) }, (_, i) =>
    rows.slice(i * REQUEST_ROWS, (i + 1) * REQUEST_ROWS),
  );

const own = (): ((rows: readonly Row[]) => number) => {
  const encoder = new RowEncoder(def);
  return (rows) => encodeInOrder(encoder, rows, timeOrder(rows)).body.length;
};

const run = async ({ encoder, rows }: EncodeRun): Promise<EncodeResult> => {
  const batches = requests(tickRows(rows));
  const version = encoder === 'official v1' ? 1 : 2;
  let encode: (batch: readonly Row[]) => Promise<unknown>;
  let bytes = 0;
  const first = batches[0] ?? [];
  if (encoder === 'own v2') {
    const encodeOwn = own();
    bytes = encodeOwn(first);
    encode = async (batch) => encodeOwn(batch);
  } else {
    const buffer = officialBuffer(version);
    await addRows(buffer, def, first);
    bytes = buffer.toBufferView().length;
    const sender = await officialClient(version);
    encode = async (batch) => {
      await addRows(sender, def, batch);
      sender.reset();
    };
    await encode(first);
  }
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  for (const batch of batches) await encode(batch);
  const seconds = (performance.now() - startMs) / 1000;
  const { system, user } = process.cpuUsage(cpu);
  return {
    rowsPerSecond: rows / seconds,
    rowsPerCpuSecond: (rows / (system + user)) * 1e6,
    bytesPerRow: bytes / first.length,
  };
};

const [argument] = process.argv.slice(2);
process.stdout.write(`${JSON.stringify(await run(JSON.parse(argument ?? '{}') as EncodeRun))}\n`);
