import { v7 as uuidv7 } from 'uuid';
import { readJobRow } from '../../../src/ledger/read-jobs';
import { ingest } from '../../../src/service/ingest';
import { type IngestResult, type NewRecipient } from '../../../src/service/service';
import { createTestDatabase, type TestDatabase } from '../../support/database';
import { insertJobWith } from './world';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

const person = (name: string): NewRecipient => ({
  identity: name,
  spec: { recipient: { id: name, idGenerated: false, addresses: { inbox: name } }, data: {} },
  echo: { recipient: name },
});

async function openJob(): Promise<{ jobId: string; workspaceId: string }> {
  const { jobId } = await insertJobWith(database.db, 0);
  const [job] = await database.db.query<{ workspace_id: string }>(
    "update jobs set phase = 'open' where id = $1 returning workspace_id",
    [jobId],
  );
  return { jobId, workspaceId: job?.workspace_id ?? '' };
}

function add(
  job: { jobId: string; workspaceId: string },
  names: readonly string[],
  ingestionId?: string,
): Promise<IngestResult> {
  const recipients = names.map(person);
  return database.db.transaction((tx) =>
    ingest(tx, { ...job, recipients, ...(ingestionId === undefined ? {} : { ingestionId }) }),
  );
}

const inOrder = async (jobId: string): Promise<{ ordinal: number; recipient_id: string }[]> =>
  database.db.query(
    `select m.ordinal, m.recipient_id from messages m join message_states s on s.message_id = m.id and s.ordinal = m.ordinal
     where m.job_id = $1 order by m.ordinal`,
    [jobId],
  );

test('those who are there already and those who come twice are told by their place, the others follow in order', async () => {
  const job = await openJob();
  await add(job, ['a', 'b']);
  const result = await add(job, ['c', 'b', 'd', 'c', 'b', 'a', 'e']);
  expect(result).toMatchObject({ total: 3, duplicates: [1, 3, 4, 5] });
  expect((await inOrder(job.jobId)).map((row) => `${row.ordinal} ${row.recipient_id}`)).toEqual([
    '0 a',
    '1 b',
    '2 c',
    '3 d',
    '4 e',
  ]);
  expect(await readJobRow(database.db, job.jobId)).toMatchObject({ received: 5, pending: 5 });
});

test('the same ingestion again gets its first answer and adds nobody', async () => {
  const job = await openJob();
  const first = await add(job, ['a', 'a'], 'monday');
  expect(await add(job, ['x', 'y', 'z'], 'monday')).toEqual(first);
  expect(await inOrder(job.jobId)).toHaveLength(1);
});

test('a call in which all are there already, and one with nobody, add nobody and raise the version', async () => {
  const job = await openJob();
  await add(job, ['a']);
  expect(await add(job, ['a'])).toMatchObject({ total: 0, duplicates: [0] });
  expect(await add(job, [])).toMatchObject({ total: 0, duplicates: [] });
  const [row] = await database.db.query('select next_ordinal, version from jobs where id = $1', [job.jobId]);
  expect(row).toEqual({ next_ordinal: 1, version: 4 });
});

test('of two calls at once with the same people each person is taken once, without a gap', async () => {
  const job = await openJob();
  const names = Array.from({ length: 60 }, (_, i) => `p${i}`);
  const calls = await Promise.all([0, 20, 40].map((from) => add(job, names.slice(from, from + 20 + from))));
  const more = await Promise.all([add(job, names), add(job, [...names].reverse())]);
  const added = [...calls, ...more].reduce((sum, { total }) => sum + total, 0);
  expect(added).toBe(60);
  const rows = await inOrder(job.jobId);
  expect(rows.map(({ ordinal }) => ordinal)).toEqual(names.map((_, i) => i));
  expect(new Set(rows.map((row) => row.recipient_id)).size).toBe(60);
});

test('a job that was run, and one of another workspace, take nobody', async () => {
  const job = await openJob();
  await expect(add({ ...job, workspaceId: uuidv7() }, ['a'])).rejects.toMatchObject({ code: 'not_found' });
  await database.db.query("update jobs set phase = 'running' where id = $1", [job.jobId]);
  await expect(add(job, ['a'])).rejects.toMatchObject({ code: 'job_not_open' });
  expect(await inOrder(job.jobId)).toEqual([]);
});

describe('the database refuses', () => {
  const foreignKey = { code: '23503' };

  test('a message without its job, and a state without its message', async () => {
    await expect(
      database.db.query(
        `insert into messages (id, workspace_id, job_id, ordinal, recipient_id, spec, echo) values ($1, $2, $3, 0, 'r', '{}', '{}')`,
        [uuidv7(), uuidv7(), uuidv7()],
      ),
    ).rejects.toMatchObject(foreignKey);
    const { jobId } = await insertJobWith(database.db, 0);
    await expect(
      database.db.query(
        `insert into message_states (message_id, workspace_id, job_id, ordinal, due_at) values ($1, $2, $3, 0, now())`,
        [uuidv7(), uuidv7(), jobId],
      ),
    ).rejects.toMatchObject(foreignKey);
  });

  test('to remove a job with messages, or a message with its state', async () => {
    const { jobId, messageIds } = await insertJobWith(database.db, 1);
    await expect(database.db.query('delete from jobs where id = $1', [jobId])).rejects.toMatchObject(
      foreignKey,
    );
    await expect(
      database.db.query('delete from messages where id = $1', [messageIds[0]]),
    ).rejects.toMatchObject(foreignKey);
  });
});
