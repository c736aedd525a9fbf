// How soon a killed collector records again with a month of tape: thirty days of closed segments and an open one of nearly full size, because
// recovery reads the open segment from its head.
import { newestHead, writeCursor } from '@fxtape/tape';
import { Recording } from '@fxtape/testkit';
import { linkSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { marketNow } from './market-now.ts';
import type { BenchOptions } from './options.ts';
import { figure, median, note, spread, table, title } from './report.ts';

const DAYS = 30;
const DAY_MS = 86_400_000;
const TICKS_PER_SECOND = 20_000;

export const start = async (o: BenchOptions): Promise<void> => {
  const [perDay, openBytes] = o.short ? [10, 5_000_000] : [300, 28_000_000];
  title('start: a killed collector with 30 days of tape (under 3 s)');
  const recording = await Recording.start(marketNow(TICKS_PER_SECOND));
  try {
    const tape = join(recording.dataDir, 'tape', 'demo');
    const up: number[] = [];
    const appended: number[] = [];
    const live: number[] = [];
    let service = await recording.collector();
    await recording.live(service);
    const segments = ageTape(tape, perDay);
    for (let run = 0; run < o.runs; run++) {
      // The segment that the last start opened has to grow first.
      while (openSegment(tape).bytes < openBytes) await new Promise((resolve) => setTimeout(resolve, 50));
      await service.kill('SIGKILL');
      await setCursor(tape);
      const before = openSegment(tape);
      const startMs = performance.now();
      service = await recording.collector();
      up.push(performance.now() - startMs);
      while (openSegment(tape).path === before.path && openSegment(tape).bytes <= before.bytes)
        await new Promise((resolve) => setTimeout(resolve, 5));
      appended.push(performance.now() - startMs);
      await recording.live(service);
      live.push(performance.now() - startMs);
    }
    note(
      `${figure(segments)} closed segments on ${DAYS} days; the open one has ${figure(openBytes / 1e6)} MB and more; ${o.runs} starts`,
    );
    table(
      ['ms after the start of the process', 'median (least … most)'],
      [
        ['its port answers', spread(up)],
        ['first line on the tape', spread(appended)],
        ['every stream proved live (a heartbeat comes each second)', spread(live)],
      ],
    );
    if (median(appended) > 3000) note('over the aim of 3,000 ms');
  } finally {
    await recording.close();
  }
};

/** Sending resumes at the head of the open segment, further back than the usual five minutes. */
async function setCursor(tape: string): Promise<void> {
  const head = await newestHead(tape);
  if (head === null) throw new Error(`there is no head in ${tape}`);
  await writeCursor(tape, { position: head.position, state: head.data.state });
}

/** Creates closed segments for the thirty days before today as hard links to one file. Returns their number. */
function ageTape(tape: string, perDay: number): number {
  const { path } = openSegment(tape);
  let made = 0;
  for (let day = 1; day <= DAYS; day++) {
    const startMs = (Math.floor(Date.now() / DAY_MS) - day) * DAY_MS;
    const folder = join(
      dirname(dirname(path)),
      new Date(startMs).toISOString().slice(0, 10).replaceAll('-', ''),
    );
    mkdirSync(folder, { recursive: true });
    for (let i = 0; i < perDay; i++, made++)
      linkSync(path, join(folder, `${(startMs + i * 60_000) * 1000}.ndjson.zst`));
  }
  return made;
}

function openSegment(tape: string): { path: string; bytes: number } {
  const newest = readdirSync(tape, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ndjson'))
    .toSorted()
    .at(-1);
  if (newest === undefined) throw new Error(`there is no open segment in ${tape}`);
  const path = join(tape, newest);
  return { path, bytes: statSync(path).size };
}
