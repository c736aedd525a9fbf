// Whatever a gateway sends comes back from the tape as it was, by memory, by file and by compressed file alike.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  compressClosed,
  type Damage,
  type Entry,
  type Line,
  lineText,
  readTape,
  TapeWriter,
} from './index.ts';

const NOON = Date.UTC(2026, 5, 23, 12) * 1000;
const clock = { monoMs: () => performance.now() };

/** Any UTF-16 at all: lone surrogates, separators, control characters, text that looks like the tape's own words. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.constantFrom(
    '',
    '\n',
    '\r\n',
    '\u2028\u2029\u0085',
    '\ufeff{"bom":1}',
    '\ud800',
    '\udfff\ud800',
    '"}',
    ',"crc":"00000000"}',
    '{"ts_recv":1,"conn":2,"frame":{},"crc":"00000000"}\n{"ts_recv":3',
    '\\',
    '\u0000',
  ),
);

/** JSON as a gateway might spell it: numbers beyond a double, spaces, escapes, duplicate keys. */
const anyJson = fc.oneof(
  fc.json(),
  anyText.map((text) => JSON.stringify({ text })),
  fc
    .bigInt({ min: -(2n ** 200n), max: 2n ** 200n })
    .map((big) => `{"n":${big},"e":1e999,"z":-0,"d":0.10000000000000000555}`),
  fc.constantFrom(
    '{"a":1,"a":2}',
    ' { "a" : [ ] } ',
    '{"a":\n1}',
    '{"a":\r1}',
    'null',
    '"\\ud800"',
    '[1,2]\t',
    '1E+2',
  ),
);

const anyEntry = fc.record({
  conn: fc.oneof(fc.nat(), fc.constant(Number.MAX_SAFE_INTEGER)),
  recvUs: fc.integer({ min: NOON, max: NOON + 1000 }),
  mark: fc.option(fc.oneof(fc.constantFrom('live', 'repeat', 'clean'), anyText)),
});
const entries: fc.Arbitrary<Entry> = fc.oneof(
  fc.tuple(anyEntry, anyJson).map(([base, frame]) => ({ ...base, frame })),
  fc.tuple(anyEntry, anyText).map(([base, frame]) => ({ ...base, frame, json: false })),
  fc.tuple(anyEntry, fc.uint8Array({ maxLength: 300 })).map(([base, bytes]) => ({
    ...base,
    frame: Buffer.from(bytes).toString('base64'),
    binary: true,
    json: false,
  })),
  fc
    .tuple(anyEntry, anyText, fc.jsonValue())
    .map(([base, event, data]) => ({ ...base, event: `e${event}`, data })),
);

const all = async (dir: string, maxLines?: number): Promise<(Line | Damage)[]> => {
  const items: (Line | Damage)[] = [];
  const options = maxLines === undefined ? {} : { maxLines };
  for await (const batch of readTape(dir, null, options)) items.push(...batch.items);
  return items;
};
const withoutHeads = (items: readonly (Line | Damage)[]): Line[] =>
  items.filter((item): item is Line => !('kind' in item) && item.event !== 'head');

test('any entries, in any batches, over any segments: read back equal, plain and compressed', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(entries, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 200, max: 5000 }),
      fc.integer({ min: 1, max: 9 }),
      async (batches, segmentBytes, maxLines) => {
        const dir = mkdtempSync(join(tmpdir(), 'tape-lines-'));
        try {
          const tape = await TapeWriter.open({ dir, account: 'demo', head: () => null, clock, segmentBytes });
          const written = batches.flatMap((batch) => [...tape.append(batch)]);
          await tape.close();
          const sent = batches.flat();
          expect(written.map(({ frame, event }) => frame ?? event)).toEqual(
            sent.map((entry) => entry.frame ?? entry.event),
          );
          const items = await all(dir, maxLines);
          expect(items.some((item) => 'kind' in item)).toBe(false);
          expect(withoutHeads(items)).toEqual(written);
          const times = items.map((item) => (item as Line).tsRecv);
          expect(times.every((time, i) => i === 0 || time > (times[i - 1] as number))).toBe(true);
          // What people's tools are shown is what stands in the file.
          for (const line of withoutHeads(items)) {
            expect(lineText(line)).not.toContain('\n');
            if (line.frameKind !== 'json') expect(() => JSON.parse(lineText(line)) as unknown).not.toThrow();
          }
          await compressClosed(dir);
          expect(await all(dir, maxLines)).toEqual(items);
        } finally {
          rmSync(dir, { recursive: true });
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('frames of a megabyte and more, of letters of four bytes, and bytes that are no UTF-8', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tape-large-'));
  try {
    const noUtf8 = Buffer.from(Array.from({ length: 1 << 20 }, (_, i) => (i * 7919) & 0xff));
    const given: Entry[] = [
      { conn: 1, recvUs: NOON, frame: JSON.stringify({ pad: 'x'.repeat(1 << 20) }) },
      { conn: 1, recvUs: NOON, frame: JSON.stringify({ pad: '𝄞'.repeat(1 << 18) }) },
      { conn: 1, recvUs: NOON, frame: '\ud800'.repeat(1 << 18), json: false },
      { conn: 1, recvUs: NOON, frame: noUtf8.toString('base64'), json: false, binary: true },
      { conn: 1, recvUs: NOON, frame: JSON.stringify({ pad: 'y'.repeat(7 << 20) }) },
      { conn: 1, recvUs: NOON, frame: '{"after":1}' },
    ];
    const tape = await TapeWriter.open({ dir, account: 'demo', head: () => null, clock });
    for (const entry of given) tape.append([entry]);
    await tape.close();
    const read = withoutHeads(await all(dir));
    expect(read.map((line) => line.frame === given[read.indexOf(line)]?.frame)).toEqual(
      given.map(() => true),
    );
    expect(Buffer.from(read[3]?.frame ?? '', 'base64').equals(noUtf8)).toBe(true);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('what cannot be a line is refused with a code, and nothing of its batch counts', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tape-refused-'));
  try {
    const tape = await TapeWriter.open({ dir, account: 'demo', head: () => null, clock });
    const good: Entry = { conn: 1, recvUs: NOON, frame: '{}' };
    const ring: Record<string, unknown> = {};
    ring['self'] = ring;
    for (const bad of [
      { ...good, recvUs: Number.NaN },
      { ...good, recvUs: NOON + 0.5 },
      { ...good, recvUs: NOON * 1000 },
      { ...good, conn: -1 },
      { ...good, conn: 1.5 },
      { ...good, event: 'both' },
      { conn: 1, recvUs: NOON },
      { conn: 1, recvUs: NOON, event: 'ring', data: ring },
      { conn: 1, recvUs: NOON, event: 'big', data: { n: 1n } },
    ])
      expect(() => tape.append([good, bad])).toThrowError(
        expect.objectContaining({ code: 'TAPE_ENTRY_INVALID' }) as Error,
      );
    expect(tape.append([good]).length).toBe(1);
    await tape.close();
    expect(withoutHeads(await all(dir)).length).toBe(1);
    expect(() => tape.append([good])).toThrowError(expect.objectContaining({ code: 'TAPE_CLOSED' }) as Error);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
