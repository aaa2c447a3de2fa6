import { gunzipSync } from 'node:zlib';

const BLOCK_BYTES = 512;

/**
 * The content of the one file of a .tar.gz whose name `matches`; undefined where there is none.
 * @throws Error where the archive is damaged.
 */
export function readTarGzEntry(archive: Buffer, matches: (name: string) => boolean): Buffer | undefined {
  const tar = gunzipSync(archive);
  for (let at = 0; at + BLOCK_BYTES <= tar.length;) {
    const name = text(tar, at, 100);
    if (name === '') return undefined; // Two empty blocks end the archive.
    const bytes = Number.parseInt(text(tar, at + 124, 12).trim(), 8);
    if (!Number.isSafeInteger(bytes)) throw new Error('tar: damaged header');
    const start = at + BLOCK_BYTES;
    const type = text(tar, at + 156, 1);
    if ((type === '' || type === '0') && matches(name)) {
      if (start + bytes > tar.length) throw new Error('tar: truncated');
      return tar.subarray(start, start + bytes);
    }
    at = start + Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;
  }
  return undefined;
}

function text(tar: Buffer, at: number, length: number): string {
  const field = tar.toString('latin1', at, at + length);
  const end = field.indexOf('\0');
  return end < 0 ? field : field.slice(0, end);
}
