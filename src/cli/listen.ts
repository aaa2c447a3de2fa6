import { type Command } from 'commander';
import { createLocalClient, fieldOf, UnreachableError, type LocalClient } from '../runtime/local-client';
import { startWebhookListener, type Heard } from '../runtime/webhook-listener';
import { SEEDED_WORKSPACE_ID } from '../service/seed-workspace';
import { OperatorError } from '../domain/operator-error';
import { apiKey, apiUrl } from './reach';
import { paint } from './screen';
import { stopRequested } from './stop-requested';

interface Options {
  readonly port: string;
  readonly workspace?: string;
  readonly api?: string;
  readonly key?: string;
  readonly events?: string;
}

/** By this word a later `listen` knows what one that was killed has left behind. */
const DESCRIPTION = 'volley listen';

export function addListenCommand(program: Command): void {
  program
    .command('listen')
    .description('print verified webhooks of a running Volley as they arrive, until Ctrl-C')
    .option('--port <port>', 'where to listen on this machine; 0 picks one', '0')
    .option('--events <types>', 'only these, by commas: message.delivered,job.completed')
    .option('--workspace <id>', 'whose events; the seeded workspace where it is left out')
    .option('--api <url>', 'where Volley is (else VOLLEY_API_URL, else the stack on the data directory)')
    .option('--key <key>', 'a key of the workspace (else VOLLEY_API_KEY)')
    .action(runListen);
}

async function runListen(options: Options): Promise<void> {
  const stop = stopRequested();
  const listening = await listen({ ...options, print: (line) => console.log(line) });
  console.error(`Listening on ${listening.url}; Ctrl-C removes the endpoint again.`);
  await stop;
  await listening.close();
}

/** Registers a temporary endpoint of our own form at a port of this machine; `close` removes it. Throws OperatorError. */
export async function listen(
  options: Options & { readonly print: (line: string) => void },
): Promise<{ url: string; close(): Promise<void> }> {
  const port = Number(options.port);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new OperatorError('The port has to be a number from 0 to 65535.');
  const [url, key] = [apiUrl(options.api), apiKey(options.key)];
  if (!url || !key) {
    throw new OperatorError('Where is Volley? Start it (volley start), or give --api and --key.');
  }
  const workspace = options.workspace ?? SEEDED_WORKSPACE_ID;
  const path = `/v1/workspaces/${workspace}/webhooks`;
  const client = createLocalClient({ url, key });
  await removeLeftOvers(client, path);
  const listener = await startWebhookListener({ port, onHeard: (heard) => options.print(lineOf(heard)) });
  try {
    const made = await register(client, path, listener.url, options.events);
    listener.useSecret(made.secret);
    return {
      url: listener.url,
      async close() {
        await client.call('DELETE', `${path}/${made.id}`).catch((error: unknown) => {
          if (!(error instanceof UnreachableError)) throw error;
          // Volley stopped first: the next listen clears the endpoint away.
        });
        await listener.close();
      },
    };
  } catch (error) {
    await listener.close();
    throw error;
  }
}

async function register(
  client: LocalClient,
  path: string,
  url: string,
  events: string | undefined,
): Promise<{ id: string; secret: string }> {
  const { status, body } = await client.call('POST', path, {
    url,
    description: DESCRIPTION,
    ...(events === undefined ? {} : { events: events.split(',').map((type) => type.trim()) }),
  });
  const id = fieldOf(body, 'id');
  const secret = fieldOf(fieldOf(body, 'secrets'), 'secret');
  if (status === 201 && typeof id === 'string' && typeof secret === 'string') return { id, secret };
  const detail = fieldOf(body, 'detail');
  const reason = typeof detail === 'string' ? detail : 'no reason given';
  throw new OperatorError(`Volley refused the endpoint (HTTP ${status}): ${reason}`);
}

/** Endpoints of a `listen` that was killed: nobody answers there any more. */
async function removeLeftOvers(client: LocalClient, path: string): Promise<void> {
  const { body } = await client.call('GET', path);
  const known = fieldOf(body, 'webhooks');
  for (const each of Array.isArray(known) ? (known as unknown[]) : []) {
    const isDead = fieldOf(each, 'failingSince') !== null || fieldOf(each, 'status') === 'disabled';
    if (fieldOf(each, 'description') !== DESCRIPTION || !isDead) continue;
    await client.call('DELETE', `${path}/${String(fieldOf(each, 'id'))}`);
  }
}

/** `time type  job … message …  what else`: ids and reasons, no addresses. */
function lineOf(heard: Heard): string {
  if (!heard.verified) return paint('red', `refused: ${heard.problem}`);
  const { data } = heard;
  const text = (name: string): string | undefined => {
    const value = data[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const parts = [
    heard.timestamp,
    paint('green', heard.type.padEnd('message.undelivered'.length)),
    heard.id,
    ...['jobId', 'messageId', 'percent', 'reason', 'endpointId'].flatMap((name) => {
      const value = text(name);
      return value === undefined ? [] : [`${name.replace(/Id$/, '')} ${value}`];
    }),
    ...(data['counts'] === undefined ? [] : [JSON.stringify(data['counts'])]),
  ];
  return parts.join('  ');
}
