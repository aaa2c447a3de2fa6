import { createHash, randomUUID } from 'node:crypto';
import { encodeCursor } from '../../../api/courier/cursor';
import { INGESTION_ERROR } from '../../../api/courier/user-schema';
import { fromCourierId } from '../../../src/domain/ids';
import { issueKey } from '../../../src/ledger/keys';
import { testDialect, type Answer, type Stand } from '../framework/setup';
import { createCourierStand, createJob } from './setup';

let stand: Stand;
// With another door behind it, which words what is not Courier's.
beforeAll(async () => (stand = await createCourierStand([testDialect([])])));
afterAll(() => stand.close());

function expectRefusal(answer: Answer): void {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.json).toEqual({ message: expect.stringMatching(/\w{3}/), type: 'invalid_request_error' });
}

const rows = async () => {
  const [row] = await stand.database.db.query<{ jobs: number; messages: number }>(
    'select (select count(*) from jobs)::int as jobs, (select count(*) from messages)::int as messages',
  );
  return row;
};

const RAW = [
  '',
  '{',
  'null',
  '[]',
  '42',
  '"x"',
  '{"message":{"event":"a\\u0000b"}}',
  '{"message":{"event":"\\ud800"},"users":[{"recipient":"\\udfff"}]}',
  '{"message":{"event":"e","data":{"__proto__":{"x":1}}},"users":[{"data":{"__proto__":{}}}]}',
  '{"message":{"event":"e","data":{"n":1e999}},"users":[{"data":{"n":1e999}}]}',
  '{"message":{"event":"e","pad":[1e308]},"users":[{"data":{"n":1e-308}}]}',
  `{"message":{"event":"e","data":${'{"a":'.repeat(500)}1${'}'.repeat(500)}},"users":${'['.repeat(500)}${']'.repeat(500)}}`,
  '{"message":{"event":{"$ne":null}},"users":{"length":1}}',
  '{"message":{"event":["e"]},"users":"all"}',
];

test('no body whatever is a 500 or stored by halves', async () => {
  const jobId = await createJob(stand);
  const before = await rows();
  for (const raw of RAW) {
    expectRefusal(await stand.call('POST', '/bulk', { raw }));
    expectRefusal(await stand.call('POST', `/bulk/${jobId}`, { raw }));
  }
  const large = JSON.stringify({ users: [{ recipient: 'a', data: { blob: 'x'.repeat(10_500_000) } }] });
  const refused = await stand.call('POST', `/bulk/${jobId}`, { raw: large });
  expectRefusal(refused);
  expect(refused.status).toBe(413);
  expect(await rows()).toEqual(before);
});

describe('a body that is wrong in hundreds of thousands of places is refused for a few of them', () => {
  const MANY = 200_000;
  const routed = (channels: unknown) => ({ routing: { method: 'single', channels } });
  const text = (elements: unknown[]) => ({
    content: { version: '2022-01-01', elements: [{ type: 'text', elements }] },
  });
  test.each<[string, () => object]>([
    ['unknown channels', () => routed(Array(MANY).fill('x'))],
    ['channels that are none', () => routed(Array(MANY).fill(1))],
    ['parts of a text', () => text(Array(MANY).fill(1))],
    ['parts of a text without content', () => text(Array(MANY).fill({ type: 'link' }))],
  ])('%s', async (_name, fields) => {
    const said = fields();
    const bodies: [string, object][] = [
      ['/bulk', { message: { event: 'e', ...said } }],
      ['/bulk', { message: { message: { template: 't', ...said } } }],
      ['/send', { message: { to: { email: 'a@b.co' }, template: 't', ...said } }],
    ];
    for (const [path, body] of bodies) {
      const answer = await stand.call('POST', path, { body });
      expectRefusal(answer);
      expect(answer.status).toBe(400);
      expect(answer.json.message).not.toMatch(/and \d{3,} more/);
    }
  });

  test('channels of a preference', async () => {
    const topic = { status: 'OPTED_IN', custom_routing: Array(MANY).fill('x') };
    const answer = await stand.call('PUT', '/users/u/preferences/news', { body: { topic } });
    expectRefusal(answer);
    expect(answer.json.message).not.toMatch(/and \d{3,} more/);
  });
});

test('one bad user among good ones is told, and the good ones are kept', async () => {
  const jobId = await createJob(stand);
  const users = [
    { recipient: 'good' },
    null,
    { profile: 7 },
    { to: { email: {} } },
    { recipient: 'also good' },
  ];
  const { status, json } = await stand.call('POST', `/bulk/${jobId}`, { body: { users } });
  expect(status).toBe(200);
  expect(json).toMatchObject({ total: 2, errors: [{ user: null }, { user: { profile: 7 } }, {}] });
  expect((await stand.call('GET', `/bulk/${jobId}`)).json.job.received).toBe(2);
});

test.each([
  ['half of an emoji', '{"recipient":"bad","to":{"data":{"name":"Zo\\ud83d"}}}', { name: 'Zo\ufffd' }],
  ['a NUL', '{"recipient":"bad","to":{"data":{"name":"Zo\\u0000"}}}', { name: 'Zo' }],
  ['a reserved name', '{"recipient":"bad","to":{"data":{"constructor":"McLaren"}}}', {}],
  ['a number of 309 places', '{"recipient":"bad","to":{"data":{"n":1e308}}}', { n: null }],
])('a user that cannot be kept for %s is told, and the others are added', async (_what, bad, data) => {
  const jobId = await createJob(stand);
  const raw = `{"users":[{"recipient":"a"},${bad},{"recipient":"b"},{"recipient":"a"}]}`;
  const { status, json } = await stand.call('POST', `/bulk/${jobId}`, { raw });
  expect([status, json]).toEqual([
    200,
    {
      total: 2,
      errors: [
        { error: INGESTION_ERROR.unkeepable, user: { recipient: 'bad', to: { data } } },
        { error: INGESTION_ERROR.duplicate, user: { recipient: 'a', data: {} } },
      ],
    },
  ]);
  const listed = await stand.call('GET', `/bulk/${jobId}/users`);
  expect(listed.json.items).toMatchObject([{ recipient: 'a' }, { recipient: 'b' }]);
});

test.each([
  ['half of an emoji', { name: 'Zo\ud83d' }],
  ['a reserved name', JSON.parse('{"constructor": 1}')],
  ['a field of a wrong type', { email: 7 }],
])(
  'a user that is too large is named and not given back, whatever else is wrong with it: %s',
  async (_what, to) => {
    const jobId = await createJob(stand);
    const blob = 'x'.repeat(256_001);
    const users = [
      { recipient: 'big', data: { blob }, to },
      { to: { ...to, user_id: 'large', data: { blob } } },
      { recipient: { blob }, to: blob, data: to },
    ];
    const { status, json } = await stand.call('POST', `/bulk/${jobId}`, { body: { users } });
    const error = INGESTION_ERROR.tooLarge;
    expect([status, json]).toEqual([
      200,
      {
        total: 0,
        errors: [
          { error, user: { recipient: 'big' } },
          { error, user: { to: { user_id: 'large' } } },
          { error, user: {} },
        ],
      },
    ]);
  },
);

test.each([
  'cursor=garbage',
  'cursor=%00',
  'cursor=-1',
  `cursor=${'a'.repeat(3_000)}`,
  'cursor=a&cursor=b',
  'cursor[]=..',
  "cursor=';drop table jobs",
])('a garbage cursor is a 400: %.30s', async (query) => {
  const jobId = await createJob(stand, ['a']);
  const answer = await stand.call('GET', `/bulk/${jobId}/users?${query}`);
  expectRefusal(answer);
  expect(answer.status).toBe(400);
});

test.each(['x', '', 'null', '{}', '7', '[]', '[null]', '["x"]', '[-1]', '[0.5]', '[1e9999]', '[2147483647]'])(
  'a cursor that somebody made up with the right check is a 400: %s',
  async (place) => {
    const jobId = await createJob(stand, ['a']);
    const scope = `users/${fromCourierId(jobId)}`;
    const madeUp = (scope: string) => {
      const payload = Buffer.from(place).toString('base64url');
      const check = createHash('sha256').update(`${scope} ${payload}`).digest('base64url').slice(0, 10);
      return `cursor=${payload}.${check}`;
    };
    for (const path of [`/bulk/${jobId}/users?${madeUp(scope)}`, `/messages?${madeUp('messages')}`]) {
      const answer = await stand.call('GET', path);
      expectRefusal(answer);
      expect(answer.status).toBe(400);
    }
  },
);

test('what is made up of a cursor that the listing could have given is taken as one', async () => {
  const jobId = await createJob(stand, ['a', 'b']);
  const cursor = encodeCursor(`users/${fromCourierId(jobId)}`, [0]);
  const { json } = await stand.call('GET', `/bulk/${jobId}/users?cursor=${cursor}`);
  expect(json.items).toMatchObject([{ recipient: 'b' }]);
});

test("an id that names nothing here is 404, and another workspace's tells nothing apart", async () => {
  const jobId = await createJob(stand, ['a']);
  await stand.call('POST', `/bulk/${jobId}/run`);
  const [message] = await stand.database.db.query<{ id: string }>(
    `select id from messages where recipient_id = 'a' order by created_at desc limit 1`,
  );
  const workspaceId = randomUUID();
  await stand.database.db.query('insert into workspaces (id, name) values ($1, $2)', [workspaceId, 'other']);
  const { key } = await issueKey(stand.database.db, { workspaceId, name: 'other' });
  const body = { users: [{}] };
  const answers: Answer[] = [];
  const ask = async (id: string, message: string, key: string) => {
    for (const verb of ['', '/run', '/pause', '/resume', '/cancel']) {
      answers.push(await stand.call('POST', `/bulk/${id}${verb}`, { body, key }));
    }
    for (const path of [
      `/bulk/${id}`,
      `/bulk/${id}/users`,
      `/messages/${message}`,
      `/messages/${message}/history`,
    ]) {
      answers.push(await stand.call('GET', path, { key }));
    }
  };
  await ask(jobId, message?.id ?? '', key);
  const unknown = randomUUID();
  for (const id of [
    unknown,
    'x',
    '1-zz',
    '%E0%A4%A',
    '%00',
    '..%2f..',
    '1-61e9dd53-b5bb6c863b7ffbe83ad4b28d',
  ]) {
    await ask(id, id, stand.key);
  }
  for (const answer of answers) expectRefusal(answer);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
  const texts = answers.filter((_, index) => index % 9 === 5).slice(0, 2);
  expect(texts[0]?.text).toBe(texts[1]?.text);
});

test.each([
  ['PUT', '/lists/mine'],
  ['POST', '/profiles/u1'],
  ['POST', '/automations/invoke'],
  ['GET', '/audit-events'],
  ['PUT', '/routing-strategies/r1'],
  ['POST', '/auth/issue-token'],
  ['PUT', '/users/u1/tokens/t1'],
])("%s %s, which is Courier's and not here, is 404 in its shape", async (method, path) => {
  const answer = await stand.call(method, path, method === 'GET' ? {} : { body: {} });
  expectRefusal(answer);
  expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'application/json']);
});

test('without a key it is 401 in the same shape', async () => {
  const answer = await stand.call('GET', '/bulk/x', { key: null });
  expect(answer.status).toBe(401);
  expect(answer.json).toEqual({ message: expect.any(String), type: 'authorization_error' });
});
