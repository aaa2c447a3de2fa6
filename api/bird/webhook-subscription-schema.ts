import { z } from 'zod';
import { type BirdWebhookFilters } from '../../src/webhooks/bird-filters';
import { BIRD_CHANNEL_NAMES, FOREIGN_NAMES } from './channel-names';
import { BIRD_INTERACTIONS } from './interaction-names';
import { withoutNulls } from './nulls';
import { BIRD_FILTER_KEYS } from './webhook-body';

const MAX_URL_LENGTH = 2_048;
const MAX_FILTERS = 10;
const OTHER_SERVICES = ['numbers', 'payments', 'conversations'];

/** Bird has more services and events; what Volley never has to tell is refused, rather than kept and never told. */
const service = z
  .string()
  .refine(
    (text) => !OTHER_SERVICES.includes(text),
    'must be channels: Volley has nothing to tell of this service',
  )
  .refine((text) => OTHER_SERVICES.includes(text) || text === 'channels', 'must be channels')
  .transform((): 'channels' => 'channels');

/** Any but the one that a subscription has from before, which stays as it is. */
const eventOtherThan = (kept?: string) =>
  z.string().superRefine((text, context) => {
    const problem = text === kept ? undefined : eventProblem(text);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  });

function eventProblem(text: string): string | undefined {
  const [channel = '', of = '', ...rest] = text.split('.');
  const form = `must be <channel>.outbound or <channel>.interaction, with one of ${BIRD_CHANNEL_NAMES.join(', ')}`;
  if (rest.length > 0) return form;
  if (FOREIGN_NAMES.includes(channel)) return `${form}: no provider here speaks ${channel}`;
  if (!BIRD_CHANNEL_NAMES.includes(channel)) return form;
  if (of === 'inbound') return 'must be outbound or interaction: Volley has outgoing messages only';
  return of === 'outbound' || of === 'interaction' ? undefined : 'must end in .outbound or .interaction';
}

const eventFilter = z
  .object({
    key: z
      .string()
      .refine((key) => BIRD_FILTER_KEYS.includes(key), `must be one of ${BIRD_FILTER_KEYS.join(', ')}`),
    value: z.string().min(1).max(256),
  })
  .refine(({ key, value }) => key !== 'interactionType' || BIRD_INTERACTIONS.includes(value), {
    path: ['value'],
    error: `must be one of ${BIRD_INTERACTIONS.join(', ')}: Volley has no other interaction to tell`,
  });

const fields = {
  service,
  event: eventOtherThan().meta({ example: 'sms.outbound' }),
  eventFilters: z.array(eventFilter).max(MAX_FILTERS).meta({ description: 'All of them have to hold.' }),
  template: z.string().max(256),
  url: z.url({ protocol: /^https?$/, error: 'must be an https URL' }).max(MAX_URL_LENGTH),
  signingKey: z
    .string()
    .min(1)
    .max(256)
    .meta({ description: 'Made for you where absent; never shown again.' }),
};

export const newSubscriptionSchema = z.preprocess(
  withoutNulls,
  z.object({
    ...fields,
    eventFilters: fields.eventFilters.default([]),
    template: fields.template.optional(),
    signingKey: fields.signingKey.optional(),
  }),
);

const changeSchema = (event: z.ZodType<string>) =>
  z.preprocess(
    withoutNulls,
    z.object({ ...fields, event, status: z.enum(['active', 'inactive']) }).partial(),
  );

/** As far as it can be looked at without the subscription. */
export const subscriptionChangeSchema = changeSchema(z.string().meta({ example: 'sms.outbound' }));

/** For a subscription with this event. */
export const changeOf = ({ event }: Pick<BirdWebhookFilters, 'event'>) => changeSchema(eventOtherThan(event));

export const subscriptionSchema = z
  .object({
    id: z.uuid(),
    organizationId: z.uuid(),
    workspaceId: z.uuid(),
    service: z.literal('channels'),
    event: z.string(),
    eventFilters: z.array(z.object({ key: z.string(), value: z.string() })),
    template: z.string().optional(),
    url: z.string(),
    signingKey: z.string().optional().meta({ description: 'Ours: in the answer to its creation only.' }),
    status: z.enum(['active', 'inactive']),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .meta({ id: 'BirdWebhookSubscription' });

/** The same combination, whatever the order in which its filters were written. */
export function sameFilters(a: BirdWebhookFilters, b: BirdWebhookFilters): boolean {
  const key = ({ service: s, event: e, eventFilters }: BirdWebhookFilters): string =>
    JSON.stringify([s, e, eventFilters.map((filter) => `${filter.key}=${filter.value}`).sort()]);
  return key(a) === key(b);
}
