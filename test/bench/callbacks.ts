/**
 * What vendors tell, absorbed beside a running job on the whole stack: 50,000 events a minute, nine tenths of them in
 * signed SendGrid batches of 1,000, the rest as single Twilio callbacks. Jobs run in turn without and with that load, A B A B;
 * the ratio is the figure. Then SendGrid batches as fast as they are taken. Others that load the machine make times upper bounds.
 *
 *   npm run bench:callbacks -- [recipients] [rounds] [--json FILE]
 */
import { type TestStack, startTestStack } from '../support/stack';
import { fillSent } from './corpus/sent';
import { floodLoad, pacedLoad, type Absorbed } from './load/paced';
import { sendgridVendor, twilioVendor, TWILIO_ACCOUNT, TWILIO_TOKEN } from './load/vendors';
import { runBulkJob } from './measure/bulk-job';
import { machine, printTable, readArguments, writeJson } from './measure/report';
import { summarise } from './measure/times';

const { json, rest } = readArguments(process.argv.slice(2));
const recipients = Number(rest[0] ?? 2_000);
const rounds = Number(rest[1] ?? 2);
/** 45,000 events a minute in batches, and 5,000 alone. */
const BATCH_EVERY_MS = 60_000 / 45;
const SINGLE_EVERY_MS = 60_000 / 5_000;
const MAILS = 200_000;
const TEXTS = 40_000;
const FLOOD = { calls: 40, abreast: 4 };

async function main(): Promise<void> {
  const t = await startTestStack({ VOLLEY_LOG_LEVEL: 'warn' });
  try {
    await measure(t);
  } finally {
    await t.close();
  }
}

async function measure(t: TestStack): Promise<void> {
  const vendors = await vendorsOf(t);
  const before = machine();
  await runBulkJob(t, Math.min(200, recipients)); // warm-up
  const alone: number[] = [];
  const beside: number[] = [];
  const batches: Absorbed[] = [];
  const singles: Absorbed[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    alone.push((await runBulkJob(t, recipients)).perSecond);
    const loads = [
      pacedLoad(vendors.batch, BATCH_EVERY_MS),
      pacedLoad(vendors.single, SINGLE_EVERY_MS),
    ] as const;
    beside.push((await runBulkJob(t, recipients)).perSecond);
    batches.push(await loads[0].stop());
    singles.push(await loads[1].stop());
    console.log(`round ${round}: ${alone.at(-1)?.toFixed(1)}/s alone, ${beside.at(-1)?.toFixed(1)}/s beside`);
  }
  const flood = await floodLoad(vendors.batch, FLOOD);
  const after = machine();

  const taken = {
    'SendGrid, by 1,000': total(batches),
    'Twilio, by 1': total(singles),
    'flood, by 1,000': flood,
  };
  printTable(
    'Events absorbed',
    Object.entries(taken).map(([load, { events, stored, ms, seconds }]) => {
      const { count, p50, p99, max } = summarise(ms);
      return { load, posts: count, events, stored, 'events/s': events / seconds, p50, p99, max };
    }),
  );
  const ratio = median(beside.map((value, round) => value / (alone[round] ?? 1)));
  printTable(`A bulk job of ${recipients}, median of ${rounds}`, [
    { 'alone /s': median(alone), 'beside /s': median(beside), ratio: ratio.toFixed(2) },
  ]);
  console.log(
    `\nload average before ${before.load}, after ${after.load}; ${after.cpus} CPUs, Node ${after.node}`,
  );
  const results = Object.entries(taken).map(([load, { ms, ...absorbed }]) => ({
    ...{ load, ...absorbed, post: summarise(ms) },
  }));
  writeJson(json, { recipients, rounds, before, after, alone, beside, ratio, results });
}

/** A workspace of its own with a SendGrid and a Twilio channel, and messages that both have taken. */
async function vendorsOf(t: TestStack) {
  const admin = { authorization: `Bearer ${t.stack.env['VOLLEY_ADMIN_KEY']}` };
  const { body: workspace } = await t.call('POST', '/v1/workspaces', { name: 'vendors' }, admin);
  const channels = `/v1/workspaces/${workspace.id}/channels`;
  const connectionString = t.stack.env['DATABASE_URL'] ?? '';
  const { body: key } = await t.call('POST', `/v1/workspaces/${workspace.id}/keys`, {}, admin);
  const own = { authorization: `Bearer ${key.key}` };

  const twilioSettings = { accountSid: TWILIO_ACCOUNT, from: '+15005550006' };
  const { body: twilio } = await t.call(
    ...(['POST', channels] as const),
    {
      ...{ kind: 'sms', provider: 'twilio', name: 'texts', settings: twilioSettings },
      credentials: { authToken: TWILIO_TOKEN },
    },
    own,
  );
  const email = { kind: 'email', provider: 'sendgrid', name: 'mails', credentials: { apiKey: 'SG.bench' } };
  const identities = ['news@example.test'];
  const { body: sendgrid } = await t.call('POST', channels, { ...email, settings: { identities } }, own);
  const to = { workspaceId: workspace.id };
  const mails = sendgridVendor(
    await fillSent(connectionString, { ...to, channelId: sendgrid.id, provider: 'sendgrid', count: MAILS }),
  );
  const settings = { identities, eventPublicKey: mails.publicKey };
  await t.call('PATCH', `${channels}/${sendgrid.id}`, { settings }, own);
  const texts = twilioVendor(
    await fillSent(connectionString, { ...to, channelId: twilio.id, provider: 'twilio', count: TEXTS }),
  );
  return {
    batch: () => mails.next(`${t.api}/callbacks/${sendgrid.id}/sendgrid`),
    single: () => texts.next(`${t.api}/callbacks/${twilio.id}/twilio`),
  };
}

function total(parts: readonly Absorbed[]): Absorbed {
  const sum = (of: (part: Absorbed) => number): number => parts.reduce((all, part) => all + of(part), 0);
  return {
    events: sum(({ events }) => events),
    stored: sum(({ stored }) => stored),
    ms: parts.flatMap(({ ms }) => ms),
    seconds: sum(({ seconds }) => seconds),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}

void main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
