import { z } from 'zod';
import { bounded } from './bounded';
import { CHANNELS_MAX, hasChannelsBeyond, type ChannelEntry, type Routing } from './routing';

/**
 * The create request in its three shapes. Loose everywhere: what is not named here is kept and given back. The types of
 * what is named are checked, so that a slip is told at once and not by a million messages.
 */
export const NAME_MAX_LENGTH = 256;

const name = (what: string) => z.string().min(1).max(NAME_MAX_LENGTH).nullish().meta({ description: what });
/** Any object, which may be left out. */
export const bag = (what: string) => z.record(z.string(), z.unknown()).nullish().meta({ description: what });
const utmAlone = (what: string) =>
  bag(
    `${what} \`metadata.utm\` of each goes on links; the rest is kept and given back. Refused in \`POST /send\`.`,
  );

const method = z.enum(['single', 'all']);
const NO_CHANNEL = 'must be a channel, {channel} or {method, channels}';

/** Not what has `channels` too: it would be read as one channel or as several. The reading judges the rest. */
const channelEntry: z.ZodType<ChannelEntry> = z
  .looseObject({ channel: z.string(), method: method.nullish() })
  .refine((entry) => !Object.hasOwn(entry, 'channels'), { error: NO_CHANNEL });

const nestedRouting: z.ZodType<Routing> = z
  .lazy(() =>
    z.looseObject({
      method,
      channels: z
        .array(z.union([z.string(), nestedRouting, channelEntry], { error: NO_CHANNEL }))
        .max(CHANNELS_MAX),
    }),
  )
  .meta({
    id: 'CourierRouting',
    description:
      'Channels to try, in order: email, sms, push, inbox, direct_message, webhook; each by its name or as `{channel}`. `banner` is passed over. Method `all` is refused.',
  });

const routing = bounded(
  hasChannelsBeyond,
  `has more than ${CHANNELS_MAX} channels, those of nested ones counted`,
  nestedRouting,
);

/** Each is looked through for every message; a text in all of these languages is rare. */
const LOCALES_MAX = 200;
const isBeyondLocales = (given: unknown) =>
  typeof given === 'object' && given !== null && Object.keys(given).length > LOCALES_MAX;

const locale = bounded(
  isBeyondLocales,
  `has more than ${LOCALES_MAX} languages`,
  z.union([z.string().min(2).max(35), z.record(z.string(), z.record(z.string(), z.unknown()))], {
    error: 'must be a language tag such as "en_US", or an object that holds data by language tag',
  }),
)
  .nullish()
  .meta({ description: 'The language to send in, or data by language (SDK v6 and later).' });

const content = z
  .record(z.string(), z.unknown())
  .nullish()
  .meta({ description: '`{title, body}`, or Elemental `{version, elements, brand?}`.' });

const durationMs = z.number().min(0).nullish();
/** Hours of a week, written out. */
const UNTIL_MAX_LENGTH = 256;

export const sendFields = {
  template: name('Slug, alias or id of a stored template.'),
  content,
  data: bag("Data for all users; a user's own data takes precedence."),
  brand: name('Brand to render with.'),
  brand_id: name('Brand to render with.'),
  locale,
  routing: routing.nullish(),
  channels: utmAlone('Settings by channel.'),
  providers: utmAlone('Settings by provider.'),
  metadata: bag(
    '`tags` and `trace_id`, by which messages are found, and `utm`, which goes on links; in `POST /send` also `event`. The rest is kept and given back.',
  ),
  context: bag('`tenant_id`: the tenant in whose name to send, for users without one.'),
  preferences: z
    .looseObject({ subscription_topic_id: name('The topic that the message belongs to.') })
    .nullish(),
  override: bag('Overrides by channel or provider. Kept and given back; nothing acts on it yet.'),
  timeout: z
    .looseObject({ message: durationMs.meta({ description: 'Not sent any more so many ms after the run.' }) })
    .nullish(),
  delay: z
    .looseObject({
      duration: durationMs.meta({ description: 'ms, rounded up to the next minute; 90 days at most.' }),
      until: z
        .string()
        .max(UNTIL_MAX_LENGTH)
        .nullish()
        .meta({ description: 'ISO 8601, or opening hours such as `Mo-Fr 08:00-18:00`.' }),
      timezone: z
        .string()
        .max(64)
        .nullish()
        .meta({ description: "Before the user's own; UTC where neither is." }),
    })
    .nullish(),
  expiry: z
    .looseObject({
      expires_in: z
        .union([durationMs, z.string().max(64)])
        .meta({ description: 'ms, as a number or a text, or ISO 8601 as `P1DT4H`.' }),
      expires_at: z
        .union([z.number().min(0), z.string().max(64)])
        .nullish()
        .meta({ description: 'ISO 8601, or an epoch: 10 or 11 digits are seconds, 12 to 14 ms.' }),
    })
    .nullish()
    .meta({ description: 'Not sent any more after this.' }),
};

const nestedMessage = z
  .looseObject(sendFields)
  .meta({ id: 'CourierSendMessage', description: 'A message of the Send API without its `to`.' });

const inboundBulkMessage = z
  .looseObject({
    event: name('Event or notification to send. Beside content or a template it is only a label.'),
    ...sendFields,
    message: nestedMessage.nullish(),
  })
  .meta({
    id: 'InboundBulkMessage',
    description:
      'What is sent is the first of these that is there: message.content, message.template, content, template, event.',
  });

export const createJobBody = z.object({ message: inboundBulkMessage }).meta({ id: 'CreateJobRequest' });

export type InboundBulkMessage = z.infer<typeof inboundBulkMessage>;
export type SendFields = Partial<Pick<InboundBulkMessage, keyof typeof sendFields>>;
