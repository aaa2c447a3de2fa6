import { z } from 'zod';
import { type Rendered } from '../../src/domain/content';
import { type Service } from '../../src/service/service';
import { type OutputView } from '../../src/service/views';
import { type ReadRoute } from '../route';
import { readReleased } from './get-message';
import { messagePath } from './openapi-parts';
import { messageInPath } from './path-ids';
import { courierChannelOf } from './routing';

const content = z.object({
  title: z.string(),
  subject: z.string().meta({ description: 'The title, as e-mail calls it.' }),
  body: z.string().meta({ description: 'The HTML where there is one, else the text.' }),
  html: z.string().meta({ description: 'Empty where there is none.' }),
  text: z.string(),
  blocks: z.array(z.object({ type: z.enum(['text', 'action', 'image']), text: z.string() })),
});

const output = z
  .object({
    channel: z.string().meta({ description: 'email, sms, push, inbox, direct_message or webhook.' }),
    channel_id: z.string(),
    content,
  })
  .meta({ id: 'MessageOutput' });

/** `GET /messages/{messageId}/output`: what went to the providers, word for word; empty until one was called. */
export function getOutputRoute(service: Service): ReadRoute {
  return {
    kind: 'read',
    method: 'get',
    path: '/messages/{messageId}/output',
    auth: 'workspace',
    openapi: {
      operationId: 'getMessageOutput',
      summary: "Get a message's content as it was rendered",
      requestParams: messagePath,
      responses: {
        '200': {
          description: 'One result for each channel that the message went out through.',
          content: { 'application/json': { schema: z.object({ results: z.array(output) }) } },
        },
      },
    },
    async handle(call, db) {
      await readReleased(service, call, db);
      const outputs = await service.readOutputs(db, messageInPath(call));
      return { status: 200, body: { results: outputs.map(outputBody) } };
    },
  };
}

function outputBody({ kind, channelId, content: rendered }: OutputView): z.input<typeof output> {
  const { title = '', html = '', text } = rendered;
  return {
    channel: courierChannelOf(kind),
    channel_id: channelId,
    content: { title, subject: title, body: html || text, html, text, blocks: blocksOf(rendered) },
  };
}

function blocksOf({ text, images, actions }: Rendered): z.input<typeof content>['blocks'] {
  return [
    ...(text === '' ? [] : [{ type: 'text' as const, text }]),
    ...images.map(({ alt, url }) => ({ type: 'image' as const, text: alt ?? url })),
    ...actions.map((action) => ({ type: 'action' as const, text: action.text })),
  ];
}
