import { randomUUID } from 'node:crypto';
import { getBrand } from '../../../src/ledger/brands';
import { putDraft } from '../../../src/ledger/template-drafts';
import { getTemplateVersion, resolveTemplate } from '../../../src/ledger/templates';
import { type Stand } from '../framework/setup';
import { createV1Stand } from './setup';

let stand: Stand;
let root: string;
beforeAll(async () => {
  stand = await createV1Stand();
  root = `/v1/workspaces/${stand.workspaceId}`;
});
afterAll(() => stand.close());

const content = (text: string) => ({
  defaultLocale: 'en',
  locales: { en: { default: { title: 'T', text } } },
});
const put = (slug: string, body: object) => stand.call('PUT', `${root}/templates/${slug}`, { body });
const resolve = (name: string, version?: string) =>
  resolveTemplate(stand.database.db, stand.workspaceId, name, version);

test('a draft may change, a published version never does', async () => {
  const created = await put('welcome', { content: content('one') });
  expect([created.status, created.json.published]).toEqual([201, null]);
  expect(created.json.draft).toMatchObject({ number: 1, content: content('one') });
  expect(await resolve('welcome')).toBe('template_unpublished');

  expect((await put('welcome', { content: content('two') })).json.draft.number).toBe(1);
  const published = await stand.call('POST', `${root}/templates/welcome/publish`);
  expect([published.json.draft, published.json.published.number]).toEqual([null, 1]);
  const first = await resolve('welcome');

  expect((await put('welcome', { content: content('three') })).status).toBe(200);
  expect(await resolve('welcome')).toEqual(first);
  const again = await put('welcome', { content: content('four'), publish: true });
  expect(again.json.published).toMatchObject({ number: 2, content: content('four') });
  expect(await resolve('welcome')).toMatchObject({ number: 2 });
  expect(await getTemplateVersion(stand.database.db, (first as { versionId: string }).versionId)).toEqual(
    content('two'),
  );
  expect((await stand.call('GET', `${root}/templates/welcome`)).json).toEqual(again.json);
});

test('publishing without a draft leaves what is published', async () => {
  const before = await put('steady', { content: content('x'), publish: true });
  const after = await stand.call('POST', `${root}/templates/steady/publish`);
  expect([after.status, after.json.published]).toEqual([200, before.json.published]);
});

test('a version is found by number, id and latest; one of another template is not', async () => {
  const { json } = await put('versions', { content: content('1'), publish: true });
  await put('versions', { content: content('2'), publish: true });
  await put('versions', { content: content('3') });
  const other = await put('others', { content: content('o'), publish: true });
  expect(await resolve('versions', '1')).toMatchObject({ versionId: json.published.id, number: 1 });
  expect(await resolve('versions', json.published.id.toUpperCase())).toMatchObject({ number: 1 });
  expect(await resolve('versions', 'latest')).toMatchObject({ number: 2 });
  expect(await resolve(json.id)).toMatchObject({ number: 2 });
  expect(await resolve('versions', '3')).toBe('template_unpublished');
  for (const version of [other.json.published.id, '4', '0', '99999999999', 'newest', json.id]) {
    expect(await resolve('versions', version)).toBe('template_not_found');
  }
  expect(await resolve('nothing')).toBe('template_not_found');
  expect(await resolveTemplate(stand.database.db, randomUUID(), 'versions')).toBe('template_not_found');
});

test("an alias names one template: Courier's event, Bird's project", async () => {
  const project = randomUUID();
  const { json } = await put('aliased', {
    content: content('a'),
    aliases: ['EVENT', project, 'EVENT'],
    publish: true,
  });
  expect(json.aliases).toEqual(['EVENT', project]);
  expect(await resolve('EVENT')).toMatchObject({ templateId: json.id });
  expect(await resolve(project)).toMatchObject({ templateId: json.id });
  expect((await put('thief', { content: content('b'), aliases: ['EVENT'] })).status).toBe(409);
  expect((await put('EVENT', { content: content('b') })).json.type).toBe('urn:volley:problem:already_exists');
  expect((await put('aliased', { content: content('c') })).json.aliases).toEqual(['EVENT', project]);
  expect((await put('aliased', { content: content('c'), aliases: [] })).json.aliases).toEqual([]);
  expect((await put('thief', { content: content('b'), aliases: ['EVENT'] })).status).toBe(201);
});

test('two who claim one alias at once: the second waits for the first and is refused', async () => {
  const { db } = stand.database;
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  let late: ReturnType<typeof put> | undefined;
  await db.transaction(async (tx) => {
    const ref = { workspaceId: stand.workspaceId, slug: 'early' };
    await putDraft(tx, ref, { content: content('early'), aliases: ['CONTESTED'] });
    let answered = false;
    late = put('late', { content: content('late'), aliases: ['CONTESTED'] }).finally(() => (answered = true));
    while (!answered && (await db.query(waiting)).length === 0);
  });
  expect((await late)?.status).toBe(409);
});

test.each([
  ['slug', 'has%20space', { content: content('x') }],
  ['slug', randomUUID(), { content: content('x') }],
  ['content', 'bad', {}],
  ['content.locales.en.default.text', 'bad', { content: content('{{ broken') }],
  ['content.defaultLocale', 'bad', { content: { ...content('x'), defaultLocale: 'de' } }],
  ['aliases[0]', 'bad', { content: content('x'), aliases: ['a b'] }],
  ['publish', 'bad', { content: content('x'), publish: 'yes' }],
])('a bad %s is 400 and named', async (at, slug, body) => {
  const answer = await put(slug, body);
  expect([answer.status, answer.json.errors[0].at]).toEqual([400, at]);
});

test.each(['templates', 'brands'])('what is not there of %s is 404', async (noun) => {
  expect((await stand.call('GET', `${root}/${noun}/nothing`)).status).toBe(404);
  expect((await stand.call('GET', `${root}/${noun}/a%20b`)).status).toBe(404);
});

test('publishing what is not there is 404', async () => {
  expect((await stand.call('POST', `${root}/templates/nothing/publish`)).status).toBe(404);
});

test('a brand is made, replaced and read, by slug or id', async () => {
  const brand = (name: string) => stand.call('PUT', `${root}/brands/mine`, { body: { content: { name } } });
  const created = await brand('One');
  expect([created.status, created.json.version]).toEqual([201, 1]);
  expect([(await brand('Two')).status, (await brand('Two')).json.version]).toEqual([200, 3]);
  const read = await stand.call('GET', `${root}/brands/${created.json.id}`);
  expect(read.json).toMatchObject({ slug: 'mine', content: { name: 'Two' }, version: 3 });
  expect(await getBrand(stand.database.db, stand.workspaceId, 'mine')).toEqual({ name: 'Two' });
  expect(
    (
      await stand.call('PUT', `${root}/brands/mine`, {
        body: { content: { name: '', colors: { a: 'url(x)' } } },
      })
    ).status,
  ).toBe(400);
});
