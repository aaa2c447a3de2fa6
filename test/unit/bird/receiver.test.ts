import { specOf, textBody } from './fake-service';

const send = (contacts: unknown, kind: Parameters<typeof specOf>[1]) =>
  specOf({ receiver: { contacts }, body: textBody('hello') }, kind);
const reasons = async (contacts: unknown, kind: Parameters<typeof specOf>[1]) =>
  (await send(contacts, kind)).faults?.map(({ reason }) => reason);

describe('where the address comes from', () => {
  const identifiers = [
    { identifierKey: 'phonenumber', identifierValue: '+31612345678' },
    { identifierKey: 'emailaddress', identifierValue: 'second@example.com' },
  ];

  it('is identifierValue first, then the identifier that fits the kind, then the first, then platformAddress', async () => {
    const all = { identifierValue: 'first@example.com', identifiers, platformAddress: 'last@example.com' };
    expect((await send([all], 'email')).recipient.addresses).toEqual({ email: 'first@example.com' });
    const { identifierValue: _, ...second } = all;
    expect((await send([second], 'email')).recipient.addresses).toEqual({ email: 'second@example.com' });
    expect((await send([second], 'any')).recipient.addresses).toEqual({ any: '+31612345678' });
    expect((await send([{ platformAddress: 'last@example.com' }], 'email')).recipient.addresses).toEqual({
      email: 'last@example.com',
    });
  });

  it.each(['phonenumber', 'identifiers.phonenumber'])(
    'platformAddressSelector %s names the identifier that goes first, and one that is not there changes nothing',
    async (platformAddressSelector) => {
      const contact = { identifiers: identifiers.toReversed(), platformAddressSelector };
      expect((await send([contact], 'any')).recipient.addresses).toEqual({ any: '+31612345678' });
      const none = { ...contact, platformAddressSelector: 'identifiers.none' };
      expect((await send([none], 'any')).recipient.addresses).toEqual({ any: 'second@example.com' });
      const whole = { ...contact, identifierValue: 'first@example.com' };
      expect((await send([whole], 'any')).recipient.addresses).toEqual({ any: 'first@example.com' });
    },
  );

  it('an identifierValue that its key says is of another kind comes last', async () => {
    const contact = { identifierKey: 'phonenumber', identifierValue: '+31687654321' };
    expect((await send([{ ...contact, identifiers }], 'email')).recipient.addresses).toEqual({
      email: 'second@example.com',
    });
    expect((await send([{ ...contact, identifiers }], 'sms')).recipient.addresses).toEqual({
      sms: '+31687654321',
    });
    expect((await send([contact], 'any')).recipient.addresses).toEqual({ any: '+31687654321' });
    expect(await reasons([contact], 'email')).toEqual(['invalid_address']);
  });

  it('an empty one counts as absent', async () => {
    const { recipient } = await send([{ identifierValue: ' ', platformAddress: 'x' }], 'any');
    expect(recipient.addresses).toEqual({ any: 'x' });
  });

  it('a phone number is brought into international form', async () => {
    expect((await send([{ identifierValue: '+31 6 1234 5678' }], 'sms')).recipient).toMatchObject({
      id: '+31612345678',
      addresses: { sms: '+31612345678' },
    });
  });

  it('an inbox is found by the id of the contact, and a webhook reaches everybody', async () => {
    expect((await send([{ id: 'spike' }], 'inbox')).recipient.addresses).toEqual({ inbox: 'spike' });
    expect(await reasons([{ id: 'spike' }], 'webhook')).toBeUndefined();
    expect(await reasons([{}], 'webhook')).toBeUndefined();
  });
});

describe('who the recipient is', () => {
  it('the id of the contact, else the address, else generated', async () => {
    expect((await send([{ id: 'jane', identifierValue: 'x' }], 'any')).recipient).toMatchObject({
      id: 'jane',
      idGenerated: false,
    });
    expect((await send([{ identifierValue: 'x' }], 'any')).recipient).toMatchObject({
      id: 'x',
      idGenerated: false,
    });
    expect((await send([{}], 'any')).recipient.idGenerated).toBe(true);
  });
});

describe('an envelope', () => {
  const mailbox = (name: string, type?: string) => ({
    identifierValue: `${name}@example.com`,
    ...(type ? { type } : {}),
  });

  it('of e-mail takes to, cc and bcc, and has nobody twice', async () => {
    const { recipient, faults } = await send(
      [
        mailbox('a', 'cc'),
        mailbox('b'),
        mailbox('c', 'to'),
        mailbox('d', 'bcc'),
        mailbox('B', 'cc'),
        mailbox('b'),
      ],
      'email',
    );
    expect(faults).toBeUndefined();
    expect(recipient).toMatchObject({
      id: 'b@example.com',
      addresses: { email: 'b@example.com' },
      alsoTo: ['c@example.com'],
      cc: ['a@example.com'],
      bcc: ['d@example.com'],
    });
  });

  it('of any other kind takes one contact', async () => {
    expect(await reasons([{ identifierValue: 'a' }, { identifierValue: 'b' }], 'any')).toEqual([
      'invalid_input',
    ]);
  });

  it('needs one contact of type to', async () => {
    expect(await reasons([], 'any')).toEqual(['no_address']);
    expect(await reasons([{ ...mailbox('a'), type: 'bcc' }], 'email')).toEqual(['no_address']);
  });
});

describe('an address that its kind cannot reach', () => {
  it.each([
    ['email', 'jane'],
    ['email', 'Jane <jane@example.com>'],
    ['sms', '99'],
    ['sms', 'jane@example.com'],
    ['any', 'x'.repeat(257)],
  ] as const)('is a fault on %s, and the fault keeps it to itself', async (kind, identifierValue) => {
    const { faults } = await send([{ identifierValue }], kind);
    expect(faults).toMatchObject([{ reason: 'invalid_address' }]);
    expect(faults?.[0]?.description).toMatch(/^receiver\.contacts\[0\]: /);
    expect(faults?.[0]?.description).not.toContain(identifierValue);
  });

  it('is anything empty', async () => {
    expect(await reasons([{ identifierValue: '' }], 'any')).toEqual(['no_address']);
    expect(await reasons([{ id: 'jane' }], 'email')).toEqual(['no_address']);
  });

  it('is nothing of up to 256 characters where the kind is any', async () => {
    expect(await reasons([{ identifierValue: 'x'.repeat(256) }], 'any')).toBeUndefined();
  });
});
