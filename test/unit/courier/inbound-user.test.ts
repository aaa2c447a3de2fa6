import { readInboundUser } from '../../../api/courier/inbound-user';
import { INGESTION_ERRORS } from '../../../api/courier/user-schema';
import { isUuid } from '../../../src/domain/ids';
import { type NewRecipient } from '../../../src/service/service';

const JOB = '0190a000-0000-7000-8000-000000000001';

function accept(user: unknown): NewRecipient {
  const reading = readInboundUser(JOB, user);
  if (!reading.ok) throw new Error(reading.error);
  return reading.recipient;
}
const identity = (user: unknown): string => accept(user).identity;
const recipient = (user: unknown) => accept(user).spec.recipient;

describe('identity', () => {
  test('is the id, which to.user_id gives before recipient', () => {
    expect(recipient({ recipient: 'old', to: { user_id: 'new' } }).id).toBe('new');
    expect(identity({ recipient: 'a', profile: { email: 'x@y.z' } })).toBe(
      identity({ to: { user_id: 'a' } }),
    );
    expect(identity({ recipient: 'a' })).not.toBe(identity({ recipient: 'A' }));
  });

  test('is told apart by tenant', () => {
    const inTenant = identity({ to: { user_id: 'a', tenant_id: 't' } });
    expect(inTenant).not.toBe(identity({ to: { user_id: 'a' } }));
    expect(inTenant).toBe(identity({ to: { user_id: 'a', context: { tenant_id: 't' } } }));
  });

  test('is told apart by account_id, the older form of tenant_id, which gives way to it', () => {
    expect(identity({ to: { user_id: 'a', account_id: 't' } })).toBe(
      identity({ to: { user_id: 'a', tenant_id: 't' } }),
    );
    expect(recipient({ to: { user_id: 'a', account_id: 't' } }).tenantId).toBe('t');
    expect(recipient({ to: { user_id: 'a', account_id: 'old', tenant_id: 'new' } }).tenantId).toBe('new');
  });

  test('without an id is the address in its normal form', () => {
    expect(identity({ profile: { email: 'Foo@BAR.com' } })).toBe(identity({ to: { email: 'Foo@bar.com' } }));
    expect(identity({ profile: { email: 'Foo@bar.com' } })).not.toBe(
      identity({ profile: { email: 'foo@bar.com' } }),
    );
    expect(identity({ profile: { phone_number: '+1 (555) 010-0' } })).toBe(
      identity({ to: { phone_number: '15550100' } }),
    );
    expect(identity({ profile: { expo: { token: 'T' } } })).toBe(
      identity({ profile: { firebaseToken: ['T'] } }),
    );
  });

  test('an id that looks like an address is no address', () => {
    expect(identity({ recipient: 'foo@bar.com' })).not.toBe(identity({ profile: { email: 'foo@bar.com' } }));
  });

  test('with neither, nobody is a duplicate', () => {
    expect(identity({})).not.toBe(identity({}));
  });
});

describe('recipient', () => {
  test('an id is made up where there is none, the same for the same address, and is no inbox address', () => {
    const made = recipient({ profile: { email: 'foo@bar.com' } });
    expect(isUuid(made.id)).toBe(true);
    expect(made).toMatchObject({ idGenerated: true, addresses: { email: 'foo@bar.com' } });
    expect(made.addresses).not.toHaveProperty('inbox');
    expect(recipient({ to: { email: 'foo@BAR.com' } }).id).toBe(made.id);
    expect(recipient({}).id).not.toBe(recipient({}).id);
  });

  test("the seed's user without an address is valid and has an inbox", () => {
    const user = {
      profile: {},
      preferences: {},
      to: { user_id: 'spike_spiegel', data: { recipientName: 'Spike' } },
    };
    expect(recipient(user)).toEqual({
      id: 'spike_spiegel',
      idGenerated: false,
      addresses: { inbox: 'spike_spiegel' },
    });
  });

  test('addresses come from the profile before `to`; empty ones are none, odd ones are left for sending', () => {
    const user = {
      recipient: 'r',
      profile: {
        email: ' a@b.c ',
        phone_number: '',
        firebaseToken: ['f1', 'f2'],
        slack: { access_token: 'xoxb', user_id: 'U1' },
      },
      to: { email: 'other@b.c', phone_number: 'not a number' },
    };
    expect(recipient(user).addresses).toEqual({
      inbox: 'r',
      email: 'a@b.c',
      sms: 'not a number',
      push: 'f1',
      chat: 'U1',
    });
  });

  test.each([
    { firebaseToken: 'T' },
    { firebaseToken: ['T', 'U'] },
    ...['expo', 'apn'].flatMap((service) => [
      { [service]: { token: 'T' } },
      { [service]: { tokens: 'T' } },
      { [service]: { tokens: ['T', 'U'] } },
      { [service]: { tokens: [{ token: 'T' }] } },
    ]),
    { apn: 'T' },
  ])('a push token is found where any generation of the SDKs has it: %j', (profile) => {
    expect(recipient({ profile }).addresses).toEqual({ push: 'T' });
  });

  test('locale and time zone are taken where Courier takes them', () => {
    const profile = { locale: 'fr', zoneinfo: 'Europe/Paris', timezone: 'UTC' };
    expect(recipient({ profile })).toMatchObject({ locale: 'fr', timezone: 'Europe/Paris' });
    const to = { locale: 'de', timezone: 'Europe/Berlin' };
    expect(recipient({ profile, to })).toMatchObject({ locale: 'de', timezone: 'Europe/Paris' });
    expect(recipient({ profile: { timezone: 'UTC' }, to })).toMatchObject({ timezone: 'Europe/Berlin' });
  });
});

test('the user is echoed as sent, plus recipient and effective data, to.data before data', () => {
  const user = {
    profile: { email: 'a@b.c', custom: { deep: [null] } },
    preferences: { categories: {} },
    data: { name: 'data', kept: 1 },
    to: { user_id: 'u', data: { name: 'to' } },
    unheardOf: 1,
  };
  const { echo, spec } = accept(structuredClone(user));
  expect(echo).toEqual({ ...user, recipient: 'u', data: { name: 'to', kept: 1 } });
  expect(spec.data).toEqual({ name: 'to', kept: 1 });
  expect(spec.profile).toEqual(user.profile);
});

test('null is absent', () => {
  const user = {
    profile: null,
    preferences: null,
    data: null,
    recipient: null,
    to: { user_id: null, email: null },
  };
  expect(accept(user).spec.recipient.idGenerated).toBe(true);
});

test.each([
  42,
  null,
  'foo',
  [],
  { profile: 'p' },
  { profile: [] },
  { profile: { email: 42 } },
  { profile: { phone_number: 15550100 } },
  { profile: { zoneinfo: {} } },
  { preferences: 1 },
  { data: [] },
  { data: 'd' },
  { recipient: 42 },
  { recipient: '' },
  { recipient: 'x'.repeat(257) },
  { to: 'x' },
  { to: { user_id: 7 } },
  { to: { user_id: '' } },
  { to: { tenant_id: {} } },
  { to: { account_id: '' } },
  { to: { context: { tenant_id: 1 } } },
  { to: { context: 'c' } },
  { to: { data: 1 } },
  { to: { locale: 'x'.repeat(65) } },
  { data: { blob: 'x'.repeat(256_001) } },
])('a bad user is named in a text of the closed list, and repeats nothing in it: %.60j', (user) => {
  const reading = readInboundUser(JOB, user);
  expect(reading.ok).toBe(false);
  if (!reading.ok) expect(INGESTION_ERRORS).toContain(reading.error);
});

test("the closed list begins with the seed's text and holds none twice", () => {
  expect(INGESTION_ERRORS[0]).toBe('Duplicate user');
  expect(new Set(INGESTION_ERRORS).size).toBe(INGESTION_ERRORS.length);
});
