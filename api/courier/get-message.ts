import { z } from 'zod';
import { toCourierId } from '../../src/domain/ids';
import { courierStatus } from '../../src/domain/outward';
import { type Db } from '../../src/ledger/database';
import { type Service } from '../../src/service/service';
import { type MessageView } from '../../src/service/views';
import { type Call, type ReadRoute } from '../route';
import { failureText } from './failure-text';
import { jobIdText, messageIdText, messagePath } from './openapi-parts';
import { messageInPath, noSuchMessage } from './path-ids';
import { eventOf, whatIsSent } from './what-is-sent';

const epochMs = (what: string) => z.int().meta({ description: `${what}, in ms since 1970.` });

const STATUSES = [
  'CANCELED',
  'DELAYED',
  'DELIVERED',
  'ENQUEUED',
  'FILTERED',
  'ROUTED',
  'SENT',
  'THROTTLED',
  'UNDELIVERABLE',
  'UNMAPPED',
  'UNROUTABLE',
] as const;
const REASONS = [
  'BOUNCED',
  'FAILED',
  'FILTERED',
  'NO_CHANNELS',
  'NO_PROVIDERS',
  'OPT_IN_REQUIRED',
  'PROVIDER_ERROR',
  'UNPUBLISHED',
  'UNSUBSCRIBED',
] as const;

const details = z
  .object({
    id: messageIdText,
    status: z.enum(STATUSES),
    reason: z.enum(REASONS).optional(),
    error: z.string().optional().meta({ description: 'The reason in words; never an address.' }),
    enqueued: epochMs('When Volley took it on'),
    sent: epochMs('When the provider took it').optional(),
    delivered: epochMs('When it arrived').optional(),
    recipient: z.string(),
    event: z.string().meta({ description: 'The event; empty for inline content without one.' }),
    notification: z.string().meta({ description: 'The template; empty for inline content.' }),
    jobId: jobIdText,
    providers: z.array(
      z.object({
        channel: z.object({ id: z.string(), key: z.string() }),
        provider: z.string(),
        reference: z.object({ id: z.string() }).optional(),
      }),
    ),
  })
  .meta({ id: 'MessageDetails' });

/** `GET /messages/{messageId}`: the `messageId` of each item of a job, once the job runs. */
export function getMessageRoute(service: Service): ReadRoute {
  return {
    kind: 'read',
    method: 'get',
    path: '/messages/{messageId}',
    auth: 'workspace',
    openapi: {
      operationId: 'getMessage',
      summary: 'Get a message',
      requestParams: messagePath,
      responses: {
        '200': {
          description: 'The message as it stands.',
          content: { 'application/json': { schema: details } },
        },
      },
    },
    async handle(call, db) {
      return { status: 200, body: messageBody(await readReleased(service, call, db)) };
    },
  };
}

/** The message in the path. One that its job has not released yet does not exist from outside (design: 404). */
export async function readReleased(service: Service, call: Call, db: Db): Promise<MessageView> {
  const view = await service.readMessage(db, messageInPath(call));
  if (view.jobPhase === 'open' && view.state === 'pending') throw noSuchMessage();
  return view;
}

/** The message as GET shows it, and as `message:updated` carries it. */
export function messageBody(view: MessageView): z.input<typeof details> {
  const sent = whatIsSent(view.jobDefinition);
  return {
    id: toCourierId(view.messageId),
    ...courierStatus(view),
    ...(view.reason ? { error: failureText(view.reason, view.detail, view.spec) } : {}),
    enqueued: (view.enqueuedAt ?? view.createdAt).getTime(),
    ...(view.sentAt ? { sent: view.sentAt.getTime() } : {}),
    ...(view.deliveredAt ? { delivered: view.deliveredAt.getTime() } : {}),
    recipient: view.recipientId,
    event: eventOf(view.jobDefinition) ?? '',
    notification: sent.kind === 'template' ? sent.id : '',
    jobId: toCourierId(view.jobId),
    providers: view.deliveries.map(({ channelId, kind, provider, vendorId }) => ({
      channel: { id: channelId, key: kind },
      provider,
      ...(vendorId ? { reference: { id: vendorId } } : {}),
    })),
  };
}
