import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { type CallbackResult, type ProviderEvent } from '../../../src/providers/callbacks/contract';
import { sendgridCallbacks } from '../../../src/providers/callbacks/sendgrid';
import { buildSendgridMail } from '../../../src/providers/sendgrid-mail';
import { requestFor } from '../../support/provider-conformance';
import { type SendgridSink, type SignedCallback, startSendgridSink } from '../../support/sinks/sendgrid-sink';

const NOW_MS = 1_700_000_100_000;
const TO = 'ada@example.com';
const SETTINGS = { identities: ['news@example.com'] };
const REQUEST = requestFor({
  channel: { id: 'c', kind: 'email', settings: SETTINGS, credentials: {} },
  to: TO,
});

describe('sendgrid events', () => {
  let sink: SendgridSink;
  beforeAll(async () => {
    sink = await startSendgridSink({ apiKey: 'SG.key' });
    const built = buildSendgridMail(REQUEST, SETTINGS);
    if (!built.ok) throw new Error('no mail');
    await fetch(`${sink.url}/v3/mail/send`, {
      method: 'POST',
      headers: { authorization: 'Bearer SG.key', 'content-type': 'application/json' },
      body: JSON.stringify(built.mail),
    });
  });
  afterAll(() => sink.close());

  const channel = (more: object = {}) => ({
    workspaceId: REQUEST.workspaceId,
    settings: { ...SETTINGS, eventPublicKey: sink.eventPublicKey, ...more },
    credentials: { apiKey: 'SG.key' },
  });
  const read = ({ headers, rawBody }: SignedCallback, to = channel(), nowMs = NOW_MS): CallbackResult =>
    sendgridCallbacks.read({ headers, rawBody, url: 'https://volley.example/x', query: {}, nowMs }, to);
  const eventsOf = (batch: unknown): readonly ProviderEvent[] => {
    const result = read(sink.sign(batch, NOW_MS));
    if (!result.ok) throw new Error(result.reason);
    return result.events;
  };

  test('an event names the vendor’s id, ours, its time and whom it is about', () => {
    expect(eventsOf([sink.event(0, 'delivered', { sg_event_id: 'e-1', response: '250 OK' })])).toEqual([
      {
        vendorId: sink.mails[0]?.id,
        messageId: REQUEST.messageId,
        deliveryId: REQUEST.deliveryId,
        type: 'delivered',
        atMs: 1_700_000_000_000,
        dedupe: 'e-1',
        recipient: TO,
      },
    ]);
  });

  test.each<[string, object, object]>([
    ['processed', {}, { type: 'sent' }],
    [
      'deferred',
      { response: '400 try again later', attempt: '5' },
      { type: 'deferred', detail: '400 try again later' },
    ],
    [
      'bounce',
      { type: 'bounce', status: '5.1.1', reason: `550 <${TO}>: unknown` },
      { type: 'bounced', hard: true, code: '5.1.1', detail: '550 <[address]>: unknown' },
    ],
    ['bounce', { type: 'blocked', status: '5.7.1' }, { type: 'bounced', hard: false, code: '5.7.1' }],
    ['bounce', { type: 'expired' }, { type: 'carrier_expired' }],
    ['dropped', { reason: 'Bounced Address' }, { type: 'bounced', hard: true, code: 'dropped' }],
    ['dropped', { reason: 'Invalid' }, { type: 'bounced', hard: true }],
    [
      'dropped',
      { reason: 'Unsubscribed Address' },
      { type: 'carrier_refused', detail: 'Unsubscribed Address' },
    ],
    ['dropped', { reason: 'Spam Content' }, { type: 'carrier_refused' }],
    ['spamreport', {}, { type: 'complained' }],
    ['open', { useragent: 'x', ip: '192.0.2.1' }, { type: 'opened' }],
    [
      'open',
      { sg_machine_open: true },
      { type: 'opened', detail: 'Opened by the mail program, not by a person.' },
    ],
    ['click', { url: 'https://example.com/?who=ada' }, { type: 'clicked' }],
    ['unsubscribe', {}, { type: 'unsubscribed' }],
    ['group_unsubscribe', { asm_group_id: 1 }, { type: 'unsubscribed' }],
  ])('%s %j is %j', (name, more, expected) => {
    const [event] = eventsOf([sink.event(0, name, more)]);
    expect(event).toMatchObject(expected);
    if (!('detail' in expected)) expect(event?.detail ?? '').not.toMatch(/ada|https/);
  });

  test('what is new, of another workspace, or not about a mail gives no event and spoils no other', () => {
    const events = eventsOf([
      sink.event(0, 'group_resubscribe'),
      sink.event(0, 'account_status_change'),
      sink.event(0, 'delivered', { volley_workspace: randomUUID() }),
      { event: 'delivered', email: TO },
      null,
      7,
      'delivered',
      [],
      sink.event(0, 'delivered'),
    ]);
    expect(events).toHaveLength(1);
  });

  test('an event without our ids is found by the vendor’s id, old form and new', () => {
    const [old, fresh] = eventsOf([
      {
        event: 'delivered',
        sg_message_id: '14c5d75ce93.dfd.64b469.filter0001.16648.5515E0B88.0',
        sg_event_id: 'a',
      },
      {
        event: 'delivered',
        sg_message_id: 'euo2iKxdSayPF4YE4--I7A.recvd-5f54b5d587-pczjm-1-67BADEEA-6.0',
        sg_event_id: 'b',
      },
    ]);
    expect(old).toMatchObject({ vendorId: '14c5d75ce93.dfd.64b469' });
    expect(fresh).toMatchObject({ vendorId: 'euo2iKxdSayPF4YE4--I7A' });
  });

  test('ids that are not of our form are not passed on', () => {
    const [event] = eventsOf([sink.event(0, 'open', { volley_message: "1' or 1=1", volley_delivery: 7 })]);
    expect(event).not.toHaveProperty('messageId');
    expect(event).not.toHaveProperty('deliveryId');
  });

  test('a repeated event has the same dedupe id, also without sg_event_id, and another has another', () => {
    const one = sink.event(0, 'open', { sg_event_id: undefined });
    const later = { ...one, timestamp: 1_700_000_001 };
    const [first, again, other] = eventsOf([one, one, later]).map(({ dedupe }) => dedupe);
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  test.each([0, -1, 1.7e12, Number.MAX_SAFE_INTEGER, 'soon', null])(
    'a time of %p is replaced by now',
    (timestamp) => {
      expect(eventsOf([sink.event(0, 'open', { timestamp })])[0]?.atMs).toBe(NOW_MS);
    },
  );

  test('a batch of 3,000 events is read whole', () => {
    const batch = Array.from({ length: 3_000 }, () => sink.event(0, 'delivered'));
    expect(eventsOf(batch)).toHaveLength(3_000);
  });

  test.each([{}, 'x', 7, null])('a signed body that is no batch is a bad request: %j', (body) => {
    expect(read(sink.sign(body, NOW_MS))).toMatchObject({ ok: false, status: 400 });
  });

  test('a batch beyond the limit is a bad request', () => {
    expect(
      read(
        sink.sign(
          Array.from({ length: 10_001 }, () => 1),
          NOW_MS,
        ),
      ),
    ).toMatchObject({ status: 400 });
  });

  test('without a verification key, a signature or a timestamp nothing is believed', () => {
    const signed = sink.sign([sink.event(0, 'delivered')], NOW_MS);
    expect(read(signed, channel({ eventPublicKey: undefined }))).toMatchObject({ ok: false, status: 401 });
    for (const missing of ['signature', 'timestamp']) {
      const headers = { ...signed.headers };
      delete headers[`x-twilio-email-event-webhook-${missing}`];
      expect(read({ ...signed, headers })).toMatchObject({ ok: false, status: 401 });
    }
  });

  test('five minutes of age are allowed, to either side, and not a second more', () => {
    const at = (offsetMs: number) => read(sink.sign([], NOW_MS + offsetMs)).ok;
    expect([at(-300_000), at(300_000), at(-301_000), at(301_000)]).toEqual([true, true, false, false]);
  });

  test('the key of another account is refused', async () => {
    const other = await startSendgridSink({ apiKey: 'SG.other' });
    try {
      expect(read(other.sign([], NOW_MS))).toMatchObject({ ok: false, status: 401 });
    } finally {
      await other.close();
    }
  });

  test('whatever is changed in body, timestamp or signature, it is refused', () => {
    const signed = sink.sign([sink.event(0, 'delivered')], NOW_MS);
    const header = (name: string) => `x-twilio-email-event-webhook-${name}`;
    fc.assert(
      fc.property(
        fc.constantFrom('body', 'timestamp', 'signature'),
        fc.nat(),
        fc.nat(255),
        (what, at, by) => {
          const rawBody = Buffer.from(signed.rawBody);
          const headers = { ...signed.headers };
          if (what === 'body') {
            const index = at % rawBody.length;
            rawBody[index] = by;
          } else {
            const text = Buffer.from(headers[header(what)] ?? '', 'latin1');
            text[at % text.length] = by;
            headers[header(what)] = text.toString('latin1');
          }
          const same =
            rawBody.equals(signed.rawBody) && JSON.stringify(headers) === JSON.stringify(signed.headers);
          expect(read({ headers, rawBody }).ok).toBe(same);
        },
      ),
      { numRuns: 1_000 },
    );
  });

  test('bytes between timestamp and body cannot change sides', () => {
    const signed = sink.sign([], NOW_MS);
    const timestamp = signed.headers['x-twilio-email-event-webhook-timestamp'] ?? '';
    const headers = { ...signed.headers, 'x-twilio-email-event-webhook-timestamp': `${timestamp}[` };
    expect(read({ headers, rawBody: signed.rawBody.subarray(1) })).toMatchObject({ ok: false, status: 401 });
  });
});
