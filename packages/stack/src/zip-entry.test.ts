import { expect, test } from 'vitest';
import { crc32, deflateRawSync } from 'node:zlib';
import { readZipEntry } from './zip-entry.ts';

interface Entry {
  name: string;
  content: Buffer;
  deflate: boolean;
}

function zip(entries: Entry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, deflate } of entries) {
    const packed = deflate ? deflateRawSync(content) : content;
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(4, 28);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(deflate ? 8 : 0, 10);
    central.writeUInt32LE(crc32(content), 16);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(content.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(offset, 42);
    const piece = Buffer.concat([local, Buffer.from(name), Buffer.alloc(4), packed]);
    offset += piece.length;
    parts.push(piece);
    directory.push(Buffer.concat([central, Buffer.from(name)]));
  }
  const body = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(body.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, body, end]);
}

const archive = zip([
  { name: 'a/first', content: Buffer.from('stored as it is'), deflate: false },
  { name: 'b', content: Buffer.alloc(100_000, 'ab'), deflate: true },
]);

test('a stored and a deflated entry come out whole', () => {
  expect(readZipEntry(archive, 'a/first').toString()).toBe('stored as it is');
  expect(readZipEntry(archive, 'b')).toEqual(Buffer.alloc(100_000, 'ab'));
});

test('a missing entry, a foreign file and a damaged entry are errors', () => {
  expect(() => readZipEntry(archive, 'c')).toThrow('no entry c');
  expect(() => readZipEntry(Buffer.alloc(100), 'b')).toThrow('not a zip archive');
  const damaged = Buffer.from(archive);
  damaged[30 + 'a/first'.length + 4] = 0;
  expect(() => readZipEntry(damaged, 'a/first')).toThrow('checksum differs');
});
