import { z } from 'zod';
import { fieldText } from './text-schema';

const UUID_EXAMPLE = '123e4567-e89b-12d3-a456-426614174000';
const text = () => z.string().optional().meta({ example: 'text' });
const id = () => z.string().max(256).optional().meta({ example: UUID_EXAMPLE });

/** A line break in a header's name or value would let a caller write headers of its own choosing. */
const headerName = z.string().regex(/^[!-9;-~]{1,76}$/, 'must be the name of a header');
const headerValue = z
  .string()
  .regex(/^[^\r\n]*$/, 'must not hold line breaks')
  .meta({ example: 'text' });

/** E-mail headers asked for. Only those of the allow-list are sent; the others are kept. */
export const headersSchema = z.record(headerName, headerValue);

const step = z.looseObject({ id: id(), name: text(), stepId: text(), runId: id() });
const product = z.looseObject({
  externalCatalogId: text(),
  externalProductId: text(),
  quantity: z.number().optional().meta({ example: 1 }),
  price: z
    .looseObject({
      amount: z.number().optional().meta({ example: 1 }),
      exponent: z.number().optional().meta({ example: 1 }),
      currencyCode: text(),
    })
    .optional(),
});

const emailMeta = z.looseObject({
  subject: fieldText.optional().meta({ example: 'text' }),
  headers: headersSchema.optional(),
  from: z
    .looseObject({
      username: fieldText.optional().meta({
        description: 'An identity of the channel: an address, or the local part of one.',
        example: 'text',
      }),
      displayName: fieldText.optional().meta({ example: 'text' }),
    })
    .optional(),
});

/** Bird's `meta`. Acted on: `email`, `extraInformation.useCase`, `skipThisMessage`. The rest is kept and given back. */
export const metaSchema = z
  .looseObject({
    extraInformation: z.record(z.string(), z.unknown()).optional().meta({
      description:
        '`useCase: marketing` is what permits `capFrequency`; an unsubscription does not stop `useCase: transactional`.',
    }),
    referral: z
      .looseObject({
        source: text(),
        title: text(),
        text: text(),
        group: text(),
        metadata: z
          .looseObject({ source_id: text(), source_url: text(), media_url: text(), tracking_id: text() })
          .optional(),
      })
      .optional(),
    order: z.looseObject({ products: z.array(product).optional() }).optional(),
    referredProduct: z.looseObject({ externalCatalogId: text(), externalProductId: text() }).optional(),
    email: emailMeta.optional(),
    pushNotifications: z
      .looseObject({ gatewayTypeOverride: z.enum(['apns', 'firebase', 'web']).optional() })
      .optional(),
    navigatorId: id(),
    navigatorMessageId: id(),
    flow: step.optional(),
    journey: step.optional(),
    // Messages are found by it: as long as an index takes.
    campaign: z
      .looseObject({ id: id(), name: z.string().max(256).optional().meta({ example: 'text' }) })
      .optional()
      .meta({ description: 'Ours: listings find its messages by `campaignId`.' }),
    skipThisMessage: z.string().optional().meta({
      description: '`globalHoldout`: skipped as held out, unless `ignoreGlobalHoldout` is true.',
      example: 'globalHoldout',
    }),
  })
  .meta({ id: 'BirdMeta' });
