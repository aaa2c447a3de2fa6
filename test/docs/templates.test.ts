import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TemplateContent } from '../../src/domain/content';
import { createRenderer } from '../../src/templates/render';
import { createV1Stand } from '../api/v1/setup';

const page = readFileSync(join(__dirname, '../../docs/templates.md'), 'utf8');

test('the example of docs/templates.md stores a template, publishes it, and renders', async () => {
  const [, slug = '', text = ''] = /templates\/(\w+) .* -d '({[^]*?^})'$/m.exec(page) ?? [];
  const body = JSON.parse(text) as { content: TemplateContent; aliases: string[] };
  const { content, aliases } = body;
  const stand = await createV1Stand();
  const path = `/v1/workspaces/${stand.workspaceId}/templates/${slug}`;
  expect(await stand.call('PUT', path, { body })).toMatchObject({
    status: 201,
    json: { slug, aliases, draft: null, published: { number: 1, content } },
  });
  const renderer = createRenderer();
  const message = { workspaceId: stand.workspaceId, kind: 'email', template: content } as const;
  expect(await renderer.render({ ...message, data: { name: 'Jane' }, recipient: { id: 'u' } })).toMatchObject(
    {
      ok: true,
      rendered: { title: 'Welcome, Jane' },
    },
  );
  expect(await renderer.render({ ...message, data: {}, recipient: { id: 'u' } })).toMatchObject({
    reason: 'variable_missing',
  });
  await renderer.close();
  await stand.close();
});
