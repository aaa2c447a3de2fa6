import { createV1Dialect } from '../../../api/v1';
import { parseEgressAllow } from '../../../src/providers/egress/address-policy';
import { createEgress } from '../../../src/providers/egress/guarded-client';
import { createProviders, type ProviderRegistry } from '../../../src/providers/registry';
import { openCredentials, sealCredentials, updateChannel } from '../../../src/ledger/channels';
import { eventually } from '../../support/eventually';
import { createStand, type Stand } from '../framework/setup';
import { secretBox } from './setup';

const sandboxLog = { record: async () => ({ firstTime: true }), countCall: async () => 1 };
let stand: Stand;
let providers: ProviderRegistry;
let path: string;
beforeAll(async () => {
  const egress = createEgress({ allow: parseEgressAllow('') });
  providers = createProviders({ egress, sandboxLog });
  stand = await createStand([createV1Dialect({ providers, secretBox, egress })]);
  path = `/v1/workspaces/${stand.workspaceId}/channels`;
});
afterAll(async () => {
  await stand.close();
  await providers.close();
});

const ways = {
  smtp: {
    kind: 'email',
    settings: { host: 'smtp.example.com', port: 587, identities: ['news@example.com'] },
    credentials: { user: 'volley', pass: 'secret' },
  },
  sendgrid: {
    kind: 'email',
    settings: { identities: ['news@example.com'] },
    credentials: { apiKey: 'SG.secret' },
  },
  twilio: {
    kind: 'sms',
    settings: { accountSid: `AC${'0'.repeat(32)}`, from: '+15005550006' },
    credentials: { authToken: 'secret' },
  },
  webhook: {
    kind: 'webhook',
    settings: { url: 'https://hooks.example.com' },
    credentials: { secret: `whsec_${Buffer.alloc(32).toString('base64')}` },
  },
} as const;
type Way = keyof typeof ways;

async function channelOf(provider: Way, settings: object = {}) {
  const way = ways[provider];
  const body = { provider, name: provider, ...way, settings: { ...way.settings, ...settings } };
  const { json } = await stand.call('POST', path, { body });
  const change = async (settings: object, more: object = {}) =>
    stand.call('PATCH', `${path}/${json.id}`, {
      body: { settings: { ...ways[provider].settings, ...settings }, ...more },
    });
  const ref = { workspaceId: stand.workspaceId, channelId: json.id as string };
  return {
    change,
    channelId: ref.channelId,
    credentials: () => openCredentials(stand.database.db, secretBox, ref),
  };
}

test.each<[Way, object]>([
  ['smtp', { host: 'mx.attacker.example' }],
  ['smtp', { port: 465 }],
  ['smtp', { secure: true }],
  ['smtp', { requireTls: false }],
  ['sendgrid', { baseUrl: 'https://attacker.example' }],
  ['twilio', { baseUrl: 'https://attacker.example' }],
])('stored credentials of %s do not follow a change to %j, new ones do', async (provider, settings) => {
  const { change, credentials } = await channelOf(provider);
  const refused = await change(settings);
  expect([refused.status, refused.json.errors[0].at]).toEqual([400, 'credentials']);
  expect((await change({})).json).not.toMatchObject({ settings });
  const fresh = { credentials: ways[provider].credentials };
  expect((await change(settings, fresh)).json).toMatchObject({ settings });
  expect((await change(settings)).status).toBe(200);
  expect(await credentials()).toEqual(ways[provider].credentials);
});

test.each<[Way, object]>([
  ['smtp', { host: 'SMTP.example.com', poolSize: 2, secure: false, requireTls: true }],
  ['sendgrid', { defaultFromName: 'News', baseUrl: 'https://api.sendgrid.com' }],
  ['twilio', { validityPeriodSeconds: 60 }],
  ['webhook', { url: 'https://other.example.com' }],
])('stored credentials of %s stay with a change to %j', async (provider, settings) => {
  const { change, credentials } = await channelOf(provider);
  expect((await change(settings)).json).toMatchObject({ settings });
  expect(await credentials()).toEqual(ways[provider].credentials);
});

test.each(['sms', 'whatsapp'] as const)(
  'a channel of Twilio that was made for %s stays one',
  async (sender) => {
    const { change } = await channelOf('twilio', { sender });
    const other = sender === 'sms' ? 'whatsapp' : 'sms';
    const refused = await change({ sender: other }, { credentials: ways.twilio.credentials });
    expect([refused.status, refused.json.errors]).toEqual([
      400,
      [expect.objectContaining({ at: 'settings' })],
    ]);
    expect((await change({ sender, from: '+15005550007' })).json).toMatchObject({
      settings: { sender, from: '+15005550007' },
    });
  },
);

test('a change is judged by what one under way makes of the channel, and gets no credentials of it', async () => {
  const { db } = stand.database;
  const { change, credentials, channelId } = await channelOf('smtp');
  const theirs = { host: 'mx.attacker.example' };
  expect((await change(theirs, { credentials: {} })).status).toBe(200);
  const { settings, credentials: ours } = ways.smtp;
  const refused = await db.transaction(async (tx) => {
    const sealedCredentials = sealCredentials(secretBox, { workspaceId: stand.workspaceId, channelId }, ours);
    await updateChannel(tx, { workspaceId: stand.workspaceId, channelId }, { settings, sealedCredentials });
    const late = change(theirs);
    const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    await eventually('the late change waits', async () => (await db.query(waiting)).length > 0);
    return { late };
  });
  expect((await refused.late).status).toBe(400);
  expect(await credentials()).toEqual(ours);
});
