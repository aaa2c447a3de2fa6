import { v7 as uuidv7 } from 'uuid';
import { type MessageSpec } from '../domain/message-spec';
import { type Guarantee } from '../domain/states';
import { type Tx } from '../ledger/database';
import { growJob, insertJob } from '../ledger/jobs';
import { admitMessages } from '../ledger/messages';
import { pin } from './pin';

/** Takes a batch whole: job, messages, pins and outbox in the caller's transaction. Ids are given in request order. */
export async function acceptBatch(
  tx: Tx,
  input: {
    workspaceId: string;
    channelId: string;
    guarantee: Guarantee;
    definition: unknown;
    messages: readonly { readonly spec: MessageSpec; readonly echo: unknown }[];
  },
): Promise<{ batchId: string; messageIds: readonly string[]; version: number }> {
  const batchId = uuidv7();
  const pinned = await pin(tx, {
    workspaceId: input.workspaceId,
    templates: input.messages.flatMap(({ spec }) => (spec.template ? [spec.template] : [])),
  });
  await insertJob(tx, {
    id: batchId,
    workspaceId: input.workspaceId,
    kind: 'batch',
    phase: 'running',
    guarantee: input.guarantee,
    channelId: input.channelId,
    spec: { data: {} },
    definition: input.definition,
    pinned,
  });
  const messages = input.messages.map((message) => ({ id: uuidv7(), ...message }));
  await admitMessages(tx, { workspaceId: input.workspaceId, jobId: batchId }, messages);
  const version = await growJob(tx, batchId, messages.length);
  return { batchId, messageIds: messages.map((message) => message.id), version };
}
