import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { newSecret, signatureHeaders, type SignedCall } from '../../../src/webhooks/signatures';
import { webhookIdOf } from '../../../src/webhooks/standard-body';

const atMs = 1_790_000_000_123;
const body = JSON.stringify({ type: 'message.sent', data: { text: 'Grüße, 世界' } });
const call = (over: Partial<SignedCall> = {}): SignedCall => ({
  ...{ id: 'evt_1', url: 'https://example.com/in?x=1', body, atMs, secrets: ['s3cret'] },
  ...over,
});

/** As a receiver of Courier's would check it, from the published rule alone. */
function courierAccepts(header: string, rawBody: string, secret: string): boolean {
  const parts = new Map(header.split(',').map((part) => part.split('=') as [string, string]));
  const expected = createHmac('sha256', secret).update(parts.get('t') + '.' + rawBody);
  return timingSafeEqual(Buffer.from(parts.get('signature') ?? '', 'hex'), expected.digest());
}

/** As a receiver of Bird's would: each part by itself, joined by hand. */
function birdAccepts(headers: Record<string, string>, url: string, rawBody: string, key: string): boolean {
  const mac = createHmac('sha256', key);
  mac.update(headers['messagebird-request-timestamp'] ?? '').update('\n');
  mac
    .update(url)
    .update('\n')
    .update(createHash('sha256').update(Buffer.from(rawBody)).digest());
  return mac.digest('base64') === headers['messagebird-signature'];
}

test("the specification's own vector comes out as published", () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
  const headers = signatureHeaders.standard({
    ...{ id: 'msg_p5jXN8AQM9LWM0D4loKWxJek', url: 'https://example.com', body: '{"test": 2432232314}' },
    ...{ atMs: 1_614_265_330_000, secrets: [secret] },
  });
  expect(headers).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

test('our own form is verified by the library with each of two secrets, and not with a third', () => {
  const [one, two, three] = [newSecret('standard'), newSecret('standard'), newSecret('standard')];
  const headers = signatureHeaders.standard(call({ secrets: [one, two], atMs: Date.now() }));
  for (const secret of [one, two])
    expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
  expect(() => new Webhook(three).verify(body, headers)).toThrow();
  expect(() => new Webhook(one).verify(`${body} `, headers)).toThrow();
});

test("Courier's form: hex over time and body, in ms, by the current secret", () => {
  const header = signatureHeaders.courier(call({ secrets: ['new', 'old'] }))['courier-signature'] ?? '';
  expect(header).toMatch(/^t=1790000000123,signature=[0-9a-f]{64}$/);
  expect(courierAccepts(header, body, 'new')).toBe(true);
  expect(courierAccepts(header, body, 'old')).toBe(false);
  expect(courierAccepts(header, body.replace('sent', 'bent'), 'new')).toBe(false);
});

test("Bird's form: base64 over the time in s, the full URL and the raw hash of the body", () => {
  const headers = signatureHeaders.bird(call());
  expect(headers['messagebird-request-timestamp']).toBe('1790000000');
  expect(birdAccepts(headers, 'https://example.com/in?x=1', body, 's3cret')).toBe(true);
  expect(birdAccepts(headers, 'https://example.com/in?x=2', body, 's3cret')).toBe(false);
  expect(birdAccepts(headers, 'https://example.com/in?x=1', `${body} `, 's3cret')).toBe(false);
});

test('an id has no dot, is the same each time, and tells not how many events there are', () => {
  const at = new Date('2026-01-31T09:30:00Z');
  const event = { id: 17, at, type: 'sent', messageId: 'm', jobId: 'j' };
  expect(webhookIdOf(event)).toBe(webhookIdOf({ ...event }));
  expect(webhookIdOf(event)).toMatch(/^evt_[0-9a-f-]{36}$/);
  expect(webhookIdOf({ ...event, id: 18 })).not.toBe(webhookIdOf(event));
});

test('an id is of one event: one with the same number, after a ledger was restored, has another', () => {
  const at = new Date('2026-01-31T09:30:00Z');
  const event = { id: 17, at, type: 'sent', messageId: 'm', jobId: 'j' };
  const others = [
    { ...event, at: new Date('2026-01-31T09:30:01Z') },
    { ...event, type: 'delivered' },
    { ...event, messageId: 'n' },
    { ...event, messageId: null },
  ];
  expect(new Set([event, ...others].map(webhookIdOf)).size).toBe(5);
});

test("Bird's form signs the URL as it is called: with its path, encoded, and without a fragment", () => {
  const accepted = (url: string, called: string) =>
    birdAccepts(signatureHeaders.bird({ ...call(), url }), called, body, 's3cret');
  expect(accepted('https://hooks.example.com', 'https://hooks.example.com/')).toBe(true);
  expect(accepted('https://example.com/a b?c=ü#d', 'https://example.com/a%20b?c=%C3%BC')).toBe(true);
});
