import { type Client } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import {
  SEARCH_ATTRIBUTES,
  SIGNALS,
  TASK_QUEUE,
  WORKFLOWS,
  workflowIds,
  type ChangedSignal,
  type EngineSettings,
  type WebhookInput,
} from '../../workflows/contract';
import { type Db } from '../ledger/database';
import { takeWebhookWakes, type WebhookWake } from '../ledger/webhook-wakes';

const PAGE = 100;
const SIGNAL_TIMEOUT_MS = 5_000;

/**
 * Tells the workflow of every endpoint that has something to do to look, and starts those that do not run: after creation, after
 * a crash, after a lost Temporal database alike.
 */
export async function wakeWebhooks(db: Db, client: Client, settings: EngineSettings): Promise<void> {
  const wakes = await takeWebhookWakes(db, PAGE);
  await Promise.all(wakes.map((wake) => signalEndpoint(client, settings, wake)));
}

async function signalEndpoint(client: Client, settings: EngineSettings, wake: WebhookWake): Promise<void> {
  const { maxRunMs, maxSignals } = settings;
  const input: WebhookInput = {
    v: 1,
    workspaceId: wake.workspaceId,
    endpointId: wake.endpointId,
    settings: { maxRunMs, maxSignals },
  };
  const signal: ChangedSignal = { v: 1, version: wake.version };
  const workspace = defineSearchAttributeKey(SEARCH_ATTRIBUTES.workspace, 'KEYWORD');
  await client.withDeadline(Date.now() + SIGNAL_TIMEOUT_MS, () =>
    client.workflow.signalWithStart(WORKFLOWS.webhookEndpoint, {
      workflowId: workflowIds.webhook(wake.endpointId),
      taskQueue: TASK_QUEUE,
      args: [input],
      signal: SIGNALS.changed,
      signalArgs: [signal],
      staticSummary: 'Webhook endpoint',
      // Behind deliveries, and no workspace's endpoints before another's.
      priority: { priorityKey: 4, fairnessKey: wake.workspaceId },
      ...(settings.searchAttributes
        ? { typedSearchAttributes: [{ key: workspace, value: wake.workspaceId }] }
        : {}),
    }),
  );
}
