import { v7 as uuidv7 } from 'uuid';
import { insertChannel, sealCredentials } from '../../src/ledger/channels';
import { type MessageSpec, type Recipient } from '../../src/domain/message-spec';
import { TEST_LINKS } from '../support/engine';
import { startSendgridSink, type SendgridSink } from '../support/sinks/sendgrid-sink';
import { startSmtpSink, type SmtpSink } from '../support/sinks/smtp-sink';
import { startStage, WORKSPACE, type Stage } from './stage';

const FROM = 'news@x.example';
const API_KEY = 'SG.test-key';
const ONE_CLICK = 'List-Unsubscribe=One-Click';

let stage: Stage;
let smtp: SmtpSink;
let sendgrid: SendgridSink;
let channels: Record<'smtp' | 'sendgrid', string>;

beforeAll(async () => {
  [stage, smtp, sendgrid] = await Promise.all([
    startStage(),
    startSmtpSink(),
    startSendgridSink({ apiKey: API_KEY }),
  ]);
  channels = {
    smtp: await addChannel('smtp', { host: '127.0.0.1', port: smtp.port, identities: [FROM] }, {}),
    sendgrid: await addChannel(
      'sendgrid',
      { baseUrl: sendgrid.url, identities: [FROM] },
      { apiKey: API_KEY },
    ),
  };
}, 60_000);
afterAll(async () => {
  await stage?.close();
  await smtp?.close();
  await sendgrid?.close();
});
beforeEach(() => {
  smtp.reset();
  sendgrid.reset();
});

async function addChannel(provider: string, settings: object, credentials: object): Promise<string> {
  const id = uuidv7();
  const sealedCredentials = sealCredentials(
    stage.engine.secretBox,
    { workspaceId: WORKSPACE, channelId: id },
    credentials,
  );
  await insertChannel(stage.db, {
    ...{ id, workspaceId: WORKSPACE, kind: 'email', provider, name: provider },
    ...{ settings, sealedCredentials },
  });
  return id;
}

interface Wanted extends Partial<MessageSpec> {
  readonly to?: Partial<Recipient>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The headers about lists of the one mail that comes out of the provider's own protocol, by lower-case name. */
async function listHeaders(
  provider: keyof typeof channels,
  { to, headers = {}, ...more }: Wanted = {},
): Promise<Record<string, string>> {
  const recipient = { id: 'ada', idGenerated: false, addresses: { email: 'ada@x.example' }, ...to };
  const sink = provider === 'smtp' ? smtp : sendgrid;
  const before = sink.mails.length;
  const content = { title: 'News', text: 'Hello', interpolate: false, headers };
  const { batchId, messageIds } = await stage.batch([{ id: 'ada', recipient, content, ...more }], {
    channelId: channels[provider],
  });
  await stage.finish('batch', batchId);
  expect(await stage.message(messageIds[0] ?? '')).toMatchObject({ state: 'sent' });
  expect(sink.mails).toHaveLength(before + 1);
  const got = provider === 'smtp' ? smtpHeaders() : Object.entries(sendgrid.mails.at(-1)?.mail.headers ?? {});
  return Object.fromEntries(
    got.map(([name, value]) => [name.toLowerCase(), value]).filter(([name = '']) => name.startsWith('list-')),
  );
}

/** As they stand in the mail, long lines put together again. */
function smtpHeaders(): [string, string][] {
  const [head = ''] = (smtp.mails.at(-1)?.raw ?? '').split('\r\n\r\n');
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  return lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
}

describe.each(['smtp', 'sendgrid'] as const)('over %s', (provider) => {
  test('a mail that its recipient can do without carries its own one-click address', async () => {
    const [first, second] = [await listHeaders(provider), await listHeaders(provider)];
    for (const headers of [first, second]) {
      expect(Object.keys(headers).sort()).toEqual(['list-unsubscribe', 'list-unsubscribe-post']);
      expect(headers['list-unsubscribe-post']).toBe(ONE_CLICK);
      expect(headers['list-unsubscribe']).toMatch(
        new RegExp(`^<${TEST_LINKS.base.replaceAll('.', '\\.')}/u/[\\w-]+>$`),
      );
    }
    expect(first['list-unsubscribe']).not.toBe(second['list-unsubscribe']);
  });

  test('a transactional one carries none', async () => {
    expect(await listHeaders(provider, { gates: { transactional: true } })).toEqual({});
  });

  test('one with copies carries none: whoever got it could unsubscribe the first', async () => {
    expect(await listHeaders(provider, { to: { cc: ['copy@x.example'] } })).toEqual({});
  });

  test("the caller's own header stands alone", async () => {
    const own = { 'List-Unsubscribe': '<https://x.example/leave>' };
    expect(await listHeaders(provider, { headers: own })).toEqual({
      'list-unsubscribe': '<https://x.example/leave>',
    });
  });
});
