import { randomUUID } from 'node:crypto';
import { createCallbackRouter } from '../../../api/callbacks/receive';
import { createBirdDialect } from '../../../api/bird';
import { type Database } from '../../../src/ledger/database';
import { insertChannel } from '../../../src/ledger/channels';
import { createCallbackReaders } from '../../../src/providers/callbacks/readers';
import { createTokenSigner } from '../../../src/providers/callbacks/return-path';
import { createEgress } from '../../../src/providers/egress/guarded-client';
import { parseEgressAllow } from '../../../src/providers/egress/address-policy';
import { createProviders } from '../../../src/providers/registry';
import { createLog } from '../../../src/runtime/log';
import { createSecretBox } from '../../../src/runtime/secret-box';
import { createService } from '../../../src/service/create-service';
import { requestFor } from '../../support/provider-conformance';
import { startSmtpSink, type SmtpSink } from '../../support/sinks/smtp-sink';
import { attempt } from '../courier/ledger-moves';
import { createStand, type Stand } from '../framework/setup';

const ADDRESS = 'gone@x.example';
const channelId = randomUUID();
const returnPaths = createTokenSigner(Buffer.alloc(32, 2));
let stand: Stand;
let sink: SmtpSink;
let providers: ReturnType<typeof createProviders>;

beforeAll(async () => {
  const holder: { db?: Database } = {};
  const db: Database = {
    query: (text, values) => (holder.db as Database).query(text, values),
    transaction: (work) => (holder.db as Database).transaction(work),
    close: async () => undefined,
  };
  sink = await startSmtpSink();
  providers = createProviders({
    egress: createEgress({ allow: parseEgressAllow('127.0.0.0/8') }),
    sandboxLog: { record: async () => ({ firstTime: true }), countCall: async () => 1 },
    returnPaths,
  });
  const service = createService({ notifier: { look: () => undefined, liveStatus: async () => undefined } });
  stand = await createStand([createBirdDialect({ service })], {
    callbacks: createCallbackRouter({
      ...{ db, providers, readers: createCallbackReaders({ returnPaths }) },
      ...{
        secretBox: createSecretBox([{ id: 'test', key: Buffer.alloc(32, 1) }]),
        publicUrl: 'https://v.example',
      },
      log: createLog('silent', 'test'),
    }),
  });
  holder.db = stand.database.db;
  await insertChannel(stand.database.db, {
    ...{ id: channelId, workspaceId: stand.workspaceId, kind: 'email', provider: 'smtp', name: 'mail' },
    settings: settings(),
  });
});
afterAll(async () => {
  await stand.close();
  await providers.close();
  await sink.close();
});

const settings = () => ({
  ...{ host: '127.0.0.1', port: sink.port, identities: ['news@x.example'] },
  returnPathDomain: 'bounces.x.example',
});

/** What the server of the recipient sends back to the envelope's sender. */
const report = (to: string) =>
  [
    ...[
      `To: ${to}`,
      'MIME-Version: 1.0',
      'Content-Type: multipart/report; report-type=delivery-status; boundary=b',
    ],
    ...[
      '',
      '--b',
      'Content-Type: text/plain',
      '',
      'I am sorry.',
      '--b',
      'Content-Type: message/delivery-status',
      '',
    ],
    ...['Reporting-MTA: dns; mx.x.example', '', `Final-Recipient: rfc822; ${ADDRESS}`, 'Action: failed'],
    ...['Status: 5.1.1', '--b--', ''],
  ].join('\r\n');

test('a bounce that is sent to the envelope sender ends its message undelivered and suppresses the address', async () => {
  const path = `/workspaces/${stand.workspaceId}/channels/${channelId}/messages`;
  const accepted = await stand.call('POST', path, {
    body: {
      receiver: { contacts: [{ identifierValue: ADDRESS }] },
      body: { type: 'text', text: { text: 'hello' } },
    },
  });
  const messageId: string = accepted.json.id;
  const { deliveryId } = await attempt(stand.database.db, messageId);
  await stand.database.db.query('update deliveries set channel_id = $1', [channelId]);
  const smtp = providers.get('smtp');
  const channel = {
    ...{ id: channelId, kind: 'email' as const, credentials: {} },
    settings: smtp?.settings.parse(settings()),
  };
  const outcome = await smtp?.send(
    requestFor({ channel, to: ADDRESS }, { deliveryId, workspaceId: stand.workspaceId }),
    new AbortController().signal,
  );
  expect(outcome?.type).toBe('accepted');
  const [mail] = sink.mails;
  expect(mail?.from).toMatch(/^bounce\+[0-9a-f]{56}@bounces\.x\.example$/);
  expect(mail?.parsed.from?.text).toContain('news@x.example');

  const callback = `/callbacks/${channelId}/smtp`;
  const headers = { 'content-type': 'message/rfc822' };
  const foreign = report(mail?.from.replace(/\+./, '+f') ?? '');
  expect((await stand.call('POST', callback, { raw: foreign, headers, key: null })).status).toBe(401);
  const raw = report(mail?.from ?? '');
  expect(await stand.call('POST', callback, { raw, headers, key: null })).toMatchObject({
    status: 200,
    json: { stored: 1 },
  });
  const [row] = await stand.database.db.query(
    'select state, reason from message_states where message_id = $1',
    [messageId],
  );
  expect(row).toEqual({ state: 'undelivered', reason: 'bounced' });
  expect(await stand.database.db.query('select kind, address, reason from suppressions')).toEqual([
    { kind: 'email', address: ADDRESS, reason: 'hard_bounce' },
  ]);
});
