import { z } from 'zod';
import { toCourierId } from '../../src/domain/ids';
import { courierStatus } from '../../src/domain/outward';
import { type MessageView } from '../../src/service/views';
import { failureText } from './failure-text';
import { ours } from '../ours';
import { jobIdText, messageIdText, msSince1970 } from './openapi-parts';
import { providerEntry, providersOf } from './provider-entry';
import { SHOWN_STATUSES } from './statuses';

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

const fields = {
  id: messageIdText,
  status: z.enum(SHOWN_STATUSES),
  reason: z.enum(REASONS).optional(),
  error: z.string().optional().meta({ description: 'The reason in words; never an address.' }),
  enqueued: msSince1970('When Volley took it on'),
  sent: msSince1970('When the provider took it').optional(),
  delivered: msSince1970('When it arrived').optional(),
  opened: msSince1970('When it was first opened').optional(),
  clicked: msSince1970('When a link of it was first followed').optional(),
  canceledAt: msSince1970('When it was cancelled').optional(),
  recipient: z.string(),
  event: z.string().meta({ description: 'The event; empty for inline content without one.' }),
  notification: z.string().meta({ description: 'The template; empty for inline content.' }),
  jobId: jobIdText,
  tags: z
    .array(z.string())
    .optional()
    .meta({ description: ours("The message's own tags.") }),
  resentFrom: jobIdText
    .optional()
    .meta({ description: ours('The job of the message that this one repeats.') }),
};

export const messageDetails = z.object(fields).meta({ id: 'MessageDetails' });

export const messageRecord = z
  .object({
    ...fields,
    providers: z.array(providerEntry),
  })
  .meta({ id: 'MessageRecord' });

/** A message as listings show it. */
export function detailsBody(view: MessageView): z.input<typeof messageDetails> {
  const ms = (name: string, at: Date | null) => (at ? { [name]: at.getTime() } : {});
  return {
    id: toCourierId(view.messageId),
    ...courierStatus(view),
    ...(view.reason ? { error: failureText(view.reason, view.detail, view.spec) } : {}),
    enqueued: (view.enqueuedAt ?? view.createdAt).getTime(),
    ...ms('sent', view.sentAt),
    ...ms('delivered', view.deliveredAt),
    ...ms('opened', view.openedAt),
    ...ms('clicked', view.clickedAt),
    ...ms('canceledAt', view.canceledAt),
    recipient: view.recipientId,
    event: view.event ?? '',
    notification: view.notification ?? '',
    jobId: toCourierId(view.jobId),
    ...(view.spec.tags?.length ? { tags: [...view.spec.tags] } : {}),
    ...(view.parentJobId ? { resentFrom: toCourierId(view.parentJobId) } : {}),
  };
}

/** A message by itself: with the providers that had it. */
export function recordBody(view: MessageView): z.input<typeof messageRecord> {
  const details = detailsBody(view);
  const { status, error, sent, delivered, clicked } = details;
  return { ...details, providers: providersOf(view, { status, error, sent, delivered, clicked }) };
}
