import { randomUUID } from 'node:crypto';
import { LOOKS } from '../../../src/domain/looks';
import { type MessageFilter } from '../../../src/ledger/message-filter';
import { pageOfIds } from '../../../src/ledger/page-of-ids';
import { createTestDatabase, type TestDatabase } from '../../support/database';

const MESSAGES = 50_000;
const JOBS = 50;
const workspaceId = randomUUID();
const channelId = randomUUID();
let database: TestDatabase;
let jobId: string;
let middleId: string;

/** 50,000 messages of 50 jobs, most of them sent, a few of everything else. */
beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  await db.query('insert into workspaces (id, name) values ($1, $2)', [workspaceId, 'big']);
  await db.transaction(async (tx) => {
    // Rows are made as they end; the rules about how they get there are not what is measured.
    await tx.query("set local session_replication_role = 'replica'");
    await tx.query(
      `insert into jobs (id, workspace_id, kind, phase, channel_id, spec, definition)
       select uuidv7(), $1, 'bulk', 'running', $2, '{}', '{}' from generate_series(1, $3)`,
      [workspaceId, channelId, JOBS],
    );
    await tx.query(
      `insert into messages (id, workspace_id, job_id, ordinal, recipient_id, spec, echo, channel_id, event, notification, tenant_id, trace_id)
       select uuidv7(), $1, j.id, n, 'user-' || n % 5000, '{}', '{}', $2, 'event-' || n % 7, 'template-' || n % 7,
         case when n % 100 = 0 then 'acme' end, case when n % 500 = 0 then 'trace-' || n end
       from (select id, row_number() over () as k from jobs where workspace_id = $1) j
       cross join lateral generate_series(1, $3::int) n`,
      [workspaceId, channelId, MESSAGES / JOBS],
    );
    await tx.query(
      `insert into message_states (message_id, workspace_id, job_id, ordinal, state, reason, due_at, reached)
       select id, workspace_id, job_id, ordinal, case when ordinal % 500 = 7 then 'undelivered' when ordinal % 50 = 3 then 'delivered' else 'sent' end,
         case when ordinal % 500 = 7 then 'bounced' end, now(), case when ordinal % 300 = 3 then 8 else 0 end
       from messages where workspace_id = $1`,
      [workspaceId],
    );
    await tx.query(
      `insert into deliveries (id, message_id, workspace_id, route, channel_id, kind, provider)
       select gen_random_uuid(), id, workspace_id, 0, $2, 'email', case when ordinal % 900 = 0 then 'sendgrid' else 'smtp' end
       from messages where workspace_id = $1`,
      [workspaceId, channelId],
    );
    await tx.query(
      `insert into message_tags select workspace_id, 'tag-' || ordinal % 3, id, job_id from messages where workspace_id = $1`,
      [workspaceId],
    );
  });
  for (const table of ['jobs', 'messages', 'message_states', 'deliveries', 'message_tags'])
    await db.query(`vacuum analyze ${table}`);
  const [job] = await db.query<{ id: string }>('select id from jobs where workspace_id = $1 limit 1', [
    workspaceId,
  ]);
  const [middle] = await db.query<{ id: string }>('select id from messages order by id offset 25000 limit 1');
  jobId = job?.id ?? '';
  middleId = middle?.id ?? '';
}, 120_000);
afterAll(() => database.drop());

const looksIn = (...states: string[]) => LOOKS.filter(({ state }) => states.includes(state));
const later = new Date(Date.now() + 86_400_000);

const FILTERS: Record<string, () => Partial<MessageFilter>> = {
  'no filter': () => ({}),
  'not archived': () => ({ archived: false }),
  'a later page': () => ({ after: { id: middleId } }),
  'oldest first': () => ({ oldestFirst: true, after: { id: middleId } }),
  'a message': () => ({ messageId: middleId }),
  'a recipient': () => ({ recipientId: 'user-77' }),
  'a recipient that is not there': () => ({ recipientId: 'nobody' }),
  'a channel': () => ({ channelId }),
  'a channel without messages': () => ({ channelId: randomUUID() }),
  'a tenant': () => ({ tenantId: 'acme' }),
  'an event': () => ({ event: 'event-3' }),
  'an event that is not there': () => ({ event: 'none' }),
  'a notification': () => ({ notification: 'template-3' }),
  'a trace id': () => ({ traceId: 'trace-500' }),
  'a job': () => ({ jobId, after: { id: middleId } }),
  'a job and a rare status': () => ({ jobId, looks: looksIn('undelivered') }),
  'a job and a common status': () => ({ jobId, looks: looksIn('sent') }),
  'a common status': () => ({ looks: looksIn('sent'), after: { id: middleId } }),
  'a rare status': () => ({ looks: looksIn('undelivered') }),
  'a status that nothing has': () => ({ looks: looksIn('waiting') }),
  'many statuses': () => ({ looks: looksIn('undelivered', 'delivered', 'sent', 'failed') }),
  'what was opened': () => ({ looks: LOOKS.filter(({ why }) => why === 'opened') }),
  tags: () => ({ tags: ['tag-1', 'tag-none'] }),
  providers: () => ({ providers: ['sendgrid', 'twilio'] }),
  'a provider and a status': () => ({ providers: ['sendgrid'], looks: looksIn('sent') }),
  'a range of time': () => ({ startAt: new Date(0), endAt: later }),
  'a time that is not there': () => ({ startAt: later }),
};

test('what a large job hides is passed over in the index, and none of its rows is looked up', async () => {
  const { db } = database;
  await db.query(
    `update jobs set phase = 'open', next_ordinal = 1000 where id in (select id from jobs where workspace_id = $1 order by id desc limit 30)`,
    [workspaceId],
  );
  const ofLooks = [{ looks: looksIn('sent') }, { looks: LOOKS }];
  try {
    for (const filter of [{}, { event: 'event-3' }, { tags: ['tag-1'] }, ...ofLooks]) {
      const { sql, values } = pageOfIds({ workspaceId, limit: 101, archived: false, ...filter });
      const [row] = await db.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
        `explain (analyze, format json) ${sql}`,
        values,
      );
      const nodes = nodesOf(row?.['QUERY PLAN'][0]?.Plan).filter(
        (node) => node['Relation Name'] !== undefined && node['Node Type'] !== 'Index Only Scan',
      );
      const looked = nodes.map(looksAt);
      expect(Math.max(0, ...looked)).toBeLessThan(2_500);
    }
  } finally {
    await db.query(`update jobs set phase = 'running' where workspace_id = $1`, [workspaceId]);
  }
});

test('what is passed over by status is not looked up either: the index is read alone', async () => {
  const { sql, values } = pageOfIds({ workspaceId, limit: 101, looks: looksIn('undelivered') });
  const [row] = await database.db.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(
    `explain (analyze, format json) ${sql}`,
    values,
  );
  const nodes = nodesOf(row?.['QUERY PLAN'][0]?.Plan).filter(
    (node) => node['Index Name'] === 'message_states_by_look',
  );
  expect(new Set(nodes.map((node) => node['Node Type']))).toEqual(new Set(['Index Only Scan']));
});

test.each(Object.keys(FILTERS))(
  '%s: a page reads an index, never a whole table, and is quick',
  async (name) => {
    const { sql, values } = pageOfIds({ workspaceId, limit: 101, ...FILTERS[name]?.() });
    const [row] = await database.db.query<{ 'QUERY PLAN': [{ Plan: Plan; 'Execution Time': number }] }>(
      `explain (analyze, format json) ${sql}`,
      values,
    );
    const plan = row?.['QUERY PLAN'][0];
    const scanned = nodesOf(plan?.Plan).filter((node) => node['Node Type'] === 'Seq Scan');
    expect(scanned.map((node) => node['Relation Name']).filter((table) => table !== 'jobs')).toEqual([]);
    // A page of 101 looks at few rows more than it shows; the bound is rows, not ms, since machines differ.
    const rows = nodesOf(plan?.Plan)
      .filter((node) => node['Relation Name'] !== 'jobs')
      .map(looksAt);
    expect(Math.max(...rows)).toBeLessThan(2_500);
  },
);

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Actual Loops': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly Plan[];
}

/** Rows that a step read, also those that it threw away. */
function looksAt(node: Plan): number {
  return (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
}

function nodesOf(plan: Plan | undefined): Plan[] {
  return plan ? [plan, ...(plan.Plans ?? []).flatMap(nodesOf)] : [];
}
