import { createHmac, randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { type CallbackResult } from '../../../src/providers/callbacks/contract';
import { webhookCallbacks } from '../../../src/providers/callbacks/webhook';

const KEY = Buffer.alloc(32, 7);
const SECRET = `whsec_${KEY.toString('base64')}`;
const NOW_MS = 1_700_000_100_000;
const MESSAGE = randomUUID();
const DELIVERY = randomUUID();
const EVENT = { id: 'e-1', deliveryId: DELIVERY, type: 'delivered', at: '2023-11-14T22:13:20Z' };

/** Signed by the standard's own library. */
function signed(body: unknown, atMs = NOW_MS, secret = SECRET) {
  const rawBody = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return {
    rawBody,
    headers: {
      'webhook-id': 'call-1',
      'webhook-timestamp': String(Math.floor(atMs / 1000)),
      'webhook-signature': new Webhook(secret).sign('call-1', new Date(atMs), rawBody.toString()),
    } as Record<string, string>,
  };
}

const read = (
  { headers, rawBody }: { headers: Record<string, string>; rawBody: Buffer },
  nowMs = NOW_MS,
): CallbackResult =>
  webhookCallbacks.read(
    { headers, rawBody, url: 'https://volley.example/x', query: {}, nowMs },
    { workspaceId: 'w', settings: {}, credentials: { secret: SECRET } },
  );

describe('webhook callbacks', () => {
  test('events signed by the standard library are read', () => {
    const bounce = {
      id: 'e-2',
      messageId: MESSAGE,
      type: 'bounced',
      at: '2023-11-14T23:13:20+01:00',
      detail: 'ada@example.com is gone, see https://example.com/ada or +49 151 1234567',
      code: '5.1.1',
      hard: true,
    };
    expect(read(signed({ events: [EVENT, bounce] }))).toEqual({
      ok: true,
      events: [
        { deliveryId: DELIVERY, type: 'delivered', atMs: 1_700_000_000_000, dedupe: 'e-1' },
        {
          messageId: MESSAGE,
          type: 'bounced',
          atMs: 1_700_000_000_000,
          dedupe: 'e-2',
          detail: '[address] is gone, see [url] or [number]',
          code: '5.1.1',
          hard: true,
        },
      ],
    });
  });

  test('one of several signatures is enough, whatever the others are', () => {
    const call = signed({ events: [EVENT] });
    const right = call.headers['webhook-signature'] ?? '';
    const other = signed({ events: [EVENT] }, NOW_MS, `whsec_${Buffer.alloc(32, 8).toString('base64')}`);
    const signatures = `v1a,abc ${other.headers['webhook-signature']} ${right}`;
    expect(read({ ...call, headers: { ...call.headers, 'webhook-signature': signatures } }).ok).toBe(true);
    expect(read(other)).toMatchObject({ ok: false, status: 401 });
  });

  test('a signature is of the bytes: two bodies that decode alike are two', () => {
    const body = Buffer.concat([Buffer.from('{"events":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const twin = Buffer.from(body.map((byte) => (byte === 0xff ? 0xfe : byte)));
    const seconds = String(NOW_MS / 1000);
    const mac = createHmac('sha256', KEY).update(`call-1.${seconds}.`).update(body).digest('base64');
    const headers = {
      'webhook-id': 'call-1',
      'webhook-timestamp': seconds,
      'webhook-signature': `v1,${mac}`,
    };
    expect(read({ headers, rawBody: body })).toMatchObject({ status: 400 });
    expect(read({ headers, rawBody: twin })).toMatchObject({ status: 401 });
  });

  test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('without %s it is refused', (name) => {
    const call = signed({ events: [EVENT] });
    delete call.headers[name];
    expect(read(call)).toMatchObject({ ok: false, status: 401 });
  });

  test('five minutes of age are allowed, to either side, and not a second more', () => {
    const at = (offsetMs: number) => read(signed({ events: [EVENT] }, NOW_MS + offsetMs)).ok;
    expect([at(-300_000), at(300_000), at(-301_000), at(301_000)]).toEqual([true, true, false, false]);
  });

  test('a replay gives the same events with the same dedupe ids', () => {
    const call = signed({ events: [EVENT] });
    expect(read(call, NOW_MS + 1_000)).toEqual(read(call));
  });

  test.each<[unknown, string]>([
    ['{', 'body'],
    [{ events: [] }, 'events'],
    [{ events: Array.from({ length: 5_001 }, () => EVENT) }, 'events'],
    [{ events: [EVENT], more: 1 }, 'body'],
    [{ events: [{ ...EVENT, deliveryId: undefined }] }, 'events.0'],
    [{ events: [{ ...EVENT, deliveryId: 'x' }] }, 'events.0.deliveryId'],
    [{ events: [EVENT, { ...EVENT, type: 'exploded' }] }, 'events.1.type'],
    [{ events: [{ ...EVENT, at: 'yesterday' }] }, 'events.0.at'],
    [{ events: [{ ...EVENT, id: 'a b' }] }, 'events.0.id'],
  ])('a signed body with a fault is a bad request that names the place: %j', (body, place) => {
    const result = read(signed(body));
    expect(result).toMatchObject({ ok: false, status: 400 });
    expect('reason' in result && result.reason).toMatch(new RegExp(`^${place}: `));
  });

  test('whatever is changed in body, id, timestamp or signature, it is refused', () => {
    const call = signed({ events: [EVENT] });
    const places = fc.constantFrom('body', 'webhook-id', 'webhook-timestamp', 'webhook-signature');
    fc.assert(
      fc.property(places, fc.nat(), fc.nat(255), (what, at, by) => {
        const rawBody = Buffer.from(call.rawBody);
        const headers = { ...call.headers };
        if (what === 'body') {
          const index = at % rawBody.length;
          rawBody[index] = by;
        } else {
          const text = Buffer.from(headers[what] ?? '', 'latin1');
          text[at % text.length] = by;
          headers[what] = text.toString('latin1');
        }
        const same = rawBody.equals(call.rawBody) && JSON.stringify(headers) === JSON.stringify(call.headers);
        expect(read({ headers, rawBody }).ok).toBe(same);
      }),
      { numRuns: 1_000 },
    );
  });
});
