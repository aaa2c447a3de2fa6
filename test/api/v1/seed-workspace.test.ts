import { randomUUID } from 'node:crypto';
import { getBrand } from '../../../src/ledger/brands';
import { deleteChannel, listChannels } from '../../../src/ledger/channels';
import { findKey, revokeKey } from '../../../src/ledger/keys';
import { getTemplateVersion, resolveTemplate } from '../../../src/ledger/templates';
import { getWorkspaceSettings } from '../../../src/ledger/workspaces';
import {
  sandboxChannelId,
  SEEDED_CHANNEL_ID,
  SEEDED_WORKSPACE_ID,
  seedEmbedded,
} from '../../../src/service/seed-workspace';
import { SEEDED_BIRD_TEMPLATE, SEEDED_BRAND, SEEDED_TEMPLATE } from '../../../src/service/seed-content';
import { brandContentSchema, templateContentSchema } from '../../../src/templates/parse-template';
import { createTestDatabase, type TestDatabase } from '../../support/database';

let database: TestDatabase;
beforeEach(async () => (database = await createTestDatabase()));
afterEach(() => database.drop());

const everything = async () => {
  const tables = ['workspaces', 'api_keys', 'channels', 'templates', 'template_versions', 'brands'];
  return Promise.all(tables.map((table) => database.db.query(`select * from ${table} order by id`)));
};

test('what the seeds name is there from the start', async () => {
  const { db } = database;
  await seedEmbedded(db, { embedded: true });
  expect((await findKey(db, 'abcd'))?.workspaceId).toBe(SEEDED_WORKSPACE_ID);
  const channels = await listChannels(db, SEEDED_WORKSPACE_ID);
  expect(channels.map(({ kind }) => kind).sort()).toEqual([
    'any',
    'chat',
    'email',
    'inbox',
    'push',
    'sms',
    'webhook',
  ]);
  expect(channels.find(({ kind }) => kind === 'any')?.id).toBe(SEEDED_CHANNEL_ID);
  expect(channels.find(({ kind }) => kind === 'sms')?.id).toBe(sandboxChannelId(SEEDED_WORKSPACE_ID, 'sms'));

  const bySlug = await resolveTemplate(db, SEEDED_WORKSPACE_ID, 'my-notification-or-event');
  expect(await resolveTemplate(db, SEEDED_WORKSPACE_ID, 'V7E6M48EFQMB78H746QCCD1KSRAA')).toEqual(bySlug);
  const bird = await resolveTemplate(
    db,
    SEEDED_WORKSPACE_ID,
    '4b7e08a9-5d0e-4e56-aaf1-cd0bfa29d431',
    'fe72e43f-340e-4d41-9a9e-a136278ebb04',
  );
  expect(bird).toMatchObject({ versionId: 'fe72e43f-340e-4d41-9a9e-a136278ebb04' });
  expect(await getTemplateVersion(db, 'fe72e43f-340e-4d41-9a9e-a136278ebb04')).toEqual(SEEDED_BIRD_TEMPLATE);
  expect(await getBrand(db, SEEDED_WORKSPACE_ID, 'my-brand')).toEqual(SEEDED_BRAND);
  expect((await getWorkspaceSettings(db, SEEDED_WORKSPACE_ID)).routingOrder[0]).toBe('email');
});

test('the key that everybody knows is not there unless asked for', async () => {
  await seedEmbedded(database.db, { embedded: false });
  expect(await findKey(database.db, 'abcd')).toBeUndefined();
});

test('seeding again, or twice at once, changes nothing', async () => {
  await Promise.all([
    seedEmbedded(database.db, { embedded: true }),
    seedEmbedded(database.db, { embedded: true }),
  ]);
  const before = await everything();
  await seedEmbedded(database.db, { embedded: true });
  expect(await everything()).toEqual(before);
});

test('what the owner revoked or deleted does not come back', async () => {
  const { db } = database;
  await seedEmbedded(db, { embedded: true });
  const key = await findKey(db, 'abcd');
  await revokeKey(db, { workspaceId: SEEDED_WORKSPACE_ID, keyId: key?.id ?? randomUUID() });
  await deleteChannel(db, { workspaceId: SEEDED_WORKSPACE_ID, channelId: SEEDED_CHANNEL_ID });
  await seedEmbedded(db, { embedded: true });
  expect(await findKey(db, 'abcd')).toBeUndefined();
  expect((await listChannels(db, SEEDED_WORKSPACE_ID)).some(({ kind }) => kind === 'any')).toBe(false);
});

test('the seeded contents are what the door itself would take', () => {
  for (const content of [SEEDED_TEMPLATE, SEEDED_BIRD_TEMPLATE])
    expect(templateContentSchema.parse(content)).toEqual(content);
  expect(brandContentSchema.parse(SEEDED_BRAND)).toEqual(SEEDED_BRAND);
});
