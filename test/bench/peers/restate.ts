/**
 * Restate: a durable handler with one `ctx.run`, called one way for each recipient with its id as idempotency key, 50 calls at once.
 * The contract's retries, in `ctx.run`; a refusal is a TerminalError. States are read from its own SQL.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { serve, service, TerminalError, type Context } from '@restatedev/restate-sdk';
import { freePort } from '../../../src/runtime/embedded/ports';
import { CONTRACT, nowMs, type FinalState, type Recipient } from '../contract';
import { createPost, eachAtOnce } from '../post';
import { serveProgram } from '../program';
import { startRestateServer } from './restate-server';

const SUBMITTERS = 50;
const POLL_MS = 50;

serveProgram(async (place) => {
  const post = createPost(place.sinkUrl);
  const deliver = async (recipient: Recipient): Promise<void> => {
    const answer = await post(recipient);
    if (answer === 'refused') throw new TerminalError('refused by the sink');
    if (answer === 'retry') throw new Error('not taken by the sink');
  };
  const delivery = service({
    name: 'Delivery',
    handlers: {
      send: (ctx: Context, recipient: Recipient): Promise<void> =>
        ctx.run('post', () => deliver(recipient), {
          maxRetryAttempts: CONTRACT.maxAttempts,
          initialRetryInterval: CONTRACT.backoffMs,
          retryIntervalFactor: CONTRACT.backoffFactor,
        }),
    },
  });
  const port = await serve({ services: [delivery], port: await freePort() });
  const server = await startRestateServer(place.dir);
  await postJson(`${server.adminUrl}/deployments`, { uri: `http://127.0.0.1:${port}` });
  const agent = new Agent({ keepAlive: true, maxSockets: SUBMITTERS });

  const query = async <T>(text: string): Promise<T[]> => {
    const { rows } = (await postJson(`${server.adminUrl}/query`, { query: text })) as { rows: T[] };
    return rows;
  };
  const ended = (run: string): string =>
    `from sys_invocation where status = 'completed' and idempotency_key like '${run}-%'`;
  return {
    async run(recipients, run) {
      const submit = nowMs();
      const url = `${server.ingressUrl}/Delivery/send/send`;
      await eachAtOnce(recipients, SUBMITTERS, (recipient) => submitOne(url, agent, recipient));
      const submitted = nowMs();
      for (;;) {
        const [row] = await query<{ n: number }>(`select count(*) as n ${ended(run)}`);
        if (Number(row?.n) === recipients.length)
          return { submit, submitted, released: submit, end: nowMs() };
        await sleep(POLL_MS);
      }
    },
    async states(run) {
      const rows = await query<{ id: string; result: string }>(
        `select idempotency_key as id, completion_result as result ${ended(run)}`,
      );
      return Object.fromEntries(
        rows.map(({ id, result }): [string, FinalState] => [id, result === 'success' ? 'sent' : 'failed']),
      );
    },
    async close() {
      agent.destroy();
      await server.close();
    },
  };
});

async function postJson(url: string, body: unknown): Promise<unknown> {
  const headers = { 'content-type': 'application/json', accept: 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
  return response.json();
}

function submitOne(url: string, agent: Agent, recipient: Recipient): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'idempotency-key': recipient.id };
    const call = request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () => {
        if ((response.statusCode ?? 500) < 300) resolve();
        else reject(new Error(`Restate's ingress answered ${response.statusCode}`));
      });
    });
    call.once('error', reject);
    call.end(JSON.stringify(recipient));
  });
}
