import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { emptyLedger, newStream, saveLedger, streamId, type StreamKey } from '@fxtape/market';
import type { RecordedItem } from '@fxtape/simulator/replay';
import { type Entry, listSegments, TapeWriter } from '@fxtape/tape';
import { afterEach, expect, test } from 'vitest';
import { itemsOf } from './recording.ts';
import { tapeItems, tapeStreams } from './tape-items.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const folder = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'replay-'));
  folders.push(dir);
  return dir;
};

const NOON = Date.UTC(2026, 5, 23, 12) * 1000;
const clock = { monoMs: () => performance.now() };
const EVER = { fromUs: 0, toUs: NOON + 1e12 };
const frame = (us: number, conn = 1, mark = 'live'): Entry => ({
  conn,
  recvUs: NOON + us,
  mark,
  frame: `{"n":${us}}`,
});
const event = (us: number, name: string, data: unknown = {}, conn = 1): Entry => ({
  conn,
  recvUs: NOON + us,
  event: name,
  data,
});
const write = async (dir: string, ...entries: Entry[]): Promise<void> => {
  const tape = await TapeWriter.open({ dir, account: 'demo', head: () => null, clock });
  // The head takes the time of the first line, and that one the next microsecond.
  tape.append([event((entries[0] as Entry).recvUs - NOON - 2, 'start'), ...entries]);
  await tape.close();
};
const all = async (items: AsyncIterable<readonly RecordedItem[]>): Promise<RecordedItem[]> => {
  const found: RecordedItem[] = [];
  for await (const batch of items) found.push(...batch);
  return found;
};
/** `5`: the frame of that time; `cut 1006`, `damage`. */
const shown = (items: readonly RecordedItem[]): (number | string)[] =>
  items.map((item) =>
    'damage' in item ? 'damage' : 'cut' in item ? `cut ${item.cut.code}` : item.tsRecv - NOON,
  );
const text = async (dir: string): Promise<{ path: string; lines: string[] }> => {
  const path = (await listSegments(dir))[0]?.path ?? '';
  return { path, lines: readFileSync(path, 'utf8').split('\n') };
};

test('frames are read as they are, whatever their mark; events are not; the end of the period is not included', async () => {
  const dir = folder();
  const odd: Entry = { conn: 1, recvUs: NOON + 13, frame: 'not json', json: false };
  const binary: Entry = { conn: 1, recvUs: NOON + 14, frame: 'AP8=', binary: true };
  await write(
    dir,
    event(9, 'connected'),
    frame(10, 1, 'snapshot'),
    frame(11, 1, 'repeat'),
    odd,
    binary,
    frame(20),
  );
  const items = await all(tapeItems(dir, { fromUs: NOON + 11, toUs: NOON + 20 }));
  expect(items).toMatchObject([
    { tsRecv: NOON + 11, frame: '{"n":11}', frameKind: 'json' },
    { tsRecv: NOON + 13, frame: 'not json', frameKind: 'text' },
    { tsRecv: NOON + 14, frame: 'AP8=', frameKind: 'base64' },
  ]);
});

test('a connection that ended is a cut before the next frame; after the last frame there is none', async () => {
  const dir = folder();
  await write(
    dir,
    event(1, 'disconnected', { code: 1006, reason: '' }),
    frame(10),
    event(11, 'disconnected', { code: 1012, reason: 'restart' }),
    event(12, 'refused', { reason: '503' }),
    event(13, 'connected', {}, 2),
    frame(14, 2),
    // Killed: there is no `disconnected`.
    event(20, 'start', { pid: 1 }, 2),
    frame(21, 3),
    event(30, 'disconnected', { code: 1000, reason: 'closed' }, 3),
  );
  const items = await all(tapeItems(dir, EVER));
  expect(shown(items)).toEqual([10, 'cut 1012', 14, 'cut null', 21]);
  expect(items[1]).toMatchObject({ tsRecv: NOON + 11 });
});

test('damage inside the period is reported, and the lines around it are read', async () => {
  const dir = folder();
  await write(dir, frame(10), frame(11), frame(12), frame(13));
  const { lines, path } = await text(dir);
  writeFileSync(path, lines.map((line) => line.replace('{"n":11}', '{"n":99}')).join('\n'));
  expect(shown(await all(tapeItems(dir, EVER)))).toEqual([10, 'damage', 12, 13]);
  expect(shown(await all(tapeItems(dir, { fromUs: NOON + 13, toUs: NOON + 99 })))).toEqual([13]);
});

test('the heads say what was recorded in a period', async () => {
  const dir = folder();
  const keys: StreamKey[] = [{ stream: 'ticks', symbol: 'EURUSD', timeframe: null }];
  const head = () => {
    const streams = new Map(keys.map((key) => [streamId(key), newStream(key)] as const));
    return { ledger: saveLedger({ ...emptyLedger(), feed: 'icm', streams }) };
  };
  const tape = await TapeWriter.open({ dir, account: 'demo', head, clock });
  tape.append([frame(10)]);
  keys.push({ stream: 'account', symbol: null, timeframe: null });
  tape.rotate();
  tape.append([frame(20)]);
  await tape.close();
  const before = await tapeStreams(dir, { fromUs: NOON, toUs: NOON + 15 });
  expect(before).toMatchObject({ feed: 'icm', streams: [{ stream: 'ticks' }] });
  const whole = await tapeStreams(dir, EVER);
  expect(new Set(whole.streams.map(({ stream }) => stream))).toEqual(new Set(['ticks', 'account']));
});

test('tables up to where the tape begins, then the tape: nothing twice, nothing left out, even when the beginning moves', async () => {
  const dir = folder();
  await write(dir, frame(100), frame(101));
  const begins = (await listSegments(dir))[0]?.segment ?? 0;
  const asked: [number, number][] = [];
  async function* tables({ fromUs, toUs }: { fromUs: number; toUs: number }) {
    asked.push([fromUs - NOON, toUs - NOON]);
    yield [{ tsRecv: fromUs, frame: 'table', frameKind: 'json' as const }];
    if (asked.length > 1) return;
    // Retention removes the oldest segment while its rows are played.
    rmSync((await text(dir)).path);
    await write(dir, frame(200), frame(201));
  }
  const items = await all(itemsOf(dir, { fromUs: NOON + 50, toUs: NOON + 201 }, tables));
  const moved = (await listSegments(dir))[0]?.segment ?? 0;
  expect(asked).toEqual([
    [50, begins - NOON],
    [begins - NOON, moved - NOON],
  ]);
  expect(shown(items)).toEqual([50, begins - NOON, 200]);
});

test('without a tape everything comes from the tables; with one that reaches back nothing does', async () => {
  const asked: number[] = [];
  async function* tables({ fromUs, toUs }: { fromUs: number; toUs: number }) {
    asked.push(fromUs - NOON, toUs - NOON);
    yield [];
  }
  await all(itemsOf(folder(), { fromUs: NOON, toUs: NOON + 9 }, tables));
  expect(asked).toEqual([0, 9]);
  const dir = folder();
  await write(dir, frame(10), frame(11));
  expect(shown(await all(itemsOf(dir, { fromUs: NOON + 11, toUs: NOON + 12 }, tables)))).toEqual([11]);
  expect(asked).toHaveLength(2);
});
