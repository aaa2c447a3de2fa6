import { v7 as uuidv7 } from 'uuid';
import { VolleyError } from '../domain/errors';
import { isUuid } from '../domain/ids';
import { type GateWishes } from '../domain/gate-wishes';
import { type JobSpec, type MessageSpec } from '../domain/message-spec';
import { type Pinned } from '../domain/pinned';
import { isSettled, type Guarantee } from '../domain/states';
import { type Db, type Tx } from '../ledger/database';
import {
  archiveJob,
  findJob,
  growJob,
  insertJob,
  isAlone,
  jobContent,
  lockJob,
  touchJob,
} from '../ledger/jobs';
import { admitMessages } from '../ledger/messages';
import { moveMessage } from '../ledger/moves';
import { type Nudge } from '../ledger/outbox';
import { readMessageRow } from '../ledger/read-messages';
import { pin } from './pin';
import { type MessageRef, type NewRecipient } from './service';
import { type MessageView } from './views';

/** The message, unless its job has not released it yet: then it does not exist from outside. Throws not_found. */
export async function findReleased(db: Db, ref: MessageRef): Promise<MessageView> {
  const message = isUuid(ref.messageId) ? await readMessageRow(db, ref) : undefined;
  if (!message || (message.jobPhase === 'open' && message.state === 'pending')) {
    throw new VolleyError('not_found', 'No message has this id.');
  }
  return message;
}

/** See Service.cancelMessage. The job is locked first, as everywhere; `nudge` tells its workflow where something moved. */
export async function cancelMessage(
  tx: Tx,
  ref: MessageRef,
): Promise<{ canceled: boolean; message: MessageView; nudge?: Nudge }> {
  const before = await findReleased(tx, ref);
  if (isSettled(before.state)) return { canceled: before.state === 'canceled', message: before };
  const { jobId, workspaceId } = before;
  const job = await lockJob(tx, { workspaceId, jobId });
  const { state } = await moveMessage(tx, ref.messageId, { to: 'canceled', reason: 'canceled' });
  const message = await findReleased(tx, ref);
  // One with a call in doubt behind it ends uncertain: no cancel, but its end, which the workflow has to be told of.
  if (!isSettled(state)) return { canceled: false, message };
  const version = await touchJob(tx, job.id);
  const nudge = { jobId, workspaceId, kind: job.kind, version, alone: isAlone(job) };
  return { canceled: state === 'canceled', message, nudge };
}

/** See Service.archiveRequest. */
export async function archiveRequest(tx: Tx, ref: { workspaceId: string; requestId: string }): Promise<void> {
  const { workspaceId, requestId } = ref;
  if (isUuid(requestId)) {
    if (await archiveJob(tx, { workspaceId, jobId: requestId })) return;
    const message = await readMessageRow(tx, { workspaceId, messageId: requestId });
    if (message && (await archiveJob(tx, { workspaceId, jobId: message.jobId }))) return;
  }
  throw new VolleyError('not_found', 'No request has this id.');
}

export interface NewSend {
  readonly workspaceId: string;
  readonly guarantee: Guarantee;
  readonly spec: JobSpec;
  readonly definition: unknown;
  readonly recipients: readonly Omit<NewRecipient, 'identity'>[];
  readonly channelId?: string;
  readonly pinned?: Pinned;
  readonly parentJobId?: string;
}

/** Job, messages, pins and outbox of a send, in the caller's transaction. The one message of a send has the job's id. */
export async function acceptSend(tx: Tx, send: NewSend): Promise<Nudge> {
  const { workspaceId, spec, recipients } = send;
  const jobId = uuidv7();
  const pinned =
    send.pinned ??
    (await pin(tx, {
      workspaceId,
      templates: spec.content || !spec.template ? [] : [spec.template],
      ...(spec.brand === undefined ? {} : { brand: spec.brand }),
    }));
  await insertJob(tx, { ...send, id: jobId, kind: 'send', phase: 'running', pinned });
  const alone = recipients.length === 1;
  const messages = recipients.map(({ spec: own, echo }) => ({
    id: alone ? jobId : uuidv7(),
    spec: own,
    echo,
  }));
  await admitMessages(tx, { workspaceId, jobId }, messages);
  const version = await growJob(tx, jobId, messages.length);
  return { jobId, workspaceId, kind: 'send', version, alone };
}

/** When the first one was to go and until when it was worth sending: somebody who sends it again wants it sent now. */
function withoutMoments<T extends Pick<MessageSpec, 'notBeforeMs' | 'validUntilMs' | 'gates'>>(spec: T): T {
  const { notBeforeMs: _notBefore, validUntilMs: _validUntil, gates, ...rest } = spec;
  return { ...rest, ...(gates ? { gates: gatesOfNow(gates) } : {}) } as T;
}

/** Opening hours stay, and how long it is worth sending from its run on. */
function gatesOfNow({ validUntilMs: _validUntil, delay, ...gates }: GateWishes): GateWishes {
  const { durationMs: _duration, untilMs: _until, ...hours } = delay ?? {};
  return { ...gates, ...(hours.hours === undefined ? {} : { delay: hours }) };
}

/** See Service.resendMessage. Templates and brand stay those that were sent; channels are those of now. */
export async function resendMessage(tx: Tx, ref: MessageRef): Promise<Nudge> {
  const old = await findReleased(tx, ref);
  if (!isSettled(old.state)) {
    throw new VolleyError(
      'invalid_request',
      'The message is still on its way: wait for its end, or cancel it, before sending it again.',
    );
  }
  const { spec, pinned } = await jobContent(tx, old.jobId);
  const guarantee = (await findJob(tx, old.jobId))?.guarantee ?? 'at_least_once';
  const now = await pin(tx, { workspaceId: ref.workspaceId, templates: [] });
  return acceptSend(tx, {
    workspaceId: ref.workspaceId,
    guarantee,
    spec: withoutMoments(spec),
    definition: { resendOf: old.messageId },
    recipients: [{ spec: withoutMoments(old.spec), echo: old.echo }],
    ...(old.channelId === null ? {} : { channelId: old.channelId }),
    ...(pinned ? { pinned: { ...pinned, channels: now.channels, order: now.order } } : {}),
    parentJobId: old.jobId,
  });
}
