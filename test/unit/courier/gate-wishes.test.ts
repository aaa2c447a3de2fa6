import { readInboundJob } from '../../../api/courier/inbound-message';
import { readInboundUser } from '../../../api/courier/inbound-user';
import { VolleyError } from '../../../src/domain/errors';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const DAY = 86_400_000;
const JOB = '0190a000-0000-7000-8000-000000000001';

const gates = (fields: object) =>
  readInboundJob({ message: { event: 'e', message: fields } }, NOW).spec.gates;
const refusal = (fields: object): string => {
  try {
    gates(fields);
  } catch (error) {
    if (error instanceof VolleyError) return error.details.map(({ at }) => at).join();
  }
  return 'not refused';
};
const preferences = (user: object) => {
  const reading = readInboundUser(JOB, user);
  return reading.ok ? reading.recipient.spec.gates?.preferences : reading.error;
};

test.each<[object, object | undefined]>([
  [{ delay: { duration: 1 } }, { delay: { durationMs: MINUTE } }],
  [{ delay: { duration: 60_000 } }, { delay: { durationMs: MINUTE } }],
  [{ delay: { duration: 60_001 } }, { delay: { durationMs: 2 * MINUTE } }],
  [{ delay: { until: '2026-01-02T00:00:00Z' } }, { delay: { untilMs: NOW + DAY } }],
  [{ delay: { until: '2026-01-02T01:00:00+01:00' } }, { delay: { untilMs: NOW + DAY } }],
  [
    { delay: { until: '2026-01-02T00:00', timezone: 'Asia/Tokyo' } },
    { delay: { untilMs: NOW + DAY - 9 * 3_600_000 } },
  ],
  [{ delay: { until: 'Mo-Fr 08:00-18:00' } }, { delay: { hours: 'Mo-Fr 08:00-18:00' } }],
  [
    { delay: { until: '08:00-18:00', timezone: 'Asia/Tokyo' } },
    { delay: { hours: '08:00-18:00', zone: 'Asia/Tokyo' } },
  ],
  [{ timeout: { message: 5 }, expiry: { expires_in: 'P1D' } }, { validForMs: 5 }],
  [{ expiry: { expires_in: 'P1DT4H' } }, { validForMs: DAY + 4 * 3_600_000 }],
  [
    { expiry: { expires_in: 1_000, expires_at: '2026-01-02T00:00:00Z' } },
    { validForMs: 1_000, validUntilMs: NOW + DAY },
  ],
  ...[1_790_000_000, '1790000000', 1_790_000_000_000, '1790000000000'].map((expires_at): [object, object] => [
    { expiry: { expires_at } },
    { validUntilMs: 1_790_000_000_000 },
  ]),
  [{ expiry: { expires_at: 1_790_000_000.25 } }, { validUntilMs: 1_790_000_000_250 }],
  [{ expiry: { expires_in: '3600000' } }, { validForMs: 3_600_000 }],
  [{ preferences: { subscription_topic_id: 'news' } }, { topicId: 'news' }],
  [{ delay: {}, timeout: {} }, undefined],
])('%j asks the gates %j', (fields, expected) => {
  expect(gates(fields)).toEqual(expected);
});

test.each([
  [{ delay: { duration: 90 * DAY + 1 } }, 'message.message.delay.duration'],
  [{ delay: { until: '2026-04-02T00:00:00Z' } }, 'message.message.delay.until'],
  [{ delay: { until: 'soon' } }, 'message.message.delay.until'],
  [{ delay: { until: '2026-02-30T00:00:00Z' } }, 'message.message.delay.until'],
  [{ delay: { timezone: 'Mars/Olympus' } }, 'message.message.delay.timezone'],
  [{ expiry: { expires_in: 'P1Y' } }, 'message.message.expiry.expires_in'],
  [{ expiry: { expires_in: 'PT' } }, 'message.message.expiry.expires_in'],
  [{ expiry: { expires_at: 1_790_000_000_000_000 } }, 'message.message.expiry.expires_at'],
  [{ expiry: { expires_at: '1790000000000000' } }, 'message.message.expiry.expires_at'],
  ...['soon', '20261231', '2026', '3600', 3_600, 999_999_999, 0].map((expires_at): [object, string] => [
    { expiry: { expires_at } },
    'message.message.expiry.expires_at',
  ]),
  [{ timeout: { message: 'soon' } }, 'message.message.timeout.message'],
])('%j is refused at %s', (fields, at) => {
  expect(refusal(fields)).toBe(at);
});

test("the nested message's wishes win over the outer ones", () => {
  const message = {
    event: 'e',
    timeout: { message: 7 },
    delay: { duration: 1 },
    message: { timeout: { message: 5 } },
  };
  expect(readInboundJob({ message }, NOW).spec.gates).toEqual({
    validForMs: 5,
    delay: { durationMs: MINUTE },
  });
});

describe("a user's preferences", () => {
  const out = { status: 'OPTED_OUT' };

  test('are read in our words, and those of `to` win', () => {
    const user = {
      preferences: { categories: { a: out, b: out } },
      to: {
        preferences: {
          categories: { b: { status: 'OPTED_IN', channel_preferences: [{ channel: 'direct_message' }] } },
          notifications: { n: { status: 'REQUIRED' } },
        },
      },
    };
    expect(preferences(user)).toEqual({
      notifications: { n: { status: 'required' } },
      categories: { a: { status: 'opted_out' }, b: { status: 'opted_in', channels: ['chat'] } },
    });
    expect(preferences({ preferences: {} })).toBeUndefined();
  });

  test('for the banner pass over it, and are none of our channels where it is the only one', () => {
    const chosen = (...names: string[]) => ({
      status: 'OPTED_IN',
      channel_preferences: names.map((channel) => ({ channel })),
    });
    const categories = { both: chosen('banner', 'email'), alone: chosen('banner'), free: chosen() };
    expect(preferences({ preferences: { categories } })).toMatchObject({
      categories: {
        both: { status: 'opted_in', channels: ['email'] },
        alone: { status: 'opted_in', channels: [] },
        free: { status: 'opted_in' },
      },
    });
  });

  test.each([
    { categories: { a: { status: 'OPTEDOUT' } } },
    { categories: { a: 'OPTED_OUT' } },
    { notifications: [] },
    { notifications: { n: { status: 'OPTED_IN', channel_preferences: [{ channel: 'pigeon' }] } } },
  ])('an opt-out that cannot be read is refused, never passed over: %j', (given) => {
    expect(preferences({ preferences: given })).toMatch(/^preferences must hold a status/);
  });
});
