// A plain script instead of `fxtape replay`: the tape's file line by line with readline, each frame sent with ws. In: a JSON argument. Out:
// its port, then the figures. It knows no damage and no reconnects, and keeps in memory what the client has not taken.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { WebSocketServer } from 'ws';

export interface NaiveReplay {
  readonly files: readonly string[];
  readonly speed: number | 'max';
}

interface Line {
  readonly ts_recv: number;
  readonly frame?: { readonly type: string; readonly symbol?: string };
}

const { files, speed } = JSON.parse(process.argv[2] ?? '{}') as NaiveReplay;
const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('listening', () => {
  const { port } = server.address() as { port: number };
  process.stdout.write(`${JSON.stringify({ event: 'started', url: `ws://127.0.0.1:${port}` })}\n`);
});
server.on('connection', (socket) => {
  const wanted = new Set<string>();
  socket.on('message', (data: Buffer) => {
    wanted.add((JSON.parse(data.toString()) as { symbol: string }).symbol);
    if (wanted.size === 1) setTimeout(() => void play(), 500);
  });
  const play = async (): Promise<void> => {
    const beganMs = performance.now();
    let firstUs: number | null = null;
    let frames = 0;
    for (const file of files) {
      for await (const line of createInterface({ input: createReadStream(file) })) {
        const { frame, ts_recv: us } = JSON.parse(line) as Line;
        if (frame?.type !== 'tick' || !wanted.has(frame.symbol ?? '')) continue;
        firstUs ??= us;
        if (speed !== 'max') {
          const earlyMs = beganMs + (us - firstUs) / 1000 / speed - performance.now();
          if (earlyMs > 0) await wait(earlyMs);
        }
        socket.send(JSON.stringify(frame));
        frames++;
      }
    }
    socket.close(1000);
    socket.on('close', () => {
      const seconds = (performance.now() - beganMs) / 1000;
      const rssMb = process.resourceUsage().maxRSS / 1024;
      const told = { event: 'ended', frames, seconds, framesPerSecond: frames / seconds, rssMb };
      process.stdout.write(`${JSON.stringify(told)}\n`, () => process.exit());
    });
  };
});
