/**
 * How long it takes to read one message, and every listing of both doors, over HTTP, in a ledger of a million messages on the
 * embedded stack with its durable settings; and how Postgres goes about each listing. Targets: one message under 50 ms and
 * any page under 100 ms, at the 99th of a hundred. Others that load the machine make the times upper bounds.
 *
 *   npm run bench:messages -- [messages] [pages] [--json FILE]
 */
import { Agent, request } from 'undici';
import { createBirdDialect } from '../../api/bird';
import { createCourierDialect } from '../../api/courier';
import { toCourierId } from '../../src/domain/ids';
import { openDatabase, type Database } from '../../src/ledger/database';
import { createService } from '../../src/service/create-service';
import { SEEDED_API_KEY } from '../../src/service/seed-workspace';
import { callerOf } from '../support/door';
import { startTestStack, SEEDED_WORKSPACE_ID, type TestStack } from '../support/stack';
import { fillCorpus } from './corpus/fill';
import { corpusJobs } from './corpus/jobs';
import { birdListings, courierListings, deepPage, type Listing, type Place } from './corpus/listings';
import { explain, recording } from './measure/explain';
import { machine, printTable, readArguments, writeJson } from './measure/report';
import { timeEach, type Times } from './measure/times';

const { json, rest } = readArguments(process.argv.slice(2));
const messages = Number(rest[0] ?? 1_000_000);
/** Single messages asked for, and pages of each listing: first ones, and ones that begin anywhere. */
const SINGLE = 2_000;
const PAGES = Number(rest[1] ?? 100);
const WARM_UP = 5;
const MESSAGE_TARGET_MS = 50;
const PAGE_TARGET_MS = 100;

const agent = new Agent({ keepAliveTimeout: 30_000 });

async function main(): Promise<void> {
  const t = await startTestStack({ VOLLEY_LOG_LEVEL: 'warn' });
  const db = openDatabase({ connectionString: t.stack.env['DATABASE_URL'] ?? '', poolSize: 2 });
  try {
    await measure(t, db);
  } finally {
    await db.close();
    await t.close();
  }
}

async function measure(t: TestStack, db: Database): Promise<void> {
  const bird = await otherWorkspace(t);
  const jobs = corpusJobs(messages, {
    courier: SEEDED_WORKSPACE_ID,
    bird: bird.id,
    birdChannel: bird.channel,
  });
  await fillCorpus(t.stack.env['DATABASE_URL'] ?? '', jobs, console.log);
  const get = async (path: string, key: string): Promise<void> => {
    const headers = { authorization: `Bearer ${key}` };
    const answer = await request(`${t.api}${path}`, { dispatcher: agent, headers });
    const body = await answer.body.text();
    if (answer.statusCode !== 200) throw new Error(`${path}: ${answer.statusCode} ${body.slice(0, 200)}`);
  };
  const keyOf = (door: Listing['door']): string => (door === 'courier' ? SEEDED_API_KEY : bird.key);

  const before = machine();
  const courierPlaces = await places(db, SEEDED_WORKSPACE_ID, SINGLE);
  const birdPlaces = await places(db, bird.id, SINGLE);
  const single = {
    'GET /messages/{id}': await timeEach(courierPlaces, WARM_UP, ({ id }) =>
      get(`/messages/${toCourierId(id)}`, SEEDED_API_KEY),
    ),
    'GET …/messages/{messageId}': await timeEach(birdPlaces, WARM_UP, ({ id }) =>
      get(`/workspaces/${bird.id}/channels/${bird.channel}/messages/${id}`, bird.key),
    ),
  };
  printTable(
    `One message, of ${messages}`,
    Object.entries(single).map(([name, times]) => rowOf(name, times, MESSAGE_TARGET_MS)),
  );

  const [some] = courierPlaces;
  if (!some) throw new Error('The corpus is empty.');
  const listings = [
    ...courierListings(jobs, some),
    ...birdListings(jobs, { workspace: bird.id, channel: bird.channel }),
  ];
  const pages = [];
  for (const listing of listings) {
    const from = (listing.door === 'courier' ? courierPlaces : birdPlaces).slice(0, PAGES);
    const first = await timeEach(from, WARM_UP, () => get(listing.path, keyOf(listing.door)));
    const deep = await timeEach(from, WARM_UP, (place) => get(deepPage(listing, place), keyOf(listing.door)));
    const path = deepPage(listing, from[Math.floor(from.length / 2)] ?? some);
    const plans = { first: await planOf(db, listing, listing.path), deep: await planOf(db, listing, path) };
    pages.push({ ...listing, first, deep, plans });
    console.log(`${listing.door} ${listing.name}: ${first.p99.toFixed(1)}, ${deep.p99.toFixed(1)} ms`);
  }
  printTable(
    `Pages of 100, ${PAGES} times each`,
    pages.map(({ door, name, first, deep }) => ({
      ...{ listing: `${door} ${name}`, 'first p50': first.p50, 'first p99': first.p99 },
      ...{ 'anywhere p50': deep.p50, 'anywhere p99': deep.p99 },
      'under 100 ms': verdict(Math.max(first.p99, deep.p99), PAGE_TARGET_MS),
    })),
  );
  printTable(
    'How Postgres reads them (the worse of first page and middle)',
    pages.map(({ door, name, plans }) => {
      const plan = plans.first.ms > plans.deep.ms ? plans.first : plans.deep;
      return {
        ...{ listing: `${door} ${name}`, ms: plan.ms, rows: plan.rows, buffers: plan.buffers },
        ...{ whole: plan.tables.join(' ') || '-', indexes: plan.indexes.join(' ') },
      };
    }),
  );
  const after = machine();
  console.log(
    `\nload average before ${before.load}, after ${after.load}; ${after.cpus} CPUs, Node ${after.node}`,
  );
  writeJson(json, { messages, before, after, single, pages });

  async function planOf(on: Database, { door }: Listing, path: string) {
    const service = createService({ notifier: { look: () => undefined, liveStatus: async () => undefined } });
    const recorder = recording(on);
    const dialect = door === 'courier' ? createCourierDialect({ service }) : createBirdDialect({ service });
    const url = new URL(path, t.api);
    const query = Object.fromEntries(
      [...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)]),
    );
    const workspaceId = door === 'courier' ? SEEDED_WORKSPACE_ID : bird.id;
    await callerOf(dialect, recorder)('GET', url.pathname, { query, workspaceId });
    const page = recorder.asked.findLast(({ text }) => text.includes('with page as'));
    return page ? explain(on, page) : { indexes: [], tables: [], rows: 0, buffers: 0, ms: 0 };
  }
}

/** Messages anywhere among those that listings show. */
async function places(db: Database, workspaceId: string, count: number): Promise<readonly Place[]> {
  return db.query<{ id: string; createdAt: Date }>(
    `select m.id, m.created_at as "createdAt" from messages m join jobs j on j.id = m.job_id
     where m.workspace_id = $1 and j.phase <> 'open' and mod(hashtext(m.id::text), $3) = 0
     order by md5(m.id::text) limit $2`,
    [workspaceId, count, Math.max(1, Math.floor(messages / 20 / count))],
  );
}

async function otherWorkspace(t: TestStack): Promise<{ id: string; key: string; channel: string }> {
  const authorization = `Bearer ${t.stack.env['VOLLEY_ADMIN_KEY']}`;
  const { body: made } = await t.call('POST', '/v1/workspaces', { name: 'bench' }, { authorization });
  const { body: key } = await t.call('POST', `/v1/workspaces/${made.id}/keys`, {}, { authorization });
  const { body: channel } = await t.call(
    ...(['POST', `/v1/workspaces/${made.id}/channels`] as const),
    { kind: 'email', provider: 'sandbox', name: 'bench' },
    { authorization: `Bearer ${key.key}` },
  );
  return { id: made.id, key: key.key, channel: channel.id };
}

function rowOf(name: string, { count, p50, p99, max }: Times, targetMs: number) {
  return { what: name, count, p50, p99, max, [`under ${targetMs} ms`]: verdict(p99, targetMs) };
}

function verdict(ms: number, targetMs: number): string {
  return ms < targetMs ? 'yes' : 'NO';
}

void main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
