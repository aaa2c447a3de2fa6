import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { type NativeConnection, type WorkflowBundle } from '@temporalio/worker';
import { type DeliveryRules, DEFAULT_DELIVERY_RULES } from '../../activities/dependencies';
import { birdWebhookBody } from '../../api/bird/webhook-body';
import { courierWebhookBody } from '../../api/courier/webhook-body';
import { readJobForSignal, readUsersForSignal } from '../../api/courier/signals';
import { DEFAULT_RETRY_POLICY } from '../../src/domain/retry';
import { type Database } from '../../src/ledger/database';
import { type Nudge } from '../../src/ledger/outbox';
import { createSandboxLog } from '../../src/ledger/sandbox-deliveries';
import { createEgress } from '../../src/providers/egress/guarded-client';
import { parseEgressAllow } from '../../src/providers/egress/address-policy';
import { createProviders } from '../../src/providers/registry';
import { createTokens } from '../../src/links/tokens';
import { parseEncryptionKeys } from '../../src/runtime/encryption-keys';
import { linkKeys } from '../../src/runtime/link-keys';
import { createLog } from '../../src/runtime/log';
import { createSecretBox, type SecretBox } from '../../src/runtime/secret-box';
import { createService, type Notifier } from '../../src/service/create-service';
import { type Service } from '../../src/service/service';
import { type EncryptionKey } from '../../src/temporal/payload-codec';
import { signalJob } from '../../src/temporal/start-job';
import { createWorkers } from '../../src/temporal/workers';
import { createRenderer } from '../../src/templates/render';
import { MAX_RUN_MS, type EngineSettings } from '../../workflows/contract';
import { RECORDING_KEY } from '../replay/keys';
import { workflowBundle } from './workflow-bundle';

/** Of tests only: the committed histories (test/replay) are encrypted with it. */
export const TEST_KEYS: readonly EncryptionKey[] = parseEncryptionKeys(RECORDING_KEY);

/** Where the links of test messages lead. */
export const TEST_LINKS = {
  tokens: createTokens(linkKeys(TEST_KEYS)),
  base: 'https://links.volley.test',
  announced: true,
};

/** As an embedded installation has it, but for search attributes: the time-skipping server has none registered. */
export const TEST_SETTINGS: EngineSettings = {
  shards: 2,
  window: 25,
  shardSize: 500,
  searchAttributes: false,
  maxRunMs: MAX_RUN_MS,
  maxSignals: 2_000,
};

export interface EngineOptions {
  /** What activities and the service write to. */
  readonly db: Database;
  readonly client: Client;
  readonly connection: NativeConnection;
  readonly settings?: Partial<EngineSettings>;
  readonly rules?: Partial<DeliveryRules>;
  /** Calls to providers at once, on each queue; 100 where absent. */
  readonly maxDeliveries?: number;
  /** 0 replays the whole history at every task; of messages, at least one stays. */
  readonly maxCachedWorkflows?: number;
  readonly bundle?: WorkflowBundle;
  /** Lets a test stand between activities and what they lean on, to break it. */
  readonly activityDb?: Database;
}

export interface Engine {
  readonly service: Service;
  readonly settings: EngineSettings;
  readonly secretBox: SecretBox;
  /** While false, nobody is told to look: the signal after a commit is lost. */
  notify: boolean;
  /** Signals sent after commits so far have arrived, or this throws why not. */
  signalled(): Promise<void>;
  /** Ends both workers and closes what they hold; `db`, `client` and `connection` stay the caller's. */
  stop(): Promise<void>;
}

/** Both workers, with the real activities on real dependencies, composed as a worker process does it (without the relay). */
export async function startEngine(options: EngineOptions): Promise<Engine> {
  const { db, client } = options;
  const activityDb = options.activityDb ?? db;
  const settings = { ...TEST_SETTINGS, ...options.settings };
  const log = createLog(process.env['VOLLEY_LOG_LEVEL'] ?? 'silent', 'test');
  const sent = new Set<Promise<void>>();
  const egress = createEgress({ allow: parseEgressAllow('127.0.0.0/8') });
  const providers = createProviders({ egress, sandboxLog: createSandboxLog(db) });
  const renderer = createRenderer();
  const secretBox = createSecretBox(TEST_KEYS);

  // Every commit signals at once: a test must not depend on the second in which the real one coalesces.
  const notifier: Notifier = {
    look: (job: Nudge) => {
      if (!engine.notify) return;
      const told = signalJob(client, settings, job).catch((error: unknown) => {
        // Its run was just being closed: the time-skipping server finds none then.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
        return signalJob(client, settings, job);
      });
      // What an activity sets off is awaited by nobody: no test that happens to run is to fail of it. signalled() tells.
      told.catch(() => undefined);
      sent.add(told);
    },
    liveStatus: async () => undefined,
  };
  const service = createService({ notifier });
  const workers = await createWorkers({
    connection: options.connection,
    namespace: client.options.namespace,
    keys: TEST_KEYS,
    tuning: {
      maxDeliveries: options.maxDeliveries ?? 100,
      maxWorkflowTasks: 40,
      ...(options.maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows: options.maxCachedWorkflows }),
    },
    activities: {
      db: activityDb,
      service,
      startJob: (job) => signalJob(client, settings, job),
      providers,
      renderer,
      egress,
      secretBox,
      dialect: { readJob: readJobForSignal, readUsers: readUsersForSignal },
      webhookBodies: { courier: courierWebhookBody, bird: birdWebhookBody },
      links: TEST_LINKS,
      log,
      metrics: { attempt: () => undefined },
      rules: { ...DEFAULT_DELIVERY_RULES, retry: DEFAULT_RETRY_POLICY, ...options.rules },
    },
    workflowBundle: options.bundle ?? (await workflowBundle()),
  });
  const ended = Promise.all(workers.map((worker) => worker.run()));
  // A worker that fails for good is told at stop(); until then it must not end the process.
  ended.catch(() => undefined);

  const engine: Engine = {
    service,
    settings,
    secretBox,
    notify: true,
    async signalled() {
      const soFar = [...sent];
      await Promise.all(soFar);
      for (const told of soFar) sent.delete(told);
    },
    async stop() {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
      // Before the caller closes the connection under them.
      await Promise.allSettled(sent);
      await providers.close();
      await renderer.close();
    },
  };
  return engine;
}
