import { VolleyError } from '../../../src/domain/errors';
import { type ChannelKind } from '../../../src/domain/kinds';
import { type MessageSpec } from '../../../src/domain/message-spec';
import { type Tx } from '../../../src/ledger/database';
import { type Service } from '../../../src/service/service';
import { type JobView, type MessageView } from '../../../src/service/views';
import { createBirdDialect } from '../../../api/bird';
import { type Call, type Reply } from '../../../api/route';

export const WORKSPACE = 'a1405560-c8d3-4b1a-877d-3f449ad95352';
export const CHANNEL = 'b1405560-c8d3-4b1a-877d-3f449ad95352';
/** The acceptance of every call in these tests. */
export const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

const notFaked = (): never => {
  throw new Error('not faked: this door has no business with it');
};
const numbered = (prefix: string, n: number): string =>
  `${prefix}-0000-7000-8000-${String(n).padStart(12, '0')}`;

export interface FakeDoor {
  /** What was accepted, batch by batch. */
  readonly batches: Parameters<Service['acceptBatch']>[1][];
  readonly listed: Parameters<Service['listMessages']>[1][];
  /** What the service answers to reads. */
  messages: MessageView[];
  next: { createdAt: Date; id: string } | null;
  jobs: Partial<JobView>[];
  call(route: string, call: Partial<Call>): Promise<Reply>;
}

/** Bird's door over a service that keeps what it was given in memory. */
export function openFakeDoor(kind: ChannelKind = 'any'): FakeDoor {
  const door: FakeDoor = { batches: [], listed: [], messages: [], next: null, jobs: [], call };
  const service: Service = {
    createBulkJob: notFaked,
    ingest: notFaked,
    runJob: notFaked,
    pauseJob: notFaked,
    resumeJob: notFaked,
    cancelJob: notFaked,
    liveStatus: notFaked,
    listItems: notFaked,
    readTimeline: notFaked,
    hasJob: notFaked,
    readOutputs: notFaked,
    cancelMessage: notFaked,
    resendMessage: notFaked,
    archiveRequest: notFaked,
    acceptSend: notFaked,
    async acceptBatch(_tx, input) {
      door.batches.push(input);
      return {
        batchId: numbered('00000001', door.batches.length),
        messageIds: input.messages.map((_, n) => numbered('00000002', n)),
      };
    },
    async readJob(_db, { jobId }) {
      const job = door.jobs.find(({ id }) => id === jobId);
      if (!job) throw new VolleyError('not_found', 'No job has this id.');
      return job as JobView;
    },
    async readMessage(_db, { messageId }) {
      const message = door.messages.find((one) => one.messageId === messageId);
      if (!message) throw new VolleyError('not_found', 'No message has this id.');
      return message;
    },
    async listMessages(_db, input) {
      door.listed.push(input);
      return { messages: door.messages, next: door.next };
    },
    async requireChannel(_db, { channelId }) {
      if (channelId !== CHANNEL)
        throw new VolleyError('not_found', 'No channel of this workspace has this id.');
      return { id: CHANNEL, kind, provider: 'sandbox', settings: {} };
    },
  };
  const dialect = createBirdDialect({ service, now: () => NOW_MS });
  return door;

  /** Calls `post /workspaces/…` as the framework would: what the handler throws is worded by the dialect. */
  async function call(name: string, given: Partial<Call>): Promise<Reply> {
    const route = dialect.routes.find(({ method, path }) => `${method} ${path}` === name);
    if (!route) throw new Error(`no route ${name}`);
    const full: Call = {
      requestId: 'r',
      method: route.method,
      path: route.path,
      params: { workspaceId: WORKSPACE, channelId: CHANNEL },
      query: new Map(),
      body: undefined,
      poison: [],
      header: () => undefined,
      workspaceId: WORKSPACE,
      apiKeyId: 'k',
      ...given,
    };
    try {
      return await route.handle(full, {} as Tx);
    } catch (error) {
      if (error instanceof VolleyError) return dialect.writeError(error, full.requestId);
      throw error;
    }
  }
}

export const SEND = 'post /workspaces/{workspaceId}/channels/{channelId}/batch/messages';
export const LIST = 'get /workspaces/{workspaceId}/channels/{channelId}/messages';
export const LIST_ALL = 'get /workspaces/{workspaceId}/messages';
export const GET = 'get /workspaces/{workspaceId}/channels/{channelId}/messages/{messageId}';
export const GET_ANY = 'get /workspaces/{workspaceId}/messages/{messageId}';

/** Sends one element and gives what became of it. */
export async function specOf(element: unknown, kind: ChannelKind = 'any'): Promise<MessageSpec> {
  const door = openFakeDoor(kind);
  const reply = await door.call(SEND, { body: { messageRequests: [element] } });
  if (reply.status !== 202) throw new Error(`expected 202, got ${JSON.stringify(reply)}`);
  const [message] = door.batches[0]?.messages ?? [];
  if (!message) throw new Error('nothing was accepted');
  return message.spec;
}

export const textBody = (text: string) => ({ type: 'text', text: { text } });
export const to = (identifierValue: string) => ({ contacts: [{ identifierValue }] });

/** A message as the ledger would show it, accepted and not yet sent. */
export function messageView(changes: Partial<MessageView> = {}): MessageView {
  const at = new Date(NOW_MS);
  return {
    messageId: numbered('00000002', 1),
    ordinal: 0,
    recipientId: 'jane',
    state: 'pending',
    reason: null,
    enqueuedAt: null,
    echo: { receiver: to('jane'), body: textBody('hello') },
    workspaceId: WORKSPACE,
    jobId: numbered('00000001', 1),
    jobKind: 'batch',
    jobPhase: 'running',
    parentJobId: null,
    event: null,
    notification: null,
    channelId: CHANNEL,
    spec: {
      recipient: { id: 'jane', idGenerated: false, addresses: { any: 'jane' } },
      data: {},
      channelId: CHANNEL,
    },
    detail: null,
    waitReason: null,
    dueAt: at,
    createdAt: at,
    updatedAt: at,
    stateAt: at,
    engaged: null,
    sentAt: null,
    deliveredAt: null,
    openedAt: null,
    clickedAt: null,
    canceledAt: null,
    archived: false,
    deliveries: [],
    ...changes,
  };
}
