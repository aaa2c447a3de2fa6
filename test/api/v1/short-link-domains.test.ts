import { randomUUID } from 'node:crypto';
import { issueKey } from '../../../src/ledger/keys';
import { findShortLink, keepShortLinks } from '../../../src/ledger/links';
import { createV1Stand } from './setup';
import { type Stand } from '../framework/setup';

const DOMAIN = 'go.bank.example';
const ID = 'abcdefghijkl';
let stand: Stand;
let rival: { workspaceId: string; key: string };
beforeEach(async () => {
  stand = await createV1Stand();
  const workspaceId = randomUUID();
  await stand.database.db.query('insert into workspaces (id, name) values ($1, $2)', [workspaceId, 'rival']);
  rival = { workspaceId, key: (await issueKey(stand.database.db, { workspaceId, name: 'rival' })).key };
});
afterEach(() => stand.close());

const name = (who: { workspaceId: string; key: string }, domains: readonly string[]) =>
  stand.call('PATCH', `/v1/workspaces/${who.workspaceId}/settings`, {
    key: who.key,
    body: { shortLinkDomains: domains },
  });
const linkOf = ({ workspaceId }: { workspaceId: string }) =>
  keepShortLinks(stand.database.db, workspaceId, [
    { domain: DOMAIN, id: ID, messageId: randomUUID(), url: 'https://evil.example/' },
  ]);
const leads = async () => (await findShortLink(stand.database.db, DOMAIN, ID))?.url;

test('a short link domain is of the first workspace that names it, until that gives it up', async () => {
  expect((await name(stand, [DOMAIN])).status).toBe(200);
  expect((await name(stand, [DOMAIN, 'go.shop.example'])).status).toBe(200);
  expect((await name(rival, ['go.rival.example', DOMAIN])).status).toBe(409);
  expect((await name(stand, [])).status).toBe(200);
  expect((await name(rival, [DOMAIN])).status).toBe(200);
});

test('of two that name it at the same time one gets it', async () => {
  const answers = await Promise.all([name(stand, [DOMAIN]), name(rival, [DOMAIN])]);
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
});

test('no link of another workspace leads from the domain of one', async () => {
  await name(rival, [DOMAIN]);
  await linkOf(rival);
  expect(await leads()).toBe('https://evil.example/');
  await name(rival, []);
  expect(await leads()).toBe('https://evil.example/');
  await name(stand, [DOMAIN]);
  expect(await leads()).toBeUndefined();
});
