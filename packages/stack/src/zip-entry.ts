// Reads one file out of a zip archive (a jar is one) without a tool or a library. In: the archive's bytes and the name of an entry.
// Out: the entry's bytes, stored or deflated, checked against the length and the CRC-32 that the archive states. Enough for pinned
// archives under 4 GiB: no zip64, no encryption.
import { crc32, inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;

/** @throws Error when `archive` is not a readable zip, has no such entry, or the entry's bytes do not fit its checksum. */
export function readZipEntry(archive: Buffer, name: string): Buffer {
  const end = findEndOfDirectory(archive);
  const entries = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < entries; index++) {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('damaged zip directory');
    const nameBytes = archive.readUInt16LE(at + 28);
    const extraBytes = archive.readUInt16LE(at + 30);
    const commentBytes = archive.readUInt16LE(at + 32);
    if (archive.toString('utf8', at + 46, at + 46 + nameBytes) === name) return readEntry(archive, at, name);
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  throw new Error(`no entry ${name} in the archive`);
}

function readEntry(archive: Buffer, at: number, name: string): Buffer {
  const method = archive.readUInt16LE(at + 10);
  const crc = archive.readUInt32LE(at + 16);
  const packedBytes = archive.readUInt32LE(at + 20);
  const plainBytes = archive.readUInt32LE(at + 24);
  const header = archive.readUInt32LE(at + 42);
  if (archive.readUInt32LE(header) !== LOCAL_HEADER) throw new Error('damaged zip entry');
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const packed = archive.subarray(start, start + packedBytes);
  if (method !== 0 && method !== 8) throw new Error(`${name}: unknown compression ${method}`);
  const plain = method === 0 ? Buffer.from(packed) : inflateRawSync(packed, { maxOutputLength: plainBytes });
  if (plain.length !== plainBytes || crc32(plain) !== crc) throw new Error(`${name}: checksum differs`);
  return plain;
}

function findEndOfDirectory(archive: Buffer): number {
  const oldest = Math.max(0, archive.length - 22 - 0xffff);
  for (let at = archive.length - 22; at >= oldest; at--) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new Error('not a zip archive');
}
