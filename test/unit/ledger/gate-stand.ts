import { randomUUID } from 'node:crypto';
import { decide, type Decision } from '../../../src/domain/gates';
import { type GateWishes } from '../../../src/domain/gate-wishes';
import { type MessageSpec } from '../../../src/domain/message-spec';
import { type Route } from '../../../src/domain/routing';
import { claimMessage, type Claimed, type Refused, type Seal } from '../../../src/ledger/attempts';
import { type Db } from '../../../src/ledger/database';
import { loadDelivery } from '../../../src/ledger/delivery-context';
import { readGateFacts } from '../../../src/ledger/gate-facts';
import { acceptBatch } from '../../../src/service/accept-batch';
import { createWorkspace, sandboxChannelId } from '../../../src/service/seed-workspace';
import { createTestDatabase, type TestDatabase } from '../../support/database';

export interface GateStand extends TestDatabase {
  readonly workspaceId: string;
  readonly channelId: string;
  /** Messages to these addresses, all in one running batch. Ids in order. */
  messages(addresses: readonly string[], gates?: GateWishes, more?: Partial<MessageSpec>): Promise<string[]>;
  /** What the gates say now, and what they would have the claim check. */
  ask(messageId: string): Promise<{ decision: Decision; seal: Seal }>;
  claim(messageId: string, seal: Seal, db?: Db): Promise<Claimed | Refused>;
  /** As the activity does it: asks, claims, and asks again when something changed. */
  deliver(messageId: string): Promise<Decision['type']>;
}

/** A ledger with one workspace, and the two steps that every delivery takes in it. */
export async function createGateStand(): Promise<GateStand> {
  const database = await createTestDatabase({ poolSize: 30 });
  const { db } = database;
  const workspaceId = await db.transaction((tx) => createWorkspace(tx, { name: 'test' }));
  const channelId = sandboxChannelId(workspaceId, 'email');

  async function jobOf(messageId: string): Promise<string> {
    const [row] = await db.query<{ job_id: string }>('select job_id from messages where id = $1', [
      messageId,
    ]);
    return row?.job_id ?? '';
  }
  const stand: GateStand = {
    ...database,
    ...{ workspaceId, channelId },
    async messages(addresses, gates, more = {}) {
      const { messageIds } = await db.transaction((tx) =>
        acceptBatch(tx, {
          ...{ workspaceId, channelId, guarantee: 'at_least_once', definition: {} },
          messages: addresses.map((email) => ({
            spec: {
              recipient: { id: email, idGenerated: false, addresses: { email } },
              ...{ data: {}, channelId, ...more },
              ...(gates ? { gates } : {}),
            },
            echo: {},
          })),
        }),
      );
      return [...messageIds];
    },
    async ask(messageId) {
      const message = await loadDelivery(db, messageId);
      if (!message) throw new Error('no such message');
      const routes: Route[] = [
        { kind: 'email', channelId, address: message.spec.recipient.addresses.email ?? '' },
      ];
      const { facts, sealFor } = await readGateFacts(db, { messageId, message, routes, first: 0 });
      return { decision: decide(facts), seal: sealFor(0) };
    },
    claim: async (messageId, seal, on = db) =>
      claimMessage(on, {
        ...{ jobId: await jobOf(messageId), messageId, deliveryId: randomUUID(), attemptId: randomUUID() },
        ...{ route: 0, channelId, kind: 'email', provider: 'sandbox', owner: 'test' },
        ...{ timeoutMs: 1_000, marginMs: 1_000, dedupeWindowMs: 0, seal },
      }),
    async deliver(messageId) {
      for (;;) {
        const { decision, seal } = await stand.ask(messageId);
        if (decision.type !== 'go') return decision.type;
        const claimed = await stand.claim(messageId, seal);
        if (!claimed.refused) return 'go';
        if (claimed.refused !== 'facts_changed' && claimed.refused !== 'capped')
          throw new Error(claimed.refused);
      }
    },
  };
  return stand;
}
