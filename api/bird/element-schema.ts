import { z } from 'zod';
import { bodySchema } from './body-schema';
import { metaSchema } from './meta-schema';
import { shortLinksSchema, templateSchema } from './template-schema';
import { fieldText } from './text-schema';
import { fetchableUrl } from './url-schema';

const CONTACT_ID = 'a1405560-c8d3-4b1a-877d-3f449ad95352';
const ADDRESS = 'jane@example.com';
/** A message is no mailing list: SMTP servers must take 100 recipients of one envelope (RFC 5321, 4.5.3.1.8), not more. */
const CONTACTS_MAX = 100;
const TAGS_MAX = 10;
const TAG_MAX_CHARS = 50;
/** Bird names no upper bound; a year is longer than any message is worth sending, and keeps dates within reason. */
const VALIDITY_MAX_SECONDS = 365 * 86_400;

/** Longer than any address of any kind: a web push subscription is the longest, at about 1 kB. */
const ADDRESS_MAX = 2_048;
const address = () =>
  z
    .string()
    .max(ADDRESS_MAX)
    // It may be what a recipient is looked up by, and an index takes no more.
    .refine((text) => Buffer.byteLength(text) <= ADDRESS_MAX, `must be ${ADDRESS_MAX} bytes at most`)
    .optional()
    .meta({ example: ADDRESS });
const identifierKey = () => z.string().max(64).optional().meta({ example: 'emailaddress' });

const identifier = z.looseObject({ identifierKey: identifierKey(), identifierValue: address() });

const contact = z
  .looseObject({
    id: z.string().max(256).optional().meta({ example: CONTACT_ID }),
    identifierKey: identifierKey(),
    identifierValue: address(),
    type: z.enum(['to', 'cc', 'bcc']).optional().meta({ description: '`to` where absent.', example: 'to' }),
    identifiers: z.array(identifier).optional(),
    platformAddress: z.string().max(2_048).optional().meta({ example: 'text' }),
    platformAddressSelector: z.string().max(2_048).optional().meta({ example: 'text' }),
  })
  .meta({ id: 'BirdContact' });
export type BirdContact = z.infer<typeof contact>;

const receiverSchema = z.looseObject({
  contacts: z.array(contact).max(CONTACTS_MAX).meta({
    description:
      'One of type `to` at least. E-mail takes to, cc and bcc as one envelope, other channels one contact.',
  }),
});
export type BirdReceiver = z.infer<typeof receiverSchema>;

const senderSchema = z.looseObject({
  connector: z
    .looseObject({
      identifierValue: fieldText.optional().meta({ example: 'news@example.com' }),
      annotations: z.looseObject({ name: fieldText.optional().meta({ example: 'text' }) }).optional(),
    })
    .optional(),
});

const tag = z
  .string()
  .min(1)
  .max(TAG_MAX_CHARS)
  .regex(/^[a-zA-Z0-9\-_ ]*$/, 'may hold letters, digits, spaces, - and _ only');

/** RFC 3339, in either case: the year up to the offset, which is required. */
export const instant = z
  .string()
  .refine((text) => z.iso.datetime({ offset: true }).safeParse(text.toUpperCase()).success, {
    error: 'must be a date and time of RFC 3339, such as 2025-06-22T23:40:44Z',
  })
  .meta({ format: 'date-time', example: '2025-06-22T23:40:44.725Z' });

const replyTo = z.looseObject({
  id: fieldText.optional().meta({ description: 'Sent as In-Reply-To (e-mail).', example: 'text' }),
  order: z.number().optional().meta({ example: 1 }),
  type: z.enum(['message', 'click', 'referrals']).optional().meta({ example: 'message' }),
});

/**
 * One entry of `messageRequests`, as the seed has it in full. What is wrong here ends that message as `rejected`; fields
 * that it doesn't name are kept and given back.
 */
export const messageRequestSchema = z
  .looseObject({
    sender: senderSchema.optional(),
    receiver: receiverSchema,
    reference: z.string().max(1_024).optional().meta({ example: 'my-own-identifier' }),
    template: templateSchema.optional().meta({ description: 'Beside a body the template wins.' }),
    meta: metaSchema.optional(),
    replyTo: replyTo.optional(),
    body: bodySchema.optional(),
    notification: z
      .looseObject({
        url: fetchableUrl.optional(),
        template: z.string().optional().meta({ example: 'text' }),
      })
      .optional(),
    capFrequency: z.boolean().optional().meta({
      description:
        "Skipped beyond the workspace's frequency cap. Only with `meta.extraInformation.useCase: marketing`.",
      example: false,
    }),
    enableLinkTracking: z.boolean().optional().meta({ example: true }),
    ignoreQuietHours: z.boolean().optional().meta({
      description: "Sent within the recipient's quiet hours and outside the workspace's delivery window too.",
      example: true,
    }),
    ignoreGlobalHoldout: z.boolean().optional().meta({
      description: 'Sent to recipients of the global holdout too.',
      example: true,
    }),
    tags: z
      .array(tag)
      .max(TAGS_MAX)
      .optional()
      .meta({ example: ['text'] }),
    shortLinks: shortLinksSchema.optional().meta({
      description: 'Short links, unless `enabled` is false. Those of a template win.',
    }),
    scheduledFor: instant.optional().meta({ description: 'At most 35 days ahead; a past one goes at once.' }),
    validity: z.int().min(1).max(VALIDITY_MAX_SECONDS).optional().meta({
      description: 'Seconds, counted from the later of `scheduledFor` and acceptance. 129600 where absent.',
      example: 129_600,
    }),
  })
  .meta({
    id: 'BirdMessageRequest',
    description:
      'At most 200 KB. Fields that are not named here are kept and given back; a member that is null counts as absent. Whatever is wrong ends the message as rejected, with every fault named in failure.description.',
  });
export type BirdMessageRequest = z.infer<typeof messageRequestSchema>;
