import { auditJob } from '../../audit/audit-job';
import { startDemoInbox, type DemoInbox } from '../../runtime/demo-inbox';
import { type Stack } from '../../runtime/embedded/stack';
import { createLocalClient } from '../../runtime/local-client';
import { SEEDED_API_KEY } from '../../service/seed-workspace';
import { auditVerdict, printAudit } from '../audit-table';
import { OperatorError } from '../../domain/operator-error';
import { onTerminal, paint, printPairs } from '../screen';
import { startEmbedded } from '../start';
import { batchPart } from './batch-part';
import { bulkPart } from './bulk-part';
import { demoClient } from './client';
import { makeDemoPlace } from './demo-place';
import { countsOf, showOneMail, showResult } from './inbox-report';
import { setUpChannel } from './setup';

/** All of them: who got what is counted at the end. */
const KEPT_MAILS = 1_000;

/**
 * `volley demo`: the whole product at work, on a stack of its own. On a terminal it stays up until Ctrl-C, elsewhere it
 * stops everything and ends.
 * @throws OperatorError in one sentence where a recipient was lost or got two; StartupError where the stack won't start.
 */
export async function runDemo(): Promise<void> {
  const startedMs = Date.now();
  const place = makeDemoPlace(process.env);
  console.log(`${paint('bold', 'Volley demo')}: Postgres, Temporal, worker and API, on this machine only\n`);
  const stack = await startEmbedded(place.env, (line) => console.log(`  ${line}`));
  const inbox = await startDemoInbox({ keep: KEPT_MAILS });
  let stays = false;
  try {
    console.log(`  up after ${secondsSince(startedMs)} s, with an SMTP inbox at 127.0.0.1:${inbox.port}`);
    await play(stack, inbox);
    console.log(`\nAll accounted for, in ${secondsSince(startedMs)} s.`);
    stays = onTerminal();
  } finally {
    if (!stays) {
      await stack.stop();
      await inbox.close();
    }
  }
  // The stack's own handler stops it and ends the process; the inbox keeps this one alive until then.
  console.log(stays ? '\nStill up for a look around: Ctrl-C stops and removes everything.' : farewell(place));
}

async function play(stack: Stack, inbox: DemoInbox): Promise<void> {
  const client = demoClient(createLocalClient({ url: stack.urls.api, key: SEEDED_API_KEY }));
  const channelId = await setUpChannel(client, inbox.port);
  const bulk = await bulkPart(client);
  showOneMail(inbox.last());
  showResult(bulk, inbox);
  const batchId = await batchPart(client, channelId, bulk.people);
  console.log(`\n${paint('bold', 'Audit')}: ledger, API and inbox against each other\n`);
  await audit(stack, inbox, 'the job', bulk.jobId);
  await audit(stack, inbox, 'the batch', batchId);
  showLinks(stack, bulk.jobId, batchId);
}

async function audit(stack: Stack, inbox: DemoInbox, name: string, jobId: string): Promise<void> {
  const report = await auditJob({
    databaseUrl: stack.env['DATABASE_URL'] ?? '',
    jobId,
    api: { url: stack.urls.api, key: SEEDED_API_KEY },
    sink: countsOf(inbox.last()),
  });
  console.log(`  ${name.padEnd(10)} ${auditVerdict(report)}`);
  if (report.ok) return;
  printAudit(report);
  throw new OperatorError(`The audit of ${name} failed: see the checks above.`);
}

function showLinks(stack: Stack, jobId: string, batchId: string): void {
  const { api, temporalUi } = stack.urls;
  const namespace = stack.env['TEMPORAL_NAMESPACE'] ?? 'default';
  const workflow = (id: string) =>
    `${temporalUi}/namespaces/${namespace}/workflows/${encodeURIComponent(id)}`;
  console.log(`\n${paint('bold', 'Where to look')}\n`);
  printPairs([
    ...(temporalUi === undefined
      ? []
      : [
          ['the job in Temporal', workflow(`bulk/${jobId}`)] as const,
          ['the batch in Temporal', workflow(`batch/${batchId}`)] as const,
        ]),
    ['the job by the API', `curl -s ${api}/bulk/${jobId} -H 'Authorization: Bearer ${SEEDED_API_KEY}'`],
    ['the API reference', `${api}/openapi.json`],
  ]);
}

function farewell({ temporary, dataDir }: { temporary: boolean; dataDir: string }): string {
  return temporary ? 'Stopped; nothing was left behind.' : `Stopped; its data stays in ${dataDir}.`;
}

function secondsSince(startedMs: number): string {
  return ((Date.now() - startedMs) / 1_000).toFixed(1);
}
