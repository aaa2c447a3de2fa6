import { indexUrlIn, packageIndexUrl } from '../../../src/runtime/embedded/pip-config';

const reading = (files: Record<string, string>) => (file: string) => files[file];
const conf = (url: string) => `[global]\nindex-url = ${url}\n`;
const HOME = '/home/ada';

test('PIP_INDEX_URL wins over every file, and gets its slash', () => {
  const env = { HOME, PIP_INDEX_URL: 'https://env.example/simple' };
  const read = reading({ '/etc/pip.conf': conf('https://etc.example/') });
  expect(packageIndexUrl(env, read)).toBe('https://env.example/simple/');
});

test('files count in the order of pip: the named one, the own one, the old own one, the system one', () => {
  const all: Record<string, string> = {
    '/named.conf': conf('https://named.example/'),
    '/home/ada/.config/pip/pip.conf': conf('https://own.example/'),
    '/home/ada/.pip/pip.conf': conf('https://old.example/'),
    '/etc/pip.conf': conf('https://etc.example/'),
  };
  const env = { HOME, PIP_CONFIG_FILE: '/named.conf' };
  const seen: string[] = [];
  for (const file of Object.keys(all)) {
    seen.push(packageIndexUrl(env, reading(all)));
    delete all[file];
  }
  expect(seen.map((url) => new URL(url).host)).toEqual([
    'named.example',
    'own.example',
    'old.example',
    'etc.example',
  ]);
});

test('a file without an index does not hide the next one', () => {
  const read = reading({
    '/home/ada/.config/pip/pip.conf': '[global]\ntimeout = 5\n',
    '/etc/pip.conf': conf('https://etc.example/'),
  });
  expect(packageIndexUrl({ HOME }, read)).toBe('https://etc.example/');
});

test('PIP_CONFIG_FILE=/dev/null means no file at all', () => {
  const read = reading({ '/etc/pip.conf': conf('https://etc.example/') });
  expect(packageIndexUrl({ HOME, PIP_CONFIG_FILE: '/dev/null' }, read)).not.toContain('etc.example');
});

test('the more particular section wins; comments, other keys and other sections do not count', () => {
  const text = [
    '# index-url = https://comment.example/',
    '[global]',
    'index_url: https://global.example/',
    'extra-index-url = https://extra.example/',
    '[freeze]',
    'index-url = https://freeze.example/',
  ].join('\n');
  expect(indexUrlIn(text)).toBe('https://global.example/');
  expect(indexUrlIn(`${text}\n[download]\nindex-url=https://download.example/`)).toBe(
    'https://download.example/',
  );
  expect(indexUrlIn('[global]\ntimeout = 3')).toBeUndefined();
});
