import { v7 as uuidv7 } from 'uuid';
import { VolleyError } from '../domain/errors';
import { isUuid } from '../domain/ids';
import { getChannel } from '../ledger/channels';
import { type Db, type Tx } from '../ledger/database';
import {
  findJob,
  insertJob,
  isAlone,
  jobContent,
  lockJob,
  sealJob,
  setIntent,
  type JobRow,
} from '../ledger/jobs';
import { type Nudge } from '../ledger/outbox';
import { getWorkspaceSettings } from '../ledger/workspaces';
import { type FanOut } from '../domain/states';
import { readItems, readJobRow } from '../ledger/read-jobs';
import { readEvents, readMessagePage, readOutputs } from '../ledger/read-messages';
import { acceptBatch } from './accept-batch';
import { ingest } from './ingest';
import { acceptSend, archiveRequest, cancelMessage, findReleased, resendMessage } from './message-commands';
import { pin } from './pin';
import { type JobRef, type LiveStatus, type Service } from './service';
import { type JobView } from './views';

/** Tells a job's workflow to look, after the commit. Best effort: what is lost here the relay repeats. */
export interface Notifier {
  look(job: Nudge): void;
  liveStatus(job: JobView): Promise<LiveStatus | undefined>;
}

/** The application service behind every door (see service.ts for what each verb promises). */
export function createService(deps: { notifier: Notifier; fanOut?: FanOut }): Service {
  const { notifier } = deps;
  const lookAfter = (tx: Tx, job: Nudge): void => tx.afterCommit(() => notifier.look(job));

  const command = (intent: 'pause' | 'resume' | 'cancel') => async (tx: Tx, ref: JobRef) => {
    const job = await lockJob(tx, known(ref));
    if (job.phase === 'settled') {
      throw new VolleyError('job_final', `The job is finished: there is nothing left to ${intent}.`);
    }
    if (isAlready(job, intent)) return;
    const version = await setIntent(tx, job.id, intent);
    lookAfter(tx, { ...ref, kind: job.kind, version, alone: isAlone(job) });
  };

  return {
    async createBulkJob(tx, input) {
      const jobId = input.jobId ?? uuidv7();
      const fanOut =
        input.fanOut ?? (await getWorkspaceSettings(tx, input.workspaceId)).fanOut ?? deps.fanOut;
      await insertJob(tx, { ...input, id: jobId, kind: 'bulk', phase: 'open', fanOut });
      lookAfter(tx, { jobId, workspaceId: input.workspaceId, kind: 'bulk', version: 1 });
      return { jobId };
    },
    async ingest(tx, input) {
      const { version, ...result } = await ingest(tx, { ...input, ...known(input) });
      const { jobId, workspaceId } = input;
      lookAfter(tx, { jobId, workspaceId, kind: 'bulk', version, mayWait: true });
      return result;
    },
    async runJob(tx, ref) {
      const job = await lockJob(tx, known(ref));
      // First: a cancelled job is settled without ever having run.
      if (job.cancel_requested)
        throw new VolleyError('job_final', 'The job was cancelled: create a new one.');
      if (job.phase !== 'open')
        throw new VolleyError('already_run', 'The job was already run: a job runs once.');
      if (job.next_ordinal === 0)
        throw new VolleyError('job_empty', 'The job has no users: add some, then run it.');
      const { spec } = await jobContent(tx, job.id);
      const pinned = await pin(tx, {
        workspaceId: job.workspace_id,
        templates: spec.content || !spec.template ? [] : [spec.template],
        ...(spec.brand === undefined ? {} : { brand: spec.brand }),
      });
      const version = await sealJob(tx, job.id, pinned);
      lookAfter(tx, { ...ref, kind: 'bulk', version });
    },
    pauseJob: command('pause'),
    resumeJob: command('resume'),
    cancelJob: command('cancel'),
    async acceptBatch(tx, input) {
      const { version, ...accepted } = await acceptBatch(tx, input);
      lookAfter(tx, { jobId: accepted.batchId, workspaceId: input.workspaceId, kind: 'batch', version });
      return accepted;
    },
    async readJob(db, ref) {
      const { jobId, workspaceId } = known(ref);
      const job = await readJobRow(db, jobId, workspaceId);
      if (!job) throw new VolleyError('not_found', 'No job has this id.');
      return job;
    },
    liveStatus: (job) => notifier.liveStatus(job),
    async listItems(db, input) {
      await this.readJob(db, input);
      return readItems(db, input);
    },
    readMessage: findReleased,
    async readTimeline(db, input) {
      return isUuid(input.messageId) ? readEvents(db, input) : [];
    },
    async hasJob(db, { workspaceId, jobId }) {
      return isUuid(jobId) && (await findJob(db, jobId))?.workspace_id === workspaceId;
    },
    async listMessages(db, input) {
      if (input.jobId !== undefined && !isUuid(input.jobId)) return { messages: [], next: null };
      const rows = await readMessagePage(db, { ...input, limit: input.limit + 1 });
      const messages = rows.slice(0, input.limit);
      const last = messages.at(-1);
      return {
        messages,
        next: rows.length > input.limit && last ? { createdAt: last.createdAt, id: last.messageId } : null,
      };
    },
    async readOutputs(db, ref) {
      return isUuid(ref.messageId) ? readOutputs(db, ref) : [];
    },
    async cancelMessage(tx, ref) {
      const { nudge, ...result } = await cancelMessage(tx, ref);
      if (nudge) lookAfter(tx, nudge);
      return result;
    },
    async resendMessage(tx, ref) {
      const nudge = await resendMessage(tx, ref);
      lookAfter(tx, nudge);
      return { messageId: nudge.jobId };
    },
    archiveRequest,
    async acceptSend(tx, input) {
      const nudge = await acceptSend(tx, input);
      lookAfter(tx, nudge);
      return { requestId: nudge.jobId };
    },
    requireChannel,
  };
}

async function requireChannel(db: Db, input: { workspaceId: string; channelId: string }) {
  const channel =
    isUuid(input.channelId) && isUuid(input.workspaceId) ? await getChannel(db, input) : undefined;
  if (!channel) throw new VolleyError('not_found', 'No channel of this workspace has this id.');
  return { id: channel.id, kind: channel.kind, provider: channel.provider, settings: channel.settings };
}

/** Ids are names: one that is no UUID names nothing here. */
function known(ref: JobRef): JobRef {
  if (!isUuid(ref.jobId)) throw new VolleyError('not_found', 'No job has this id.');
  return { workspaceId: ref.workspaceId, jobId: ref.jobId };
}

function isAlready(job: JobRow, intent: 'pause' | 'resume' | 'cancel'): boolean {
  return intent === 'cancel' ? job.cancel_requested : job.paused === (intent === 'pause');
}
