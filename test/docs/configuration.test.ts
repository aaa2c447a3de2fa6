import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** Read for where this machine keeps things, and not Volley's to document. */
const OF_THE_SYSTEM = ['PATH', 'HOME', 'TMPDIR', 'VIRTUAL_ENV', 'XDG_CONFIG_HOME', 'NO_COLOR'];
/** How the supervisor tells a process of its own that it is one. */
const INTERNAL = ['VOLLEY_SUPERVISED'];

function sourcesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => read(join(folder, name)));
}

const declaredIn = (path: string): string[] =>
  [...read(path).matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map((match) => match[1] ?? '');

/** The variables of the two schemas, and whatever is read from an environment by name anywhere else. */
function variablesRead(): Set<string> {
  const declared = ['src/runtime/config.ts', 'src/runtime/embedded/stack-config.ts'].flatMap(declaredIn);
  const looked = sourcesUnder('src').flatMap((text) => [...text.matchAll(/\benv\['([A-Z0-9_]+)'\]/g)]);
  const overrides = [...read('src/runtime/embedded/temporal-binary.ts').matchAll(/: '([A-Z_]+_PATH)'/g)];
  const names = [...declared, ...[...looked, ...overrides].map((match) => match[1] ?? '')];
  return new Set(names.filter((name) => ![...OF_THE_SYSTEM, ...INTERNAL].includes(name)));
}

const inExample = new Set(
  [...read('.env.example').matchAll(/^#? ?([A-Z][A-Z0-9_]+)=/gm)].map((match) => match[1] ?? ''),
);
const inCompose = new Set(
  [...read('docker-compose.yml').matchAll(/\$\{([A-Z0-9_]+)/g)].map((match) => match[1] ?? ''),
);

/** What compose says itself of its own servers, and what is the embedded default's. */
const OF_COMPOSE = /^(DATABASE_URL|TEMPORAL_\w+|HOST|PORT|VOLLEY_EMBEDDED|VOLLEY_TEMPORAL_UI_URL)$/;

test('there are variables to look for', () => {
  expect(variablesRead().size).toBeGreaterThan(30);
});

test.each([...variablesRead()])('%s is in .env.example and in docs/configuration.md', (name) => {
  expect(inExample).toContain(name);
  expect(read('docs/configuration.md')).toContain(`\`${name}\``);
});

test.each([...inCompose])('%s, which docker compose asks for, is in .env.example', (name) => {
  expect(inExample).toContain(name);
});

test.each([...inExample])('%s of .env.example is read by something', (name) => {
  expect(variablesRead().has(name) || inCompose.has(name)).toBe(true);
});

test.each(declaredIn('src/runtime/config.ts').filter((name) => !OF_COMPOSE.test(name)))(
  '%s in .env reaches the processes of docker compose',
  (name) => {
    expect(read('docker-compose.yml')).toContain(`\n    ${name}: \${${name}:`);
  },
);
