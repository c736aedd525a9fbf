// Throughput of the simulated gateway, which must never be the bottleneck of a test: ticks per second to one socket and to four, and memory with
// 500 accounts of one socket each. The gateway is a separate process; this one counts frames and discards them.
import { connect, type Socket } from 'node:net';
import { SimulatedGateway, tempDir } from '@fxtape/testkit';
import { setTimeout as delay } from 'node:timers/promises';
import { SYMBOL_NAMES } from './frames.ts';
import { marketNow } from './market-now.ts';
import type { BenchOptions } from './options.ts';
import { cpuShare, sight } from './processes.ts';
import { figure, median, note, spread, table, title } from './report.ts';

/** More than the gateway can make. */
const ASKED_PER_SECOND = 5_000_000;
const ACCOUNTS = 500;
const PER_ACCOUNT_PER_SECOND = 10;

const accountId = (n: number): string => `11111111-2222-4333-8444-${String(n).padStart(12, '0')}`;
const accounts = (count: number): { id: string }[] =>
  Array.from({ length: count }, (_, n) => ({ id: accountId(n) }));

export const simulator = async (o: BenchOptions): Promise<void> => {
  title(
    'simulator: ticks streamed (200,000/s in total) and memory of 500 accounts at 10 ticks/s each (under 1 GB)',
  );
  const rows: (string | number)[][] = [];
  for (const sockets of [1, 4]) {
    const runs: Streamed[] = [];
    for (let i = 0; i < o.runs; i++) runs.push(await streamed(sockets, Math.min(10, o.seconds)));
    rows.push([
      `${sockets} ${sockets === 1 ? 'socket' : 'sockets'}`,
      spread(runs.map(({ perSecond }) => perSecond)),
      figure(median(runs.map(({ mbPerSecond }) => mbPerSecond))),
      figure(median(runs.map(({ gatewayCpu }) => gatewayCpu)), 2),
      figure(median(runs.map(({ readerCpu }) => readerCpu)), 2),
      figure(median(runs.map(({ booked }) => booked)), 3),
    ]);
  }
  table(['', 'ticks/s in total', 'MB/s', 'gateway: cores', 'reader: cores', 'booked / counted'], rows);
  const many = await manyAccounts(o.short ? 10 : Math.min(60, o.seconds));
  table(
    ['', 'ticks/s in total', 'ticks/s: least of an account', 'gateway: RSS MB, most', 'gateway: cores'],
    [
      [
        `${ACCOUNTS} accounts, one socket each`,
        many.perSecond,
        figure(many.least, 1),
        many.rssMb,
        figure(many.cpu, 2),
      ],
    ],
  );
  note(
    'gateway and reader share the machine; the reader looks at the length of each frame and at nothing else',
  );
};

interface Streamed {
  readonly perSecond: number;
  readonly mbPerSecond: number;
  readonly gatewayCpu: number;
  readonly readerCpu: number;
  /** The gateway's own count of ticks as a share of the frames that were counted here. */
  readonly booked: number;
}

async function streamed(sockets: number, seconds: number): Promise<Streamed> {
  const { scenario } = marketNow(ASKED_PER_SECOND, { accounts: accounts(sockets) });
  const dir = tempDir('bench-simulator');
  const gateway = await SimulatedGateway.start({ dir: dir.path, scenario });
  const readers = await Promise.all(
    accounts(sockets).map(({ id }) => Reader.open(gateway.url, id, SYMBOL_NAMES)),
  );
  try {
    await delay(2000);
    const bookedBefore = await written(gateway);
    const before = { frames: total(readers, 'frames'), bytes: total(readers, 'bytes') };
    const [gatewayBefore, readerBefore, fromMs] = [sight(gateway.pid), sight(process.pid), performance.now()];
    await delay(seconds * 1000);
    const spentS = (performance.now() - fromMs) / 1000;
    const frames = total(readers, 'frames') - before.frames;
    return {
      booked: ((await written(gateway)) - bookedBefore) / frames,
      perSecond: frames / spentS,
      mbPerSecond: (total(readers, 'bytes') - before.bytes) / spentS / 1e6,
      gatewayCpu: cpuShare(gatewayBefore, sight(gateway.pid)),
      readerCpu: cpuShare(readerBefore, sight(process.pid)),
    };
  } finally {
    for (const reader of readers) reader.close();
    await gateway.kill();
    await dir.remove();
  }
}

async function manyAccounts(
  seconds: number,
): Promise<{ perSecond: number; least: number; rssMb: number; cpu: number }> {
  const all = accounts(ACCOUNTS);
  // All accounts see the same market, so ten ticks a second of one symbol are ten for each account.
  const { scenario } = marketNow(PER_ACCOUNT_PER_SECOND, { accounts: all });
  const symbols = ['EURUSD'];
  const dir = tempDir('bench-simulator');
  const gateway = await SimulatedGateway.start({
    dir: dir.path,
    scenario: { ...scenario, source: { ...scenario.source, symbols } },
  });
  const readers: Reader[] = [];
  try {
    for (const { id } of all) readers.push(await Reader.open(gateway.url, id, symbols));
    const before = readers.map(({ frames }) => frames);
    const cpuBefore = sight(gateway.pid);
    const fromMs = performance.now();
    let rssMb = 0;
    while (performance.now() - fromMs < seconds * 1000) {
      await delay(500);
      rssMb = Math.max(rssMb, sight(gateway.pid)?.rssMb ?? Number.NaN);
    }
    const spentS = (performance.now() - fromMs) / 1000;
    const rates = readers.map(({ frames }, i) => (frames - (before[i] ?? 0)) / spentS);
    return {
      perSecond: rates.reduce((sum, rate) => sum + rate, 0),
      least: Math.min(...rates),
      rssMb,
      cpu: cpuShare(cpuBefore, sight(gateway.pid)),
    };
  } finally {
    for (const reader of readers) reader.close();
    await gateway.kill();
    await dir.remove();
  }
}

/** Ticks handed to sockets so far, all accounts. */
async function written(gateway: SimulatedGateway): Promise<number> {
  const { accounts: all } = (await gateway.state()) as unknown as { accounts: { written: number }[] };
  return all.reduce((sum, account) => sum + account.written, 0);
}

const total = (readers: readonly Reader[], what: 'frames' | 'bytes'): number =>
  readers.reduce((sum, reader) => sum + reader[what], 0);

/** A subscribed socket of one account that counts frames by their lengths. */
class Reader {
  readonly #socket: Socket;
  frames = 0;
  bytes = 0;
  /** Bytes that remain of a frame cut by the end of the last piece. */
  #left = 0;
  /** The start of a header cut by the end of the last piece. */
  #header: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async open(url: string, account: string, symbols: readonly string[]): Promise<Reader> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const reader = new Reader(socket);
    socket.write(
      `GET /mt5/${account}/ws?api_key=fxs_ro_demo HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.once('data', (first: Buffer) => {
        const end = first.indexOf('\r\n\r\n');
        if (end === -1 || !first.toString('latin1', 0, 12).endsWith('101'))
          return reject(new Error(`no upgrade: ${first.toString('latin1', 0, 200)}`));
        socket.on('data', (piece: Buffer) => reader.#count(piece));
        reader.#count(first.subarray(end + 4));
        resolve();
      });
    });
    for (const symbol of symbols)
      socket.write(masked(JSON.stringify({ action: 'subscribe', topic: 'prices', symbol })));
    return reader;
  }

  close(): void {
    this.#socket.destroy();
  }

  #count(piece: Buffer): void {
    this.bytes += piece.length;
    let at = Math.min(this.#left, piece.length);
    this.#left -= at;
    if (this.#left > 0) return;
    const data = this.#header.length === 0 ? piece : Buffer.concat([this.#header, piece]);
    if (data !== piece) at = 0;
    this.#header = Buffer.alloc(0);
    while (at < data.length) {
      const short = (data[at + 1] ?? 0) & 127;
      const head = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (at + head > data.length) {
        this.#header = Buffer.from(data.subarray(at));
        return;
      }
      const length =
        short < 126
          ? short
          : short === 126
            ? data.readUInt16BE(at + 2)
            : Number(data.readBigUInt64BE(at + 2));
      this.frames += 1;
      at += head + length;
    }
    this.#left = at - data.length;
  }
}

/** A client's text frame of less than 126 bytes, masked with zeros. */
function masked(text: string): Buffer {
  const payload = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x81, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
}
