import { createValidateBatch } from '../../../activities/batch-messages';
import { createBirdDialect } from '../../../api/bird';
import { parseEgressAllow } from '../../../src/providers/egress/address-policy';
import { createEgress } from '../../../src/providers/egress/guarded-client';
import { createSecretBox } from '../../../src/runtime/secret-box';
import { createService } from '../../../src/service/create-service';
import { createWebhookService } from '../../../src/service/webhooks';
import {
  SEEDED_API_KEY,
  SEEDED_CHANNEL_ID,
  SEEDED_WORKSPACE_ID,
  seedEmbedded,
} from '../../../src/service/seed-workspace';
import { type Answer, type CallOptions, createStand, type Stand } from '../framework/setup';

export const SEEDED_PATH = `/workspaces/${SEEDED_WORKSPACE_ID}/channels/${SEEDED_CHANNEL_ID}`;

export interface BirdStand extends Stand {
  /** With the seed's own key, as the seed's curl sends it. */
  asSeeded(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Sends a batch on the seeded channel. */
  send(messageRequests: unknown, options?: CallOptions): Promise<Answer>;
  /** What the batch's workflow does first. */
  validate(batchId: string): Promise<void>;
}

/** Bird's door on the real app and a real ledger, with what the embedded default seeds; no workflow runs. */
export async function createBirdStand(): Promise<BirdStand> {
  const service = createService({ notifier: { look: () => undefined, liveStatus: async () => undefined } });
  const webhooks = createWebhookService({
    egress: createEgress({ allow: parseEgressAllow('127.0.0.0/8') }),
    secretBox: createSecretBox([{ id: 'test', key: Buffer.alloc(32, 7) }]),
  });
  const stand = await createStand([createBirdDialect({ service, webhooks })]);
  await seedEmbedded(stand.database.db, { embedded: true });
  const validateBatch = createValidateBatch({ db: stand.database.db });
  const asSeeded: BirdStand['asSeeded'] = (method, path, options = {}) =>
    stand.call(method, path, {
      ...options,
      key: null,
      headers: { authorization: `AccessKey ${SEEDED_API_KEY}`, ...options.headers },
    });
  return {
    ...stand,
    asSeeded,
    send: (messageRequests, options = {}) =>
      asSeeded('POST', `${SEEDED_PATH}/batch/messages`, { body: { messageRequests }, ...options }),
    validate: async (jobId) => void (await validateBatch({ v: 1, jobId })),
  };
}
