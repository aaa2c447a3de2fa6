import { fieldOf } from '../../runtime/local-client';
import { SEEDED_WORKSPACE_ID } from '../../service/seed-workspace';
import { OperatorError } from '../../domain/operator-error';
import { paint } from '../screen';
import { poll, textField, type DemoClient } from './client';
import { type Person } from './people';

/** Long enough to be seen waiting, short enough to wait for. */
const AHEAD_MS = 5_000;
const ASK = { everyMs: 100, timeoutMs: 60_000 };

/** Three messages through Bird's API, the last a few seconds ahead; prints each change of where they stand. */
export async function batchPart(
  client: DemoClient,
  channelId: string,
  people: readonly Person[],
): Promise<string> {
  const channel = `/workspaces/${SEEDED_WORKSPACE_ID}/channels/${channelId}`;
  const startedMs = Date.now();
  const scheduledFor = new Date(startedMs + AHEAD_MS).toISOString();
  const [ann, ben, cleo] = people.filter(({ email }) => email !== '');
  const answer = await client.call('POST', `${channel}/batch/messages`, {
    messageRequests: [
      messageTo(ann, 'Your order is packed', 'It leaves tomorrow morning.'),
      messageTo(ben, 'Your order is on its way', 'It should be with you by Friday.'),
      { ...messageTo(cleo, 'How was it?', 'Tell us in two clicks.'), scheduledFor },
    ],
  });
  const batchId = textField(answer, 'id');
  console.log(`\n${paint('bold', 'A batch of 3')} through Bird's API: ${batchId}\n`);
  console.log(`  the third is scheduled for ${scheduledFor}\n`);
  let shown = '';
  const end = await poll('the batch to finish', ASK, async () => {
    const statuses = await readStatuses(client, channel, batchId);
    const line = statuses
      .map((status) => status.padEnd(10))
      .join('  ')
      .trimEnd();
    const seconds = ((Date.now() - startedMs) / 1_000).toFixed(1);
    if (line !== shown) console.log(`  ${seconds.padStart(4)} s   ${line}`);
    shown = line;
    return statuses.some((status) => ['accepted', 'scheduled', 'processing'].includes(status))
      ? undefined
      : statuses;
  });
  if (end.some((status) => status !== 'sent'))
    throw new OperatorError(`A message of the demo's batch ended ${shown.trim()}.`);
  if (Date.now() < startedMs + AHEAD_MS)
    throw new OperatorError('The scheduled message of the demo went out too early.');
  return batchId;
}

function messageTo(person: Person | undefined, subject: string, text: string) {
  return {
    receiver: { contacts: [{ identifierKey: 'emailaddress', identifierValue: person?.email }] },
    meta: { email: { subject } },
    body: { type: 'text', text: { text: `Hello ${person?.name},\n\n${text}` } },
  };
}

/** In the order of the request: the listing has the newest first. */
async function readStatuses(client: DemoClient, channel: string, batchId: string): Promise<string[]> {
  const results = fieldOf(await client.call('GET', `${channel}/messages?batchId=${batchId}`), 'results');
  return (Array.isArray(results) ? (results as unknown[]) : [])
    .map((one) => textField(one, 'status'))
    .reverse();
}
