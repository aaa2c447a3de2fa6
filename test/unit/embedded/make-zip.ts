import { crc32, deflateRawSync } from 'node:zlib';

export type ZipEntry = { name: string; content: string; stored?: boolean };

/** A zip archive as a wheel is one; each local header carries an extra field that the directory does not have. */
export function makeZip(entries: ZipEntry[], comment = ''): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, stored } of entries) {
    const raw = Buffer.from(content);
    const packed = stored ? raw : deflateRawSync(raw);
    const extra = Buffer.from([0xff, 0xff, 2, 0, 1, 2]);
    const local = header(0x04034b50, 30, name, raw, packed, stored);
    local.writeUInt16LE(extra.length, 28);
    directory.push(directoryEntry(name, raw, packed, stored, offset), Buffer.from(name));
    parts.push(local, Buffer.from(name), extra, packed);
    offset += local.length + name.length + extra.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, ...directory, end, Buffer.from(comment)]);
}

function header(
  mark: number,
  size: number,
  name: string,
  raw: Buffer,
  packed: Buffer,
  stored = false,
): Buffer {
  const shift = size === 46 ? 2 : 0;
  const buffer = Buffer.alloc(size);
  buffer.writeUInt32LE(mark, 0);
  buffer.writeUInt16LE(stored ? 0 : 8, 8 + shift);
  buffer.writeUInt32LE(crc32(raw), 14 + shift);
  buffer.writeUInt32LE(packed.length, 18 + shift);
  buffer.writeUInt32LE(raw.length, 22 + shift);
  buffer.writeUInt16LE(name.length, 26 + shift);
  return buffer;
}

function directoryEntry(name: string, raw: Buffer, packed: Buffer, stored = false, offset: number): Buffer {
  const entry = header(0x02014b50, 46, name, raw, packed, stored);
  entry.writeUInt32LE(offset, 42);
  return entry;
}
