// Replaying a tape: the command beside a plain script (naive-replay-child.ts). At full speed into a client that throws everything away, and
// at the recorded speed of 5,000 ticks/s into one that measures how late each frame is.
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { listSegments } from '@fxtape/tape';
import { type ChildHandle, startFxtape, startNode, tempDir, until } from '@fxtape/testkit';
import { WebSocket } from 'ws';
import type { BenchOptions } from './options.ts';
import { figure, note, percentile, spread, table, title } from './report.ts';
import { REPLAYED, writeTape } from './replay-tape.ts';

const LIVE_PER_SECOND = 5000;

interface Told {
  readonly event: string;
  readonly url?: string;
  readonly socket?: string;
  readonly frames?: number;
  readonly framesPerSecond?: number;
}
type Speed = number | 'max';
type Client = (url: string) => Promise<readonly number[]>;

export const replay = async (o: BenchOptions): Promise<void> => {
  const ticks = o.short ? 200_000 : 2_000_000;
  const seconds = Math.min(o.seconds, 30);
  title('replay: a tape served as a gateway');
  note(`max: ${figure(ticks)} ticks into a client that discards, ${o.runs} runs each in turn`);
  note(`1×: ${figure(LIVE_PER_SECOND)} ticks/s for ${seconds} s into a client that parses`);
  const folder = tempDir('bench-replay');
  try {
    const fast = join(folder.path, 'fast');
    const live = join(folder.path, 'live');
    await writeTape(join(fast, 'tape', 'demo'), { ticks, perSecond: LIVE_PER_SECOND });
    await writeTape(join(live, 'tape', 'demo'), {
      ticks: LIVE_PER_SECOND * seconds,
      perSecond: LIVE_PER_SECOND,
    });
    const rates = new Map<string, number[]>([
      ['fxtape replay', []],
      ['plain script', []],
    ]);
    for (let i = 0; i < o.runs; i++)
      for (const [what, found] of rates) {
        const { told } = await run(what, fast, 'max', discard);
        found.push(told.framesPerSecond ?? Number.NaN);
      }
    table(
      ['at full speed', 'frames/s: median (least … most)'],
      [...rates].map(([what, found]) => [what, spread(found)]),
    );
    const rows: (readonly string[])[] = [];
    for (const what of rates.keys()) {
      const { latenessMs } = await run(what, live, 1, measure);
      const shown = [0.5, 0.99, 1].map((p) => figure(percentile(latenessMs, p), 2));
      rows.push([what, ...shown]);
    }
    table(['at 5,000 ticks/s', 'late p50, ms', 'p99', 'most'], rows);
  } finally {
    await folder.remove();
  }
};

const run = async (
  what: string,
  dataDir: string,
  speed: Speed,
  client: Client,
): Promise<{ told: Told; latenessMs: readonly number[] }> => {
  const child = what === 'plain script' ? await plain(dataDir, speed) : await command(dataDir, speed);
  try {
    const started = await line(child, 'started');
    const latenessMs = await client(started.socket ?? started.url ?? '');
    return { told: await line(child, 'ended'), latenessMs };
  } finally {
    await child.kill();
  }
};

const command = (dataDir: string, speed: Speed): Promise<ChildHandle> =>
  startFxtape(
    [
      'replay',
      'demo',
      '--from',
      '2026-06-23T12:00:00.1Z',
      '--to',
      '2026-06-24',
      '--speed',
      String(speed),
      '--port',
      '0',
      '--json',
    ],
    {
      dataDir,
      env: { FXTAPE_CONFIG: join(dataDir, 'none.yaml'), QDB_CLIENT_CONF: 'http::addr=127.0.0.1:1;' },
    },
  );

const plain = async (dataDir: string, speed: Speed): Promise<ChildHandle> => {
  const files = (await listSegments(join(dataDir, 'tape', 'demo'))).map(({ path }) => path);
  const script = fileURLToPath(new URL('./naive-replay-child.ts', import.meta.url));
  return startNode('naive-replay', [script, JSON.stringify({ files, speed })], { dataDir });
};

const line = async (child: ChildHandle, event: string): Promise<Told> => {
  let found: Told | undefined;
  await until(
    () => {
      const lines = child.stdout.split('\n').filter((text) => text.startsWith('{'));
      found = lines.map((text) => JSON.parse(text) as Told).find((told) => told.event === event);
      if (found === undefined && child.exit !== null) throw new Error(child.logs);
      return found !== undefined;
    },
    { what: `the line "${event}"`, deadlineMs: 300_000, everyMs: 20 },
  );
  return found as Told;
};

const requests = REPLAYED.map((symbol) => JSON.stringify({ action: 'subscribe', topic: 'prices', symbol }));

/** A client that reads bytes and does nothing with them but answer the close. */
const discard: Client = (url) =>
  new Promise((resolve, reject) => {
    const { host, hostname, pathname, port, search } = new URL(url);
    const socket = connect(Number(port), hostname);
    let opened = false;
    socket.write(
      `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    socket.on('data', (bytes) => {
      if (!opened) {
        opened = true;
        for (const request of requests) socket.write(masked(0x81, Buffer.from(request)));
      }
      // A close frame of the server with code 1000 ends the stream.
      const end = bytes.subarray(-64);
      const at = end.lastIndexOf(Buffer.from([0x03, 0xe8]));
      if (at >= 2 && end[at - 2] === 0x88) socket.write(masked(0x88, Buffer.from([0x03, 0xe8])));
    });
    socket.on('close', () => resolve([]));
    socket.on('error', reject);
  });

/** A frame of a client; its mask is zero. */
const masked = (first: number, payload: Buffer): Buffer =>
  Buffer.concat([Buffer.from([first, 0x80 | payload.length, 0, 0, 0, 0]), payload]);

/** How late each frame is, against the least late one, ms. */
const measure: Client = (url) =>
  new Promise((resolve, reject) => {
    const aheadMs: number[] = [];
    const socket = new WebSocket(url, { perMessageDeflate: false });
    socket.on('open', () => {
      for (const request of requests) socket.send(request);
    });
    socket.on('message', (data: Buffer) => {
      const nowMs = performance.now();
      const frame = JSON.parse(data.toString()) as { type: string; data: { volume: number } };
      if (frame.type === 'tick') aheadMs.push(nowMs - frame.data.volume / 1000);
    });
    socket.on('close', () => {
      const least = aheadMs.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
      resolve(aheadMs.map((ms) => ms - least));
    });
    socket.on('error', reject);
  });
