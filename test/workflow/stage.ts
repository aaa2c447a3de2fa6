import { isGrpcDeadlineError, type WorkflowHandle } from '@temporalio/client';
import { v7 as uuidv7 } from 'uuid';
import { type JobSpec, type MessageSpec } from '../../src/domain/message-spec';
import { type FanOut, type Guarantee, type MessageState } from '../../src/domain/states';
import { insertChannel, sealCredentials } from '../../src/ledger/channels';
import { seedEmbedded, SEEDED_WORKSPACE_ID } from '../../src/service/seed-workspace';
import { type JobView, type MessageView } from '../../src/service/views';
import { QUERIES, workflowIds, type Progress, type SIGNALS } from '../../workflows/contract';
import { createPayloadCodec } from '../../src/temporal/payload-codec';
import { TEST_KEYS } from '../support/engine';
import { startHttpSink, type HttpSink } from '../support/sinks/http-sink';
import { startTimeSkipping, type TimeSkipping, type TimeSkippingOptions } from '../support/time-skipping';

export const WORKSPACE = SEEDED_WORKSPACE_ID;
export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

export type Command = 'run' | 'pause' | 'resume' | 'cancel';

/** The engine in a small world: the seeded workspace, its webhook channel going to `sink`, and the words tests use of it. */
export interface Stage extends TimeSkipping {
  readonly sink: HttpSink;
  /** Channel of kind webhook to the sink. */
  readonly webhookId: string;
  /** Another webhook channel to the sink, under this path. */
  addWebhook(
    path: string,
    more?: { priority?: number; dedupeWindowSeconds?: number; timeoutMs?: number; ratePerSecond?: number },
  ): Promise<string>;
  /** An open bulk job over the webhook with these recipients. */
  fill(
    recipients: readonly Who[],
    job?: { spec?: Partial<JobSpec>; guarantee?: Guarantee; fanOut?: FanOut },
  ): Promise<string>;
  ingest(jobId: string, recipients: readonly Who[]): Promise<void>;
  command(jobId: string, command: Command): Promise<void>;
  /** A signal to a bulk job, of JSON as other clients may write it: Node's own does not write every depth that it reads. */
  signalJson(jobId: string, signal: keyof typeof SIGNALS, json: string): Promise<void>;
  batch(messages: readonly Who[], more?: { guarantee?: Guarantee; channelId?: string }): Promise<Batch>;
  job(jobId: string): Promise<JobView>;
  message(messageId: string): Promise<MessageView>;
  /** In ingestion order. */
  messages(jobId: string): Promise<MessageView[]>;
  states(jobId: string): Promise<MessageState[]>;
  /** When each attempt of a message began, by the ledger's clock, epoch ms. */
  attemptsAt(messageId: string): Promise<number[]>;
  /** Lets time pass until the workflow has ended; continued runs are followed. */
  result(handle: WorkflowHandle): Promise<unknown>;
  /** The same of a job's workflow. */
  finish(kind: 'bulk' | 'batch', jobId: string): Promise<Progress>;
  query<T>(kind: 'bulk' | 'batch', jobId: string, name: keyof typeof QUERIES): Promise<T>;
  /** Until the condition holds, in real time; the server's clock goes on as on the wall. */
  until(what: string, holds: () => Promise<boolean> | boolean): Promise<void>;
  /** Until the job's workflow has seen every command. */
  observed(jobId: string): Promise<void>;
  /** Until a workflow of this id was started. */
  opened(workflowId: string): Promise<void>;
  /** Takes back one lock of the server's clock that the server itself forgot to take back. */
  unlockTime(): Promise<void>;
}

/** A recipient by id, or with more of a message's spec. */
export type Who = string | (Partial<MessageSpec> & { id: string });

export interface Batch {
  readonly batchId: string;
  readonly messageIds: readonly string[];
}

const POLL_MS = 20;
/** Less than a test may take, so that what was waited for is named. */
const PATIENCE_MS = 50_000;

export async function startStage(options: TimeSkippingOptions = {}): Promise<Stage> {
  const t = await startTimeSkipping(options);
  const { db, engine, client } = t;
  const { service } = engine;
  const sink = await startHttpSink();
  await seedEmbedded(db, { embedded: true });

  const addWebhook: Stage['addWebhook'] = async (path, more = {}) => {
    const { dedupeWindowSeconds, timeoutMs, ...rest } = more;
    const id = uuidv7();
    const ref = { workspaceId: WORKSPACE, channelId: id };
    const secret = `whsec_${Buffer.alloc(32, 'volley').toString('base64')}`;
    await insertChannel(db, {
      ...{ id, workspaceId: WORKSPACE, kind: 'webhook', provider: 'webhook', name: path, ...rest },
      settings: {
        url: `${sink.url}/${path}`,
        ...(dedupeWindowSeconds === undefined ? {} : { dedupeWindowSeconds }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      },
      sealedCredentials: sealCredentials(engine.secretBox, ref, { secret }),
    });
    return id;
  };
  const webhookId = await addWebhook('in', { priority: 1 });

  const stage: Stage = {
    ...t,
    sink,
    webhookId,
    addWebhook,
    async fill(recipients, { spec, guarantee = 'at_least_once', fanOut } = {}) {
      const { jobId } = await db.transaction((tx) =>
        service.createBulkJob(tx, {
          workspaceId: WORKSPACE,
          spec: {
            ...{ content: { title: 'Hi', text: 'Hello', interpolate: false }, data: {}, route: ['webhook'] },
            ...spec,
          },
          definition: {},
          guarantee,
          ...(fanOut === undefined ? {} : { fanOut }),
        }),
      );
      if (recipients.length > 0) await stage.ingest(jobId, recipients);
      await engine.signalled();
      return jobId;
    },
    async ingest(jobId, recipients) {
      await db.transaction((tx) =>
        service.ingest(tx, {
          ...{ workspaceId: WORKSPACE, jobId },
          recipients: recipients.map((who) => ({ identity: idOf(who), spec: specOf(who), echo: {} })),
        }),
      );
      await engine.signalled();
    },
    async command(jobId, command) {
      await db.transaction((tx) => service[`${command}Job`](tx, { workspaceId: WORKSPACE, jobId }));
      await engine.signalled();
    },
    async signalJson(jobId, signalName, json) {
      const plain = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(json) };
      await client.workflowService.signalWorkflowExecution({
        namespace: client.options.namespace,
        workflowExecution: { workflowId: workflowIds.job('bulk', jobId) },
        signalName,
        input: { payloads: await createPayloadCodec(TEST_KEYS).encode([plain]) },
      });
    },
    async batch(messages, { guarantee = 'at_least_once', channelId = webhookId } = {}) {
      const batch = await db.transaction((tx) =>
        service.acceptBatch(tx, {
          ...{ workspaceId: WORKSPACE, channelId, guarantee, definition: {} },
          messages: messages.map((who) => ({
            spec: { content: { text: 'Hello', interpolate: false }, channelId, ...specOf(who) },
            echo: {},
          })),
        }),
      );
      await engine.signalled();
      return batch;
    },
    job: (jobId) => service.readJob(db, { workspaceId: WORKSPACE, jobId }),
    message: (messageId) => service.readMessage(db, { workspaceId: WORKSPACE, messageId }),
    async messages(jobId) {
      const rows = await db.query<{ id: string }>(
        'select id from messages where job_id = $1 order by ordinal',
        [jobId],
      );
      return Promise.all(rows.map((row) => stage.message(row.id)));
    },
    states: async (jobId) => (await stage.messages(jobId)).map((message) => message.state),
    async attemptsAt(messageId) {
      const rows = await db.query<{ at: Date }>(
        'select started_at as at from attempts where message_id = $1 order by number',
        [messageId],
      );
      return rows.map((row) => row.at.getTime());
    },
    // With a deadline, so that a test that fails leaves the others their clock.
    async result(handle) {
      try {
        return await client.withDeadline(Date.now() + PATIENCE_MS, () => handle.result());
      } catch (error) {
        // The client locks the time again by a call of that deadline, which does not go out any more.
        if (isGrpcDeadlineError(error)) await t.env.connection.testService?.lockTimeSkipping({});
        throw error;
      }
    },
    finish: (kind, jobId) =>
      stage.result(client.workflow.getHandle(workflowIds.job(kind, jobId))) as Promise<Progress>,
    sleep: (ms) => client.withDeadline(Date.now() + PATIENCE_MS, () => t.sleep(ms)),
    query: (kind, jobId, name) =>
      client.workflow.getHandle(workflowIds.job(kind, jobId)).query(QUERIES[name]),
    async until(what, holds) {
      const endMs = Date.now() + PATIENCE_MS;
      while (!(await holds())) {
        if (Date.now() > endMs) throw new Error(`not in ${PATIENCE_MS} ms: ${what}`);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
    observed: (jobId) =>
      stage.until('the workflow has seen every command', async () => {
        const { version, observedVersion } = await stage.job(jobId);
        return version === observedVersion;
      }),
    opened: (workflowId) =>
      stage.until('the workflow is started', () =>
        client.workflow
          .getHandle(workflowId)
          .describe()
          .then(
            () => true,
            () => false,
          ),
      ),
    async unlockTime() {
      await t.env.connection.testService?.unlockTimeSkipping({});
    },
    async close() {
      await sink.close();
      await t.close();
    },
  };
  return stage;
}

/** `n` recipients: u0, u1, … */
export function people(n: number): string[] {
  return Array.from({ length: n }, (_, index) => `u${index}`);
}

function idOf(who: Who): string {
  return typeof who === 'string' ? who : who.id;
}

function specOf(who: Who): MessageSpec {
  const { id, ...more } = typeof who === 'string' ? { id: who } : who;
  return { recipient: { id, idGenerated: false, addresses: {} }, data: {}, ...more };
}
