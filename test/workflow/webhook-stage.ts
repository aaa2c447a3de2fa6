import { v7 as uuidv7 } from 'uuid';
import { ledgerTypesOf, WEBHOOK_TYPES, type WebhookForm, type WebhookType } from '../../src/domain/webhooks';
import {
  getEndpoint,
  insertEndpoint,
  sealSecrets,
  type WebhookEndpoint,
  type WebhookSecret,
} from '../../src/ledger/webhook-endpoints';
import { wakeWebhooks } from '../../src/temporal/wake-webhooks';
import { startStage, WORKSPACE, type Stage } from './stage';

export const STANDARD_SECRET = `whsec_${Buffer.alloc(32, 'hook').toString('base64')}`;

export interface WebhookStage extends Stage {
  /** An endpoint at this URL, of our own form and for all types unless it says otherwise. */
  addEndpoint(
    url: string,
    more?: {
      form?: WebhookForm;
      types?: readonly WebhookType[];
      filters?: unknown;
      secrets?: readonly WebhookSecret[];
    },
  ): Promise<string>;
  endpoint(id: string): Promise<WebhookEndpoint>;
  /** One round of the relay. */
  wake(): Promise<void>;
  /** Rounds of the relay until the endpoint is owed nothing. */
  drained(id: string): Promise<void>;
}

export async function startWebhookStage(
  options: Parameters<typeof startStage>[0] = {},
): Promise<WebhookStage> {
  const stage = await startStage(options);
  const { db, client, engine } = stage;
  const wake = () => wakeWebhooks(db, client, engine.settings);
  return {
    ...stage,
    wake,
    async addEndpoint(url, { form = 'standard', types = WEBHOOK_TYPES, filters, secrets } = {}) {
      const id = uuidv7();
      await insertEndpoint(db, {
        ...{ id, workspaceId: WORKSPACE, form, url },
        filters: filters ?? (form === 'standard' ? { types } : {}),
        eventTypes: form === 'standard' ? ledgerTypesOf({ form, types }) : ledgerTypesOf({ form }),
        sealedSecrets: sealSecrets(
          engine.secretBox,
          { workspaceId: WORKSPACE, endpointId: id },
          secrets ?? [{ secret: STANDARD_SECRET }],
        ),
      });
      return id;
    },
    async endpoint(endpointId) {
      const found = await getEndpoint(db, { workspaceId: WORKSPACE, endpointId });
      if (!found) throw new RangeError('no such endpoint');
      return found;
    },
    drained: (id) =>
      stage.until('the endpoint is owed nothing', async () => {
        await wake();
        const [row] = await db.query<{ done: boolean }>(
          `select replay_after is null and not exists (
             select 1 from webhook_queue q where q.endpoint_id = e.id and q.event_id > e.queue_floor) as done
           from webhook_endpoints e where id = $1`,
          [id],
        );
        return row?.done ?? true;
      }),
  };
}
