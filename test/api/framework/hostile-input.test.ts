import fc from 'fast-check';
import { createBirdDialect } from '../../../api/bird';
import { createCourierDialect } from '../../../api/courier';
import { createOpenApiDocument } from '../../../api/openapi';
import { createV1Dialect } from '../../../api/v1';
import { parseEgressAllow } from '../../../src/providers/egress/address-policy';
import { createEgress } from '../../../src/providers/egress/guarded-client';
import { createProviders } from '../../../src/providers/registry';
import { createSecretBox } from '../../../src/runtime/secret-box';
import { createService } from '../../../src/service/create-service';
import { SEEDED_API_KEY, SEEDED_WORKSPACE_ID, seedEmbedded } from '../../../src/service/seed-workspace';
import { createWebhookService } from '../../../src/service/webhooks';
import { createStand, type Stand } from './setup';

interface Operation {
  readonly parameters?: { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Record<string, Shown> };
  readonly responses: Record<string, unknown>;
}
interface Shown {
  readonly example?: unknown;
  readonly examples?: Record<string, { readonly value: unknown }>;
}

/** Requests of an operation: enough for every kind of harm in some place of it, in a few seconds for all. */
const RUNS = 30;
const secretBox = createSecretBox([{ id: 'test', key: Buffer.alloc(32, 7) }]);
const egress = createEgress({
  allow: parseEgressAllow('127.0.0.0/8'),
  // No question to the name server of this machine, which may take its time.
  resolve: async () => ['93.184.215.14'],
});
const service = createService({ notifier: { look: () => undefined, liveStatus: async () => undefined } });
const sandboxLog = { record: async () => ({ firstTime: true }), countCall: async () => 1 };
const dialects = [
  createCourierDialect({ service }),
  createBirdDialect({ service, webhooks: createWebhookService({ egress, secretBox }) }),
  createV1Dialect({ providers: createProviders({ egress, sandboxLog }), secretBox, egress }),
];
const document = createOpenApiDocument(dialects) as unknown as {
  paths: Record<string, Record<string, Operation>>;
};
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => [method.toUpperCase(), path, operation] as const),
);

const deep = (depth: number): unknown => (depth === 0 ? 0 : [deep(depth - 1)]);
/** What breaks programs: as JSON text, since some of it has no value in JavaScript. */
const HARM: readonly string[] = [
  ...['null', 'true', '[]', '{}', '""', '" "', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"\\udfff\\ud800"'],
  ...['-1', '-0', '0.1', '1e308', '1e999', '9007199254740993', '2147483648', '-9223372036854775809'],
  ...[
    '"{{"',
    '"{{ x | y: }}{% for"',
    '"\\r\\nBcc: x@example.com"',
    '"../../etc/passwd"',
    '"javascript:alert(1)"',
  ],
  ...['"9999-12-31T23:59:60Z"', '"0000-00-00T00:00:00Z"', '"+275760-09-13T00:00:00.001Z"', '"Mars/Olympus"'],
  ...['{"__proto__":{"a":1}}', '{"constructor":null}', '{"length":-1}', '{"":""}', '[null]', '[[]]'],
  ...['"xx-XX-xx"', '"@"', '"a@b@c"', '"+0"', '"http://[::1"', '"http://169.254.169.254/"', '"1-"'],
  JSON.stringify('\u202e'.repeat(300)),
  JSON.stringify('x'.repeat(70_000)),
  JSON.stringify(deep(200)),
];
const harm = fc.constantFrom(...HARM);

const NOBODY = '01a21e94-64a5-7541-9477-f34e63c3f61e';

let stand: Stand;
let ids: Record<string, string>;

/** The id of something that is there, unless it would be gone for those who come after. */
const idFor = (name: string, method: string): string =>
  (method === 'DELETE' && name === 'channelId' ? undefined : ids[name]) ?? NOBODY;

beforeAll(async () => {
  stand = await createStand(dialects);
  await seedEmbedded(stand.database.db, { embedded: true });
  const made = async (path: string, body: unknown) =>
    (await stand.call('POST', path, { key: SEEDED_API_KEY, body })).json;
  const { jobId } = await made('/bulk', { message: { event: 'my-notification-or-event' } });
  const { requestId } = await made('/send', {
    message: { to: { email: 'jane@example.com' }, content: { title: 'Hello', body: 'Hello' } },
  });
  const batch = await made(`${CHANNEL}/batch/messages`, { messageRequests: [BIRD_MESSAGE] });
  ids = {
    ...{ jobId, requestId, messageId: requestId, batchId: batch.id, slug: 'my-notification-or-event' },
    ...{
      workspaceId: SEEDED_WORKSPACE_ID,
      channelId: SEEDED_WORKSPACE_ID,
      organizationId: SEEDED_WORKSPACE_ID,
    },
    ...{ user_id: 'jane', topic_id: 'news', topicId: 'news' },
  };
  expect(Object.values(ids)).not.toContain(undefined);
});
afterAll(() => stand.close());

const CHANNEL = `/workspaces/${SEEDED_WORKSPACE_ID}/channels/${SEEDED_WORKSPACE_ID}`;
const BIRD_MESSAGE = {
  receiver: { contacts: [{ identifierValue: '+15005550001', identifierKey: 'phonenumber' }] },
  body: { type: 'text', text: { text: 'Hello' } },
  scheduledFor: '2030-01-31T09:30:00Z',
};

/** A whole request of each operation: what its document shows, or, where that shows none, what fits. */
function wholeBody(path: string, operation: Operation): unknown {
  const shown = operation.requestBody?.content['application/json'];
  const example = shown?.example ?? Object.values(shown?.examples ?? {})[0]?.value;
  if (example !== undefined) return example;
  if (path.includes('webhook-subscriptions'))
    return { service: 'channels', event: 'sms.outbound', url: 'https://example.com/', eventFilters: [] };
  return BIRD_MESSAGE;
}

/** Every place in a JSON value, the whole of it included. */
function placesOf(value: unknown, at: readonly string[] = []): (readonly string[])[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return [at, ...inner.flatMap(([key, each]) => placesOf(each, [...at, key]))];
}

/** The JSON text of `value` with `text` at one place. */
function withHarm(value: unknown, place: readonly string[], text: string): string {
  const [key, ...rest] = place;
  if (key === undefined) return text;
  const inner = Object.entries(value as object).map(([name, each]) => {
    const written = name === key ? withHarm(each, rest, text) : JSON.stringify(each);
    return Array.isArray(value) ? written : `${JSON.stringify(name)}:${written}`;
  });
  return Array.isArray(value) ? `[${inner.join()}]` : `{${inner.join()}}`;
}

/** The begin of what a JSON text says, for a URL: that holds no lone surrogates, and with all else 16 KiB (Node's limit). */
function inUrl(json: string): string {
  const said: unknown = JSON.parse(json);
  const text = typeof said === 'string' ? said : json;
  return encodeURIComponent(Buffer.from(text.slice(0, 100)).toString());
}

test.each(operations)(
  '%s %s answers what its document says, whatever is sent',
  async (method, path, operation) => {
    const whole = wholeBody(path, operation);
    const query = (operation.parameters ?? []).flatMap((each) => (each.in === 'query' ? [each.name] : []));
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...placesOf(whole)),
        ...[harm, harm, harm],
        fc.constantFrom(...inPath, '', '', ''),
        fc.subarray(query, { minLength: Math.min(1, query.length) }),
        fc.boolean(),
        async (place, inBody, inQuery, inSegment, harmed, asked, keyed) => {
          const segments = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
            name === harmed ? inUrl(inSegment) || '%20' : idFor(name, method),
          );
          const search = asked.map((name) => `${name}=${inUrl(inQuery)}`).join('&');
          const answer = await stand.call(method, `${segments}?${search}`, {
            key: SEEDED_API_KEY,
            ...(method === 'GET' ? {} : { raw: withHarm(whole, place, inBody) }),
            headers: keyed ? { 'idempotency-key': inUrl(inBody).slice(0, 300) } : {},
          });
          expect(answer.status).toBeLessThan(500);
          expect(Object.keys(operation.responses)).toContain(String(answer.status));
          if (answer.text !== '') expect(typeof answer.json).toBe('object');
        },
      ),
      { numRuns: RUNS },
    );
  },
);
