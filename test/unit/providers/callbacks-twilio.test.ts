import fc from 'fast-check';
import { type CallbackResult, type ProviderEvent } from '../../../src/providers/callbacks/contract';
import { twilioCallbacks } from '../../../src/providers/callbacks/twilio';
import { twilioSignature } from '../../../src/providers/callbacks/twilio-signature';
import { buildTwilioForm } from '../../../src/providers/twilio-form';
import { requestFor } from '../../support/provider-conformance';
import { startTwilioSink, type TwilioSink } from '../../support/sinks/twilio-sink';

const SID = `AC${'0a'.repeat(16)}`;
const LOGIN = { accountSid: SID, authToken: 'hush-hush' };
const CHANNEL = { workspaceId: 'w', settings: { accountSid: SID }, credentials: { authToken: 'hush-hush' } };
const NOW_MS = 1_700_000_000_000;
const REQUEST = requestFor({
  channel: { id: 'c', kind: 'sms', settings: {}, credentials: {} },
  to: '+4915112345678',
});

type Callback = ReturnType<TwilioSink['callback']>;

describe('twilio callbacks', () => {
  let sink: TwilioSink;
  beforeAll(async () => {
    sink = await startTwilioSink(LOGIN);
    const built = buildTwilioForm(REQUEST, {
      from: '+15005550006',
      sender: 'sms',
      callbackUrl: 'https://volley.example/callbacks/channel-1?token=t0k3n',
    });
    if (!built.ok) throw new Error('no form');
    await fetch(`${sink.url}/2010-04-01/Accounts/${SID}/Messages.json`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${SID}:hush-hush`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: built.form.toString(),
    });
  });
  afterAll(() => sink.close());

  const read = ({ headers, rawBody, url }: Callback, channel = CHANNEL): CallbackResult =>
    twilioCallbacks.read({ headers, rawBody, url, query: {}, nowMs: NOW_MS }, channel);
  const eventsOf = (callback: Callback): readonly ProviderEvent[] => {
    const result = read(callback);
    if (!result.ok) throw new Error(result.reason);
    return result.events;
  };
  const sid = () => sink.messages[0]?.sid ?? '';
  const resigned = (callback: Callback, form: URLSearchParams, url = callback.url): Callback => ({
    url,
    rawBody: Buffer.from(form.toString()),
    headers: { ...callback.headers, 'x-twilio-signature': twilioSignature(url, form, 'hush-hush') },
  });

  test('the signature is the one of the vendor’s published example', () => {
    const form = new URLSearchParams({
      To: '+18005551212',
      Digits: '1234',
      CallSid: 'CA1234567890ABCDE',
      From: '+14158675309',
      Caller: '+14158675309',
    });
    expect(twilioSignature('https://mycompany.com/myapp.php?foo=1&bar=2', form, '12345')).toBe(
      'RSOYDt4T1cUTdK1PDd93/VVr8B8=',
    );
  });

  test('a form that no callback has the size of is refused before it is signed', () => {
    const form = new URLSearchParams(
      Array.from({ length: 20_000 }, (_, n): [string, string] => [`name${n}`, 'value']),
    );
    expect(read(resigned(sink.callback(0, 'sent'), form))).toMatchObject({ ok: false, status: 400 });
  });

  test.each([
    ['accepted', 'sent'],
    ['queued', 'sent'],
    ['sending', 'sent'],
    ['sent', 'sent'],
    ['delivered', 'delivered'],
    ['read', 'opened'],
  ])('%s is %s of the message that our ids name', (status, type) => {
    expect(eventsOf(sink.callback(0, status))).toEqual([
      {
        vendorId: sid(),
        messageId: REQUEST.messageId,
        deliveryId: REQUEST.deliveryId,
        type,
        atMs: NOW_MS,
        dedupe: `${sid()}:${type}`,
      },
    ]);
  });

  test.each<[string, string, object]>([
    ['undelivered', '30005', { type: 'bounced', hard: true }],
    ['undelivered', '30006', { type: 'bounced', hard: true }],
    ['failed', '21614', { type: 'bounced', hard: true }],
    ['undelivered', '30003', { type: 'bounced', hard: false }],
    ['failed', '30036', { type: 'carrier_expired' }],
    ['failed', '30001', { type: 'carrier_expired' }],
    ['undelivered', '30007', { type: 'carrier_refused' }],
    ['undelivered', '30008', { type: 'carrier_refused' }],
    ['failed', '12345', { type: 'carrier_refused' }],
  ])('%s with %s is %j', (status, code, expected) => {
    const [event, ...more] = eventsOf(sink.callback(0, status, { ErrorCode: code }));
    expect(event).toMatchObject({ ...expected, code, dedupe: `${sid()}:${status}` });
    expect(more).toEqual([]);
  });

  test('an undelivered message without a code is a refusal without one', () => {
    const [event] = eventsOf(sink.callback(0, 'undelivered', { ErrorCode: '' }));
    expect(event).toMatchObject({ type: 'carrier_refused' });
    expect(event).not.toHaveProperty('code');
  });

  test('21610 also says that the recipient has unsubscribed', () => {
    const events = eventsOf(sink.callback(0, 'failed', { ErrorCode: '21610' }));
    expect(events.map(({ type }) => type)).toEqual(['carrier_refused', 'unsubscribed']);
    expect(new Set(events.map(({ dedupe }) => dedupe)).size).toBe(2);
  });

  test.each(['partially_delivered', 'constructor', 'canceled'])(
    'the status %s says nothing to us',
    (status) => {
      expect(eventsOf(sink.callback(0, status))).toEqual([]);
    },
  );

  test('parameters that are new, repeated or empty are signed like all others', () => {
    const callback = sink.callback(0, 'delivered');
    const form = new URLSearchParams(callback.rawBody.toString());
    form.append('ChannelPrefix', 'b');
    form.append('ChannelPrefix', 'a');
    form.append('Empty', '');
    expect(eventsOf(resigned(callback, form))).toHaveLength(1);
  });

  test('the scheme’s own port may be in the signed URL or not', () => {
    const { url } = sink.callback(0, 'sent');
    const withPort = url.replace('volley.example', 'volley.example:443');
    expect(read({ ...sink.callback(0, 'sent', {}, withPort), url })).toHaveProperty('ok', true);
    expect(read({ ...sink.callback(0, 'sent', {}, url), url: withPort })).toHaveProperty('ok', true);
  });

  test.each<[string, (callback: Callback) => Callback]>([
    ['without a signature', ({ url, rawBody }) => ({ url, rawBody, headers: {} })],
    ['with an empty one', (one) => ({ ...one, headers: { 'x-twilio-signature': '' } })],
    ['for another token', (one) => ({ ...one, url: one.url.replace('t0k3n', 'other') })],
    ['for another delivery', (one) => ({ ...one, url: `${one.url.slice(0, -1)}x` })],
    ['for another host', (one) => ({ ...one, url: one.url.replace('volley.example', 'evil.example') })],
    ['with a NUL', (one) => ({ ...one, rawBody: Buffer.concat([one.rawBody, Buffer.from([0])]) })],
    [
      'with bytes that are no text',
      (one) => ({ ...one, rawBody: Buffer.concat([one.rawBody, Buffer.from([0xff])]) }),
    ],
  ])('a callback %s is refused', (_name, change) => {
    expect(read(change(sink.callback(0, 'delivered')))).toMatchObject({ ok: false, status: 401 });
  });

  test('a callback signed with another account’s token, or about another account, is refused', () => {
    const callback = sink.callback(0, 'delivered');
    expect(read(callback, { ...CHANNEL, credentials: { authToken: 'other' } })).toMatchObject({
      status: 401,
    });
    const foreign = sink.callback(0, 'delivered', { AccountSid: `AC${'ff'.repeat(16)}` });
    expect(read(foreign)).toMatchObject({ ok: false, status: 401 });
  });

  test('a parameter moved into its neighbour, which the signature cannot tell, is refused', () => {
    const callback = sink.callback(0, 'undelivered', { ErrorCode: '30005' });
    const form = new URLSearchParams(callback.rawBody.toString());
    form.set('ApiVersion', '2010-04-01ErrorCode30005');
    form.delete('ErrorCode');
    const folded = { ...callback, rawBody: Buffer.from(form.toString()) };
    expect(twilioSignature(callback.url, form, 'hush-hush')).toBe(callback.headers['x-twilio-signature']);
    expect(read(folded)).toMatchObject({ ok: false, status: 401 });
  });

  test.each<[string, Record<string, string>]>([
    ['no message', { MessageSid: 'CA1' }],
    ['no status', { MessageStatus: '' }],
  ])('a signed callback with %s is a bad request', (_name, more) => {
    expect(read(sink.callback(0, 'delivered', more))).toMatchObject({ ok: false, status: 400 });
  });

  test('whatever is changed in a value, a name, the URL or the signature, it is refused', () => {
    const callback = sink.callback(0, 'undelivered', { ErrorCode: '30005' });
    const form = [...new URLSearchParams(callback.rawBody.toString())];
    const signature = callback.headers['x-twilio-signature'] ?? '';
    const place = fc.record({ at: fc.nat(), by: fc.integer({ min: 0x21, max: 0x7e }) });
    const changed = (text: string, { at, by }: { at: number; by: number }) => {
      const index = at % Math.max(text.length, 1);
      return `${text.slice(0, index)}${String.fromCharCode(by)}${text.slice(index + 1)}`;
    };
    fc.assert(
      fc.property(
        fc.constantFrom('value', 'name', 'url', 'signature'),
        fc.nat(form.length - 1),
        place,
        (what, n, how) => {
          const mutated = form.map(([name, value], index): [string, string] => {
            if (index !== n) return [name, value];
            return what === 'name'
              ? [changed(name, how), value]
              : what === 'value'
                ? [name, changed(value, how)]
                : [name, value];
          });
          const url = what === 'url' ? changed(callback.url, how) : callback.url;
          const given = what === 'signature' ? changed(signature, how) : signature;
          const same =
            url === callback.url && given === signature && JSON.stringify(mutated) === JSON.stringify(form);
          const result = read({
            url,
            rawBody: Buffer.from(new URLSearchParams(mutated).toString()),
            headers: { 'x-twilio-signature': given },
          });
          expect(result.ok).toBe(same);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('no body makes it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.string(), (bytes, url) => {
        const rawBody = Buffer.from(bytes);
        expect(read({ url, rawBody, headers: { 'x-twilio-signature': 'x' } }).ok).toBe(false);
      }),
    );
  });
});
