import { z } from 'zod';
import { headersSchema } from './meta-schema';
import { attachmentSchema, FILES_MAX } from './template-schema';
import { fieldText } from './text-schema';
import { fetchableUrl, linkUrl } from './url-schema';

/** Body types that Volley sends. */
export const RENDERED_BODY_TYPES = ['text', 'html', 'image', 'file'] as const;
/** Body types that Volley keeps and gives back, and that end `rejected` since no channel carries them. */
export const UNSUPPORTED_BODY_TYPES = [
  'gif',
  'location',
  'carousel',
  'list',
  'section',
  'authentication',
  'template',
  'action',
] as const;

const text = () => z.string().optional().meta({ example: 'text' });

/** Links are appended to the text; reply, locationRequest, buy and postback are kept and not shown. */
const action = z.looseObject({
  type: z.string().meta({
    description: 'Only link is shown, appended to the text; other types are kept.',
    example: 'link',
  }),
  link: z.looseObject({ text: z.string().meta({ example: 'text' }), url: linkUrl }).optional(),
});

const metadata = z.looseObject({
  subject: fieldText.optional().meta({ example: 'text' }),
  headers: headersSchema.optional(),
  clickTracking: z.boolean().optional().meta({ description: 'Before `enableLinkTracking`, for clicks.' }),
  openTracking: z.boolean().optional().meta({ description: 'Before `enableLinkTracking`, for opens.' }),
  initialOpenTracking: z
    .boolean()
    .optional()
    .meta({ description: 'Like `openTracking`: an open counts once.' }),
  whatsapp: z.looseObject({ previewUrl: z.boolean().optional().meta({ example: true }) }).optional(),
  line: z
    .looseObject({
      emoji: z
        .looseObject({
          items: z
            .array(
              z.looseObject({
                index: z.number().optional().meta({ example: 1 }),
                productId: text(),
                emojiId: text(),
              }),
            )
            .optional(),
        })
        .optional(),
    })
    .optional(),
  telegram: z.looseObject({ parseMode: z.string().optional().meta({ example: 'Markdown' }) }).optional(),
});

const decoration = {
  attachments: z.array(attachmentSchema).max(FILES_MAX).optional(),
  actions: z.array(action).optional(),
  metadata: metadata.optional(),
};

const image = z.looseObject({ mediaUrl: fetchableUrl, altText: z.string().optional() });
const file = z.looseObject({
  mediaUrl: fetchableUrl,
  contentType: z.string().max(255).optional(),
  filename: z.string().max(255).optional(),
});
const kept = () => z.looseObject({}).optional();

/** Bird's `body`: `type` names the member that carries it. Nothing in it is interpolated. */
export const bodySchema = z
  .looseObject({
    type: z.string().meta({
      description: `Sent: ${RENDERED_BODY_TYPES.join(', ')}. Kept, then rejected: ${UNSUPPORTED_BODY_TYPES.join(', ')}.`,
      example: 'text',
    }),
    text: z.looseObject({ text: text(), ...decoration }).optional(),
    html: z
      .looseObject({ html: z.string().optional(), text: z.string().optional(), ...decoration })
      .optional(),
    image: z
      .looseObject({ images: z.array(image).optional(), text: z.string().optional(), ...decoration })
      .optional(),
    file: z
      .looseObject({
        files: z.array(file).max(FILES_MAX).optional(),
        text: z.string().optional(),
        ...decoration,
      })
      .optional(),
    gif: kept(),
    location: kept(),
    carousel: kept(),
    list: kept(),
    section: kept(),
    authentication: kept(),
    template: kept(),
    action: kept(),
  })
  .meta({ id: 'BirdBody' });
export type BirdBody = z.infer<typeof bodySchema>;
