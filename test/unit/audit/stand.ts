import { randomUUID } from 'node:crypto';
import { createBirdDialect } from '../../../api/bird';
import { createCourierDialect } from '../../../api/courier';
import { claimMessage, settleAttempt } from '../../../src/ledger/attempts';
import { finishJob } from '../../../src/ledger/jobs';
import { createSandboxLog } from '../../../src/ledger/sandbox-deliveries';
import { createService } from '../../../src/service/create-service';
import { SEEDED_WORKSPACE_ID, sandboxChannelId, seedEmbedded } from '../../../src/service/seed-workspace';
import { auditJob, type AuditInput } from '../../../src/audit/audit-job';
import { createStand, type Stand } from '../../api/framework/setup';

export const WEBHOOK_CHANNEL = randomUUID();

export interface AuditStand extends Stand {
  /** As the seeded workspace. */
  post(path: string, body?: unknown): Promise<Record<string, never> & { jobId: string }>;
  /** Delivers a message without a worker: one attempt with the given outcome; returns its idempotency key. */
  deliver(jobId: string, messageId: string, way: Way): Promise<string>;
  messageIds(jobId: string): Promise<string[]>;
  settle(jobId: string): Promise<void>;
  audit(jobId: string, rest?: Partial<AuditInput>): ReturnType<typeof auditJob>;
  /** Changes rows past every trigger, as a bug or a hand in the database would. */
  tamper(sql: string, values?: readonly unknown[]): Promise<void>;
}

export interface Way {
  readonly provider: 'sandbox' | 'webhook';
  readonly outcome?: 'accepted' | 'ambiguous' | 'throttled';
}

/** Both doors on a real ledger, and a hand that does what a worker would. */
export async function createAuditStand(): Promise<AuditStand> {
  const service = createService({ notifier: { look: () => undefined, liveStatus: async () => undefined } });
  const stand = await createStand([createCourierDialect({ service }), createBirdDialect({ service })]);
  const { db } = stand.database;
  await seedEmbedded(db, { embedded: true });
  await db.query(
    `insert into channels (id, workspace_id, kind, provider, name, settings) values ($1, $2, 'webhook', 'webhook', 'sink', '{}')`,
    [WEBHOOK_CHANNEL, SEEDED_WORKSPACE_ID],
  );
  const log = createSandboxLog(db);
  return {
    ...stand,
    post: async (path, body) => (await stand.call('POST', path, { key: 'abcd', body })).json,
    async deliver(jobId, messageId, { provider, outcome = 'accepted' }) {
      const sandbox = provider === 'sandbox';
      const channelId = sandbox ? sandboxChannelId(SEEDED_WORKSPACE_ID, 'email') : WEBHOOK_CHANNEL;
      const attemptId = randomUUID();
      const claimed = await claimMessage(db, {
        ...{ jobId, messageId, deliveryId: randomUUID(), attemptId, route: 0, channelId, provider },
        ...{
          kind: sandbox ? 'email' : 'webhook',
          owner: 'test',
          timeoutMs: 1_000,
          marginMs: 0,
          dedupeWindowMs: 0,
        },
      });
      if (claimed.refused) throw new Error(claimed.refused);
      const key = `${claimed.deliveryId}-${claimed.generation}`;
      if (sandbox && outcome === 'accepted') {
        const entry = {
          key,
          workspaceId: SEEDED_WORKSPACE_ID,
          channelId,
          messageId,
          deliveryId: claimed.deliveryId,
        };
        await log.record(
          { ...entry, kind: 'email', address: 'a@example.test', attempt: 1, text: 'Hi', atMs: Date.now() },
          { deduplicate: true, counted: false },
        );
      }
      const state = outcome === 'accepted' ? 'sent' : 'waiting';
      const wait = state === 'waiting' ? ({ waitReason: 'backoff', waitMs: 0 } as const) : {};
      await settleAttempt(db, { jobId, attemptId, outcome, state, refused: false, ...wait });
      return key;
    },
    messageIds: async (jobId) =>
      (
        await db.query<{ id: string }>('select id from messages where job_id = $1 order by ordinal', [jobId])
      ).map(({ id }) => id),
    async settle(jobId) {
      const [job] = await db.query<{ version: number }>('select version from jobs where id = $1', [jobId]);
      const settled = await db.transaction((tx) => finishJob(tx, jobId, job?.version ?? 0));
      if (!settled) throw new Error('the job is not through');
    },
    audit: (jobId, rest = {}) =>
      auditJob({ databaseUrl: stand.database.url, jobId, api: { url: stand.url, key: 'abcd' }, ...rest }),
    tamper: async (sql, values) =>
      db.transaction(async (tx) => {
        await tx.query('set local session_replication_role = replica');
        await tx.query(sql, values);
      }),
  };
}
