/**
 * Volley through its HTTP API, as a client sees it: a job is created, filled with 1,000 users a call, run, and asked for until it
 * says COMPLETED. Worker and API are processes of their own, as `npm start` has them, below this one. The variant is the lane.
 */
import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import { startStack } from '../../../src/runtime/embedded/stack';
import { embeddedEnvironment } from '../../../src/cli/environment';
import { runMigrate } from '../../../src/cli/processes';
import { SEEDED_API_KEY, SEEDED_WORKSPACE_ID } from '../../../src/service/seed-workspace';
import { CONTRACT, nowMs, type FinalState, type Recipient } from '../contract';
import { required, serveProgram, type Place } from '../program';

const ROOT = join(__dirname, '../../..');
const USERS_PER_CALL = 1_000;
/** What a client that wants to know soon would do. */
const POLL_MS = 50;
const LANES = ['workflow', 'page'];

serveProgram(async (place) => {
  const lane = required(place.variant, 'lane');
  if (!LANES.includes(lane)) throw new Error(`no lane is called ${lane}`);
  const stack = await startVolley(place);
  try {
    const call = caller(stack.urls.api);
    await call('POST', `/v1/workspaces/${SEEDED_WORKSPACE_ID}/channels`, {
      ...{ kind: 'webhook', provider: 'webhook', name: 'sink' },
      settings: { url: place.sinkUrl },
    });
    const jobs = new Map<string, string>();
    return {
      async run(recipients, run) {
        const submit = nowMs();
        const jobId = await createJob(call, lane);
        jobs.set(run, jobId);
        for (let from = 0; from < recipients.length; from += USERS_PER_CALL) {
          await fill(call, jobId, recipients.slice(from, from + USERS_PER_CALL));
        }
        const submitted = nowMs();
        await call('POST', `/bulk/${jobId}/run`);
        const released = nowMs();
        for (;;) {
          const { job } = (await call('GET', `/bulk/${jobId}`)) as { job: { status: string } };
          if (job.status === 'COMPLETED') return { submit, submitted, released, end: nowMs() };
          if (job.status === 'ERROR') throw new Error(`the job ended with ERROR`);
          await sleep(POLL_MS);
        }
      },
      states: (run) => readStates(required(place.databaseUrl, 'database'), run),
      close: () => stack.stop(),
    };
  } catch (error) {
    await stack.stop();
    throw error;
  }
});

/** The contract's retries, in this product's settings; the factor is 3 and no setting. */
function startVolley(place: Place) {
  const { dir } = place;
  const base = {
    ...process.env,
    VOLLEY_LOG_LEVEL: 'warn',
    VOLLEY_RETRY_BASE_MS: String(CONTRACT.backoffMs),
    VOLLEY_RETRY_MAX_ATTEMPTS: String(CONTRACT.maxAttempts),
  };
  return startStack({
    dataDir: dir,
    ...{ apiPort: 0, postgresPort: 0, temporalPort: 0, temporalUiPort: 0, namespace: 'default' },
    databaseUrl: required(place.databaseUrl, 'database'),
    temporalAddress: required(place.temporalAddress, 'Temporal'),
    commandFor: (name) => ({
      command: process.execPath,
      args: [...process.execArgv, join(ROOT, 'src/cli.ts'), name],
    }),
    startProcesses: true,
    baseEnv: embeddedEnvironment(base, dir),
    migrate: async (env) => void (await runMigrate(env)),
    handleSignals: false,
  });
}

type Call = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<unknown>;

/** @throws Error with the API's own words on anything but a 2xx: a lane that does not exist says so this way. */
function caller(api: string): Call {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${api}${path}`, {
      method,
      headers: { authorization: `Bearer ${SEEDED_API_KEY}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
}

async function createJob(call: Call, lane: string): Promise<string> {
  const message = {
    content: { title: 'Hi', body: 'Hello {{name}}' },
    routing: { method: 'single', channels: ['webhook'] },
  };
  const headers = lane === 'workflow' ? {} : { 'Volley-Options': `fanOut=${lane}` };
  const { jobId } = (await call('POST', '/bulk', { message: { message } }, headers)) as { jobId: string };
  return jobId;
}

async function fill(call: Call, jobId: string, recipients: readonly Recipient[]): Promise<void> {
  const users = recipients.map(({ id, data }) => ({ recipient: id, data }));
  const { total, errors } = (await call('POST', `/bulk/${jobId}`, { users })) as {
    total: number;
    errors?: unknown[];
  };
  if (total !== users.length)
    throw new Error(`${users.length - total} users refused: ${JSON.stringify(errors?.[0])}`);
}

/** From the ledger by the recipient's id; the API has the same by message id, a hundred calls a page. */
async function readStates(databaseUrl: string, run: string): Promise<Record<string, FinalState>> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const { rows } = await client.query<{ recipient_id: string; state: FinalState }>(
      `select m.recipient_id, s.state from messages m join message_states s on s.message_id = m.id
        where m.recipient_id like $1 and s.state in ('sent', 'failed')`,
      [`${run}-%`],
    );
    return Object.fromEntries(rows.map((row) => [row.recipient_id, row.state]));
  } finally {
    await client.end();
  }
}
