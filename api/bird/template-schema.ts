import { z } from 'zod';
import { fetchableUrl } from './url-schema';

/** Bird's limit for one UTM value; the same for every template. */
const UTM_KEY_MAX_CHARS = 20;
const UTM_VALUE_MAX_CHARS = 100;
const UTM_MAX_ENTRIES = 8;
/** A DNS name of 253 characters would fit an e-mail; Bird says 128. */
const SHORT_LINK_DOMAIN_MAX_CHARS = 128;

/** Files of one message: they are fetched one by one, within one time for all. */
export const FILES_MAX = 50;

export const attachmentSchema = z
  .looseObject({
    mediaUrl: fetchableUrl.meta({
      description: 'Fetched once a message, at delivery, through the egress guard.',
    }),
    filename: z.string().max(255).optional().meta({ example: 'text' }),
    inline: z.boolean().optional().meta({
      description: 'Shown inside the HTML by Content-ID (the filename) instead of listed.',
      example: true,
    }),
  })
  .meta({ id: 'BirdAttachment' });
export type BirdAttachment = z.infer<typeof attachmentSchema>;

export const shortLinksSchema = z.looseObject({
  enabled: z.boolean().optional().meta({ example: true }),
  domain: z.string().max(SHORT_LINK_DOMAIN_MAX_CHARS).optional().meta({ example: 'text' }),
});

const utmParameter = z.looseObject({
  key: z.string().min(1).max(UTM_KEY_MAX_CHARS).meta({ example: 'text' }),
  value: z.string().max(UTM_VALUE_MAX_CHARS).optional().meta({ example: 'text' }),
  reference: z.enum(['platform_name', 'channel_name']).optional(),
});

/** A variable with a type of its own; types other than string, number, boolean and object are passed on as they are. */
const templateParameter = z.looseObject({
  type: z.string().min(1).meta({ example: 'string' }),
  key: z.string().min(1).max(256).meta({ example: 'text' }),
  value: z.unknown().meta({ example: 'text' }),
});
export type BirdParameter = z.infer<typeof templateParameter>;

/** Bird's `template`: which stored template, in which version and locale, and what fills it. */
export const templateSchema = z
  .looseObject({
    name: z.string().max(256).optional().meta({ example: 'text' }),
    projectId: z.string().max(256).optional().meta({
      description: 'The template: its id, slug or alias.',
      example: '4b7e08a9-5d0e-4e56-aaf1-cd0bfa29d431',
    }),
    version: z.string().max(256).optional().meta({
      description: 'Id of a published version, or `latest` (also where absent).',
      example: 'fe72e43f-340e-4d41-9a9e-a136278ebb04',
    }),
    locale: z.string().max(64).optional().meta({ description: 'BCP 47.', example: 'en' }),
    attachments: z.array(attachmentSchema).max(FILES_MAX).optional(),
    shortLinks: shortLinksSchema.optional().meta({ description: 'Short links, where `enabled` is true.' }),
    variables: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'Fills the template. `default` is a variable like any other.' }),
    utmParameters: z.array(utmParameter).min(1).max(UTM_MAX_ENTRIES).optional(),
    parameters: z.array(templateParameter).optional().meta({ description: 'Merged over `variables`.' }),
    settings: z.looseObject({ useMmLite: z.boolean().optional().meta({ example: true }) }).optional(),
  })
  .meta({ id: 'BirdTemplate' });
export type BirdTemplate = z.infer<typeof templateSchema>;
