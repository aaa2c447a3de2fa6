import { setTimeout as sleep } from 'node:timers/promises';
import { SEEDED_API_KEY } from '../../../src/service/seed-workspace';
import { CONTRACT, type Recipient } from '../contract';
import { eachAtOnce } from '../post';

const USERS_PER_CALL = 1_000;
/** As many as make the API and Postgres work at the same time; the job's lock takes one after the other. */
const FILLS_AT_ONCE = 2;

export const LANES = ['workflow', 'page'] as const;
export type Lane = (typeof LANES)[number];

/**
 * What a client that wants to know soon would do: each asking is work of the same machine, 2.5 ms of it, so a lane that takes half a minute is
 * asked less often than one that takes seconds.
 */
export const POLL_MS: Readonly<Record<Lane, number>> = { page: 50, workflow: 200 };

/** The contract's retries, in this product's settings. */
export const CONTRACT_ENV = {
  VOLLEY_LOG_LEVEL: 'warn',
  VOLLEY_RETRY_BASE_MS: String(CONTRACT.backoffMs),
  VOLLEY_RETRY_FACTOR: String(CONTRACT.backoffFactor),
  VOLLEY_RETRY_MAX_ATTEMPTS: String(CONTRACT.maxAttempts),
} as const;

export type Call = (
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<unknown>;

/** @throws Error for anything but the name of a lane. */
export function laneOf(name: string): Lane {
  const lane = LANES.find((each) => each === name);
  if (lane === undefined) throw new Error(`no lane is called ${name}`);
  return lane;
}

/**
 * The HTTP API as a client with one key sees it: JSON in, JSON out. The calls that are made throw an Error with the API's own words
 * on anything but a 2xx: a lane that does not exist says so this way.
 */
export function createCaller(api: string, key: string = SEEDED_API_KEY): Call {
  return async (method, path, body, headers = {}) => {
    const response = await fetch(`${api}${path}`, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  };
}

/** What each recipient gets, by whichever webhook channel the workspace has: the sink's, or its sandbox. */
export const MESSAGE = {
  content: { title: 'Hi', body: 'Hello {{name}}' },
  routing: { method: 'single', channels: ['webhook'] },
} as const;

/**
 * A channel of the workspace to the sink, which is said to know a repeated key for `dedupeWindowSeconds` (a day where absent).
 * @returns its id.
 */
export async function addSinkChannel(
  call: Call,
  workspaceId: string,
  settings: { readonly url: string; readonly dedupeWindowSeconds?: number },
): Promise<string> {
  const { id } = (await call('POST', `/v1/workspaces/${workspaceId}/channels`, {
    ...{ kind: 'webhook', provider: 'webhook', name: 'sink' },
    settings,
  })) as { id: string };
  return id;
}

export async function createJob(call: Call, lane: Lane): Promise<string> {
  const headers = { 'Volley-Options': `fanOut=${lane}` };
  const { jobId } = (await call('POST', '/bulk', { message: { message: MESSAGE } }, headers)) as {
    jobId: string;
  };
  return jobId;
}

/** Adds recipients, 1,000 a call, two calls at once. @throws Error when one is refused. */
export async function fillJob(call: Call, jobId: string, recipients: readonly Recipient[]): Promise<void> {
  const firsts = Array.from(
    { length: Math.ceil(recipients.length / USERS_PER_CALL) },
    (_, page) => page * USERS_PER_CALL,
  );
  await eachAtOnce(firsts, FILLS_AT_ONCE, async (from) => {
    const users = recipients
      .slice(from, from + USERS_PER_CALL)
      .map(({ id, data }) => ({ recipient: id, data }));
    const { total, errors } = (await call('POST', `/bulk/${jobId}`, { users })) as {
      total: number;
      errors?: unknown[];
    };
    if (total !== users.length)
      throw new Error(`${users.length - total} users refused: ${JSON.stringify(errors?.[0])}`);
  });
}

export interface JobStatus {
  readonly status: string;
  readonly counts: Readonly<Record<string, number>>;
}

export async function statusOf(call: Call, jobId: string): Promise<JobStatus> {
  return ((await call('GET', `/bulk/${jobId}`)) as { job: JobStatus }).job;
}

/** Asks until the job is over. @throws Error when it ended with ERROR, or not within `timeoutMs`. */
export async function untilCompleted(
  call: Call,
  jobId: string,
  timeoutMs = Infinity,
  pollMs = POLL_MS.page,
): Promise<void> {
  for (const endMs = Date.now() + timeoutMs; ;) {
    const { status, counts } = await statusOf(call, jobId);
    if (status === 'COMPLETED') return;
    if (status === 'ERROR') throw new Error(`the job ended with ERROR`);
    if (Date.now() > endMs) throw new Error(`not over in ${timeoutMs} ms: ${JSON.stringify(counts)}`);
    await sleep(pollMs);
  }
}
