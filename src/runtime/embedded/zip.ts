import { inflateRawSync } from 'node:zlib';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
/** The end record is 22 bytes, behind it a comment of at most 65,535. */
const END_RECORD_BYTES = 22;
const MAX_COMMENT_BYTES = 65_535;

/**
 * The content of the one entry of a zip archive whose name `matches`; undefined where there is none.
 * Reads what wheels use: stored and deflated entries, no encryption, no 64-bit sizes.
 * @throws Error where the archive is damaged.
 */
export function readZipEntry(archive: Buffer, matches: (name: string) => boolean): Buffer | undefined {
  const end = findEnd(archive);
  const entries = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let i = 0; i < entries; i++) {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('zip: damaged directory');
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    if (matches(name)) return readEntry(archive, at);
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return undefined;
}

function readEntry(archive: Buffer, at: number): Buffer {
  const method = archive.readUInt16LE(at + 10);
  const packedBytes = archive.readUInt32LE(at + 20);
  const bytes = archive.readUInt32LE(at + 24);
  const header = archive.readUInt32LE(at + 42);
  if (archive.readUInt32LE(header) !== LOCAL_HEADER) throw new Error('zip: damaged entry');
  // The local header repeats name and extra field with lengths of its own; only it says where the data begins.
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28);
  const packed = archive.subarray(start, start + packedBytes);
  if (method !== 0 && method !== 8) throw new Error(`zip: unknown compression ${method}`);
  const content = method === 0 ? packed : inflateRawSync(packed, { maxOutputLength: Math.max(bytes, 1) });
  if (content.length !== bytes) throw new Error('zip: truncated entry');
  return content;
}

function findEnd(archive: Buffer): number {
  const last = archive.length - END_RECORD_BYTES;
  for (let at = last; at >= Math.max(0, last - MAX_COMMENT_BYTES); at--) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  throw new Error('zip: no end record: not a zip archive, or truncated');
}
