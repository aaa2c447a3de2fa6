import { type z } from 'zod';
import { type WebhookService } from '../src/service/webhooks';
import { type Call } from './route';

/**
 * Whether the `url` of a body could be called: for the `before` of a route, as it asks a name server. Of a good body; what is wrong with
 * another one is for the handler to say.
 */
export async function checkUrl(
  service: Pick<WebhookService, 'requireCallable'>,
  schema: z.ZodType<{ url?: string | undefined }>,
  call: Call,
): Promise<void> {
  const { data } = schema.safeParse(call.body);
  if (data?.url !== undefined) await service.requireCallable(data.url);
}
