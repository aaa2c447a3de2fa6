import { randomUUID } from 'node:crypto';
import { VolleyError } from '../../src/domain/errors';
import { type JobSpec } from '../../src/domain/message-spec';
import { MESSAGE_STATES, type Guarantee, type MessageState } from '../../src/domain/states';
import { type LiveStatus, type NewRecipient, type Service } from '../../src/service/service';
import { type EventView, type JobView, type MessageView } from '../../src/service/views';

type Changeable<T> = { -readonly [K in keyof T]: T[K] };

interface FakeJob extends Changeable<
  Omit<JobView, 'counts' | 'received' | 'enqueued' | 'failures' | 'pending'>
> {
  spec: JobSpec;
  identities: Set<string>;
  messages: Changeable<MessageView>[];
}

export interface FakeService extends Service {
  readonly jobs: Map<string, FakeJob>;
  readonly timelines: Map<string, EventView[]>;
  /** What liveStatus answers. */
  live: LiveStatus | undefined;
  /** How often liveStatus was asked. */
  liveAsked: number;
  /** Moves a message as the ledger would, enqueued_at included. */
  move(messageId: string, to: MessageState, more?: Partial<MessageView>): void;
}

/** The service in memory, for tests of a door alone: it keeps the contract's rules about jobs, and sends nothing. */
export function createFakeService(): FakeService {
  const jobs = new Map<string, FakeJob>();
  const timelines = new Map<string, EventView[]>();

  const find = (ref: { workspaceId: string; jobId: string }): FakeJob => {
    const job = jobs.get(ref.jobId);
    if (job?.workspaceId !== ref.workspaceId) throw new VolleyError('not_found', 'There is no such job.');
    return job;
  };
  const findMessage = (messageId: string): Changeable<MessageView> | undefined =>
    [...jobs.values()].flatMap((job) => job.messages).find((message) => message.messageId === messageId);
  const notOffered = (): never => {
    throw new Error('not offered by the fake');
  };
  const intent =
    (change: (job: FakeJob) => void) => async (_tx: unknown, ref: { workspaceId: string; jobId: string }) => {
      const job = find(ref);
      if (job.phase === 'settled') throw new VolleyError('job_final', 'The job is finished.');
      change(job);
    };

  const fake: FakeService = {
    jobs,
    timelines,
    live: undefined,
    liveAsked: 0,
    move(messageId, to, more = {}) {
      const message = findMessage(messageId);
      if (!message) throw new Error('no such message');
      const enqueues = message.state === 'pending' && ['waiting', 'sending', 'skipped'].includes(to);
      Object.assign(message, { state: to, ...(enqueues ? { enqueuedAt: new Date() } : {}), ...more });
    },
    async createBulkJob(_tx, input) {
      const job = newJob(input);
      jobs.set(job.id, job);
      return { jobId: job.id };
    },
    async ingest(_tx, { recipients, ...ref }) {
      const job = find(ref);
      if (job.phase !== 'open') throw new VolleyError('job_not_open', 'The job was already run.');
      const duplicates: number[] = [];
      recipients.forEach((recipient, index) => {
        if (job.identities.has(recipient.identity)) return duplicates.push(index);
        job.identities.add(recipient.identity);
        return job.messages.push(newMessage(job, recipient));
      });
      return { ingestionId: randomUUID(), total: recipients.length - duplicates.length, duplicates };
    },
    async runJob(_tx, ref) {
      const job = find(ref);
      if (job.phase !== 'open') throw new VolleyError('already_run', 'The job was already run.');
      if (job.messages.length === 0)
        throw new VolleyError('job_empty', 'The job has no users: add some first.');
      job.phase = 'running';
      for (const message of job.messages) message.jobPhase = 'running';
    },
    pauseJob: intent((job) => (job.paused = true)),
    resumeJob: intent((job) => (job.paused = false)),
    cancelJob: intent((job) => (job.cancelRequested = true)),
    acceptBatch: notOffered,
    readJob: async (_db, ref) => viewOf(find(ref)),
    async liveStatus() {
      fake.liveAsked += 1;
      return fake.live;
    },
    async listItems(_db, { afterOrdinal, limit, ...ref }) {
      const rest = find(ref).messages.filter(({ ordinal }) => ordinal > afterOrdinal);
      const items = rest.slice(0, limit);
      return { items, nextOrdinal: rest.length > limit ? (items.at(-1)?.ordinal ?? null) : null };
    },
    async readMessage(_db, { workspaceId, messageId }) {
      const message = findMessage(messageId);
      if (message?.workspaceId !== workspaceId)
        throw new VolleyError('not_found', 'There is no such message.');
      return message;
    },
    readTimeline: async (_db, { messageId }) => timelines.get(messageId) ?? [],
    hasJob: notOffered,
    listMessages: notOffered,
    readOutputs: notOffered,
    cancelMessage: notOffered,
    resendMessage: notOffered,
    archiveRequest: notOffered,
    acceptSend: notOffered,
    requireChannel: notOffered,
  };
  return fake;
}

function newJob(input: {
  workspaceId: string;
  spec: JobSpec;
  definition: unknown;
  guarantee: Guarantee;
}): FakeJob {
  return {
    ...input,
    id: randomUUID(),
    kind: 'bulk',
    phase: 'open',
    paused: false,
    cancelRequested: false,
    suspended: null,
    channelId: null,
    fanOut: 'workflow',
    statistics: { sent: 0, delivered: 0, opened: 0, clicked: 0, undeliverable: 0 },
    version: 1,
    observedVersion: 1,
    createdAt: new Date(),
    runAt: null,
    settledAt: null,
    identities: new Set(),
    messages: [],
  };
}

function newMessage(job: FakeJob, { spec, echo }: NewRecipient): Changeable<MessageView> {
  return {
    messageId: randomUUID(),
    ordinal: job.messages.length,
    recipientId: spec.recipient.id,
    state: 'pending',
    reason: null,
    enqueuedAt: null,
    echo,
    workspaceId: job.workspaceId,
    jobId: job.id,
    jobKind: 'bulk',
    jobPhase: job.phase,
    parentJobId: null,
    event: job.spec.event ?? job.spec.template?.id ?? null,
    notification: job.spec.template?.id ?? null,
    channelId: null,
    spec,
    detail: null,
    waitReason: null,
    dueAt: new Date(),
    createdAt: new Date(),
    updatedAt: new Date(),
    stateAt: new Date(),
    engaged: null,
    sentAt: null,
    deliveredAt: null,
    openedAt: null,
    clickedAt: null,
    canceledAt: null,
    archived: false,
    deliveries: [],
  };
}

function viewOf(job: FakeJob): JobView {
  const count = (state: MessageState) => job.messages.filter((message) => message.state === state).length;
  const counts = Object.fromEntries(
    MESSAGE_STATES.map((state) => [state, count(state)]),
  ) as JobView['counts'];
  const enqueued = job.messages.filter(({ enqueuedAt }) => enqueuedAt).length;
  const received = job.messages.length;
  return {
    ...job,
    counts,
    received,
    enqueued,
    pending: counts.pending,
    failures: received - enqueued - counts.pending,
  };
}
