import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createV1Stand } from '../api/v1/setup';

const page = readFileSync(join(__dirname, '../../docs/workspaces.md'), 'utf8');
let stand: Awaited<ReturnType<typeof createV1Stand>>;
beforeAll(async () => {
  stand = await createV1Stand();
});
afterAll(() => stand.close());

test('docs/workspaces.md has every path of /v1', async () => {
  const { paths } = (await stand.call('GET', '/openapi.json')).json as { paths: object };
  const words = Object.keys(paths).flatMap((path) => path.split('/').filter((part) => /^\w+$/.test(part)));
  expect(words).toContain('suppressions');
  for (const word of new Set(words)) expect(page).toContain(`/${word}`);
});

test('docs/workspaces.md has every setting with its default', async () => {
  const { json } = await stand.call('GET', `/v1/workspaces/${stand.workspaceId}/settings`);
  const rows = [...page.matchAll(/^\| `(\w+)` +\| `([^`]+)` +\|/gm)];
  expect(Object.fromEntries(rows.map(([, name, value = '']) => [name, JSON.parse(value)]))).toEqual(json);
});
