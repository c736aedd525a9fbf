// What a real recorder recorded is replayed at full speed into a fresh one with empty engines: the same ticks. A reconnect on the tape is a
// reconnect in the replay; what the tape has lost comes from the tables, once.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Line, readTape, TapeWriter } from '@fxtape/tape';
import { Recording } from '@fxtape/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { canonicalTicks, Replayed, RULE } from './replay-rig.ts';

let recording: Recording;
let replayed: Replayed;

beforeAll(async () => {
  recording = await Recording.start({ ticksPerSecond: 600, clock: RULE });
  const service = await recording.collector();
  await recording.live(service);
  await recording.moreTicks(1500);
  await recording.gateway.command('fault', { kind: 'close', code: 1012 });
  await recording.live(service);
  await recording.moreTicks(1500);
  await recording.settle();
  await service.stop(30_000);
  replayed = new Replayed(recording);
}, 400_000);
afterEach(() => replayed?.close());
afterAll(() => recording?.close());

/** The whole recording: it is younger than this. */
const ALL = ['--from', '2h', '--speed', 'max'] as const;

test('a fresh recorder has the same ticks, and the same reconnect', { timeout: 400_000 }, async () => {
  const { from, url } = await replayed.replay(...ALL);
  expect(typeof from).toBe('string');
  const fresh = await replayed.fresh(String(url));
  expect(await replayed.exited).toMatchObject({ code: 0 });
  const ended = replayed.told('ended');
  expect(ended).toMatchObject({ complete: true, damaged: 0, connections: 2, unsent: 0 });
  // Equal ticks of the first half minute may be left out, inside gaps; the long test waits for its end.
  const original = await canonicalTicks(recording, { distinct: true });
  await fresh.finish(original.length);
  expect(await canonicalTicks(fresh, { distinct: true })).toEqual(original);
});

test('half of it from the tables, half from the tape: no tick twice, none lost', {
  timeout: 400_000,
}, async () => {
  const half = join(recording.dir, 'half');
  mkdirSync(half);
  await laterHalf(join(recording.dataDir, 'tape', 'demo'), join(half, 'tape', 'demo'));
  const { url } = await replayed.replay({ dataDir: half }, ...ALL);
  expect(replayed.told('note')).toMatchObject({ note: 'from_tables' });
  const fresh = await replayed.fresh(String(url), 'fresh-half');
  expect(await replayed.exited).toMatchObject({ code: 0 });
  const sent = Number(replayed.told('ended')?.['ticks']);
  expect(sent).toBeGreaterThanOrEqual(await recording.count());
  const original = await canonicalTicks(recording, { distinct: true });
  await fresh.finish(original.length);
  expect(await canonicalTicks(fresh, { distinct: true })).toEqual(original);
});

test('errors have codes, and Ctrl-C is no error', { timeout: 200_000 }, async () => {
  await expect(replayed.replay('--from', '2001-01-01', '--to', '2001-01-02')).rejects.toThrow('REPLAY_EMPTY');
  await expect(replayed.replay({ account: 'dem' }, ...ALL)).rejects.toThrow('ACCOUNT_UNKNOWN');
  const { url } = await replayed.replay(...ALL);
  const { port } = new URL(String(url));
  const first = replayed.exited;
  const { stop } = replayed;
  await expect(replayed.replay(...ALL, '--port', port)).rejects.toThrow('HTTP_LISTEN_FAILED');
  stop('SIGINT');
  expect(await first).toMatchObject({ code: 0 });
});

/** Writes the later half of a tape as a tape of its own, as retention would leave it. */
async function laterHalf(from: string, to: string): Promise<void> {
  const lines: Line[] = [];
  let head: unknown = null;
  for await (const { items } of readTape(from, null))
    for (const item of items) {
      if ('kind' in item) throw new Error('the tape is damaged');
      if (item.event === 'head') head = (item.data as { state: unknown }).state;
      else lines.push(item);
    }
  // Where the new head and its first line find room between two receive times.
  const at = lines.findIndex(
    (line, i) => i > lines.length / 2 && line.tsRecv - (lines[i - 1]?.tsRecv ?? 0) > 4,
  );
  const clock = { monoMs: () => performance.now() };
  const tape = await TapeWriter.open({ dir: to, account: 'demo', head: () => head, clock });
  const rest = lines.slice(at);
  tape.append([
    { conn: 0, recvUs: (rest[0] as Line).tsRecv - 2, event: 'start', data: {} },
    ...rest.map(({ conn, data, event, frame, frameKind, mark, tsRecv }) => ({
      conn,
      recvUs: tsRecv,
      mark,
      ...(frame === null
        ? { event: event ?? '', data }
        : { frame, json: frameKind === 'json', binary: frameKind === 'base64' }),
    })),
  ]);
  await tape.close();
}
