import { toBirdMessage } from '../../../api/bird/message-shape';
import fullRequest from '../../support/seeds/bird-full-request.json';
import { CHANNEL, messageView } from './fake-service';

const spec = (faults?: { reason: 'invalid_input'; description: string }[]) => ({
  ...messageView().spec,
  ...(faults ? { faults } : {}),
});

it('gives every field of the request back as it was sent, beside what became of it', () => {
  const [element] = fullRequest.messageRequests;
  const shown = toBirdMessage(messageView({ echo: element }));
  expect(shown).toMatchObject({ ...element });
  expect(shown).toMatchObject({ channelId: CHANNEL, direction: 'outgoing', status: 'accepted', reason: '' });
  expect(shown).not.toHaveProperty('failure');
  expect(shown).not.toHaveProperty('request');
});

it.each([42, null, 'x', [1]])('gives %j back under request, for it has no fields', (echo) => {
  expect(toBirdMessage(messageView({ echo }))).toMatchObject({ request: echo, status: 'accepted' });
});

it('gives the request back whole where a field of it has a name of ours', () => {
  const echo = { id: 'theirs', status: 'theirs', reference: 'x' };
  const shown = toBirdMessage(messageView({ echo }));
  expect(shown).toMatchObject({
    id: messageView().messageId,
    status: 'accepted',
    reference: 'x',
    request: echo,
  });
});

it('a failure names every fault, and the code is that of the first', () => {
  const faults = [
    { reason: 'invalid_input' as const, description: 'a: must be b' },
    { reason: 'invalid_input' as const, description: 'c: must be d' },
  ];
  const view = messageView({ state: 'rejected', reason: 'invalid_input', spec: spec(faults) });
  const failure = {
    code: 11002,
    description: 'a: must be b; c: must be d',
    source: { code: 11002, name: 'pre-processing' },
  };
  expect(toBirdMessage(view)).toMatchObject({ status: 'rejected', reason: 'invalid_input', failure });
  expect(toBirdMessage({ ...view, detail: failure.description })).toMatchObject({ failure });
  expect(toBirdMessage({ ...view, detail: 'a: must be b' })).toMatchObject({ failure });
  expect(toBirdMessage({ ...view, detail: 'no such template' })).toMatchObject({
    failure: { description: `${failure.description}; no such template` },
  });
});

it('a failure after sending names the way that was used', () => {
  const deliveries = [
    {
      ...{ id: 'd', channelId: CHANNEL, kind: 'email', provider: 'smtp', vendorId: 'v', namedAt: new Date() },
      ...{ leftAt: null, detail: null, createdAt: new Date() },
    },
  ];
  const failed = messageView({ state: 'failed', reason: 'provider_refused', detail: '550 no', deliveries });
  expect(toBirdMessage(failed)).toMatchObject({
    status: 'sending_failed',
    failure: { code: 15901, description: '550 no', source: { name: 'email-smtp' } },
    parts: [{ platformReference: 'v' }],
  });
});

it('a message that waits says why', () => {
  const waiting = messageView({ state: 'waiting', waitReason: 'scheduled_for' });
  expect(toBirdMessage(waiting)).toMatchObject({ status: 'scheduled', reason: 'scheduled_for' });
});

it('a message of another door is shown by its receiver, not in words that are not ours', () => {
  const { channelId: _, ...routed } = { ...messageView().spec, reference: 'r' };
  const view = messageView({ spec: routed, channelId: null, echo: { profile: { email: 'x' } } });
  const shown = toBirdMessage(view);
  expect(shown).toMatchObject({
    channelId: null,
    reference: 'r',
    receiver: { contacts: [{ id: 'jane', identifierValue: 'jane' }] },
  });
  expect(shown).not.toHaveProperty('profile');
});

test.each([
  [
    { state: 'undelivered', reason: 'bounced', detail: 'unknown_address: no such user' },
    15005,
    'unknown_subscriber',
  ],
  [{ state: 'uncertain', reason: 'in_doubt' }, 15001, 'received_network_error'],
  [{ state: 'undelivered', reason: 'bounced', detail: 'mailbox full' }, 15904, ''],
] as const)('details names the failures that Bird has a name for: %j', (changes, code, details) => {
  expect(toBirdMessage(messageView(changes))).toMatchObject({ details, failure: { code } });
});

test('details is empty where nothing went wrong', () => {
  expect(toBirdMessage(messageView())).toMatchObject({ details: '' });
});

test.each([undefined, null, {}, { connector: null }, { note: 'mine' }])(
  'the channel is the connector of a message whose sender is %j',
  (sender) => {
    const shown = toBirdMessage(messageView({ echo: { receiver: {}, sender } }));
    expect(shown['sender']).toEqual({ ...sender, connector: { id: CHANNEL } });
    expect(shown).not.toHaveProperty('request');
  },
);

test.each([{ connector: { identifierValue: 'a@b.example' } }, { connector: {} }, 'x'])(
  'a sender that names its connector, or is none, is given back as sent: %j',
  (sender) => expect(toBirdMessage(messageView({ echo: { sender } }))['sender']).toEqual(sender),
);

test('a message that has no channel yet has no sender', () => {
  const { channelId: _, ...routed } = messageView().spec;
  expect(toBirdMessage(messageView({ spec: routed, channelId: null }))).not.toHaveProperty('sender');
});

test('tags come back in lower case, as they are kept, and what is no text among them as sent', () => {
  const shown = (tags: unknown) => toBirdMessage(messageView({ echo: { tags } }))['tags'];
  expect(shown(['Promo', 'VIP now'])).toEqual(['promo', 'vip now']);
  expect(shown(['Promo', 1, null])).toEqual(['promo', 1, null]);
  expect(shown('Promo')).toBe('Promo');
  expect(toBirdMessage(messageView())).not.toHaveProperty('tags');
});
