import { NOW_MS, specOf, textBody, to } from './fake-service';

const sound = { receiver: to('jane'), body: textBody('hello') };
const told = async (element: object) =>
  (await specOf({ ...sound, ...element })).faults?.map(
    ({ reason, description }) => `${reason} ${description}`,
  );
const DAY_MS = 86_400_000;
const inDays = (days: number) => new Date(NOW_MS + days * DAY_MS).toISOString();

it.each([
  [{ reference: 5 }, 'reference: must be a string'],
  [{ receiver: {} }, 'receiver.contacts: is required, as an array'],
  [
    { receiver: { contacts: [{ identifierValue: 'x', type: 'from' }] } },
    'receiver.contacts[0].type: must be one of to, cc, bcc',
  ],
  [{ tags: Array(11).fill('a') }, 'tags: must have at most 10 entries'],
  [{ tags: ['a!'] }, 'tags[0]: may hold letters, digits, spaces, - and _ only'],
  [{ tags: [''] }, 'tags[0]: must not be empty'],
  [{ validity: 0 }, 'validity: must be at least 1'],
  [{ validity: 1.5 }, 'validity: must be a whole number'],
  [{ validity: '60' }, 'validity: must be a number'],
  [
    { scheduledFor: 'tomorrow' },
    'scheduledFor: must be a date and time of RFC 3339, such as 2025-06-22T23:40:44Z',
  ],
  [
    { scheduledFor: '2026-02-30T00:00:00Z' },
    'scheduledFor: must be a date and time of RFC 3339, such as 2025-06-22T23:40:44Z',
  ],
  [{ shortLinks: { domain: 'x'.repeat(129) } }, 'shortLinks.domain: must have at most 128 characters'],
  [{ notification: { url: 'ftp://example.com' } }, 'notification.url: must be an absolute http or https URL'],
  [
    { notification: { url: 'https://u:p@example.com' } },
    'notification.url: must have no user name or password in it',
  ],
  [{ template: { name: 'x', utmParameters: [] } }, 'template.utmParameters: must not be empty'],
  [
    { template: { name: 'x', utmParameters: [{ key: 'x'.repeat(21), value: '' }] } },
    'template.utmParameters[0].key: must have at most 20 characters',
  ],
  [
    { meta: { pushNotifications: { gatewayTypeOverride: 'x' } } },
    'meta.pushNotifications.gatewayTypeOverride: must be one of apns, firebase, web',
  ],
])('a wrong field is named with what it must be: %j', async (element, description) => {
  expect(await told(element)).toEqual([`invalid_input ${description}`]);
});

it.each(['javascript:alert(1)', 'data:text/html,x', '/relative', 'JaVaScRiPt:alert(1)'])(
  'a link to %s is refused',
  async (url) => {
    const body = { type: 'text', text: { text: 'x', actions: [{ type: 'link', link: { text: 'x', url } }] } };
    expect(await told({ body })).toEqual([expect.stringContaining('body.text.actions[0].link.url')]);
  },
);

it('a link may open an app, a mail or a phone', async () => {
  for (const url of ['myapp://open/1', 'mailto:jane@example.com', 'tel:+31612345678']) {
    const body = { type: 'text', text: { text: 'x', actions: [{ type: 'link', link: { text: 'x', url } }] } };
    expect(await told({ body })).toBeUndefined();
  }
});

it('all faults are told at once: cap first, then input and schedule, then the others', async () => {
  const contacts = [{ identifierValue: 'x'.repeat(300), type: 'cc' }];
  const element = {
    receiver: { contacts },
    body: { type: 'fax' },
    scheduledFor: inDays(36),
    capFrequency: true,
    validity: 0,
  };
  expect((await specOf(element)).faults?.map(({ reason }) => reason)).toEqual([
    'cap_not_allowed',
    'invalid_input',
    'schedule_too_far',
    'invalid_address',
    'no_address',
    'invalid_content',
  ]);
});

it('what is sound is still read beside what is not', async () => {
  const spec = await specOf({ ...sound, reference: 'mine', validity: 'x', tags: ['A', 5] });
  expect(spec).toMatchObject({
    recipient: { id: 'jane', addresses: { any: 'jane' } },
    content: { text: 'hello' },
    reference: 'mine',
    tags: ['a'],
  });
  expect(spec.faults).toHaveLength(2);
});

it('capFrequency is allowed for marketing only', async () => {
  const meta = { extraInformation: { useCase: 'marketing' } };
  expect(await told({ capFrequency: true, meta })).toBeUndefined();
  expect(await told({ capFrequency: false })).toBeUndefined();
  expect(await told({ capFrequency: true })).toEqual([
    expect.stringMatching(/^cap_not_allowed capFrequency: /),
  ]);
});

it('a schedule reaches 35 days ahead and no further', async () => {
  expect(await told({ scheduledFor: inDays(35) })).toBeUndefined();
  expect(await told({ scheduledFor: inDays(35.001) })).toEqual([
    'schedule_too_far scheduledFor: is more than 35 days ahead',
  ]);
  expect(await told({ scheduledFor: '9999-12-31T23:59:59Z' })).toHaveLength(1);
  expect(await told({ scheduledFor: '0001-01-01t00:00:00z' })).toBeUndefined();
});

it('fields that the schema does not name are no fault', async () => {
  expect(await told({ id: 'x', colour: 'red', receiver: { ...to('jane'), more: 1 } })).toBeUndefined();
});
