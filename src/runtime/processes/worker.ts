import { Runtime, type Worker } from '@temporalio/worker';
import { birdWebhookBody } from '../../../api/bird/webhook-body';
import { courierWebhookBody } from '../../../api/courier/webhook-body';
import { readUsersForSignal, readJobForSignal } from '../../../api/courier/signals';
import { type Dependencies } from '../../../activities/dependencies';
import { openDatabase } from '../../ledger/database';
import { createSandboxLog } from '../../ledger/sandbox-deliveries';
import { createTokens } from '../../links/tokens';
import { createTokenSigner } from '../../providers/callbacks/return-path';
import { createEgress } from '../../providers/egress/guarded-client';
import { createProviders } from '../../providers/registry';
import { createService } from '../../service/create-service';
import { lazyClient } from '../../temporal/connect';
import { createNotifier } from '../../temporal/notifier';
import { startRelay } from '../../temporal/relay';
import { signalJob } from '../../temporal/start-job';
import { bundleWorkflows, connectWorker, createWorkers } from '../../temporal/workers';
import { createRenderer } from '../../templates/render';
import { type Config } from '../config';
import { linkKeys } from '../link-keys';
import { createLog } from '../log';
import { createMetrics } from '../metrics';
import { returnPathKey } from '../return-path-key';
import { createSecretBox } from '../secret-box';
import { serveWorkerMetrics } from './worker-metrics';

const RECONNECT_MS = 2_000;

export interface RunningWorker {
  /** Ends when the worker was stopped, or rejects when it failed for good: then the process is to end, and be started again. */
  readonly ended: Promise<void>;
  /** Attempts under way finish; nothing new begins. Also what is left to do for one that failed: it never rejects. */
  drain(): Promise<void>;
  /** Drains, and closes all that it had open. */
  stop(): Promise<void>;
}

/** Composes and starts a worker process: every task queue, the relay and the sweep. */
export async function startWorker(config: Config): Promise<RunningWorker> {
  const log = createLog(config.logLevel, 'worker');
  Runtime.install({
    shutdownSignals: [],
    telemetryOptions: {
      ...(config.metricsPort === undefined
        ? {}
        : { metrics: { prometheus: { bindAddress: `${config.host}:${config.metricsPort + 1}` } } }),
    },
    logger: {
      log: (level, message) => log[levelOf(level)](message),
      trace: (message) => log.trace(message),
      debug: (message) => log.debug(message),
      info: (message) => log.debug(message),
      warn: (message) => log.warn(message),
      error: (message) => log.error(message),
    },
  });
  const db = openDatabase({
    connectionString: config.databaseUrl,
    poolSize: config.poolSize,
    onIdleError: (error) => log.warn({ event: 'database.idle_error', reason: error.message }),
  });
  const client = lazyClient(config.temporal, config.keys);
  const notifier = createNotifier({ client, settings: config.engine, log });
  const egress = createEgress({ allow: config.egressAllow });
  const renderer = createRenderer();
  const providers = createProviders({
    egress,
    sandboxLog: createSandboxLog(db),
    returnPaths: createTokenSigner(returnPathKey(config.keys)),
  });
  const stopping = new AbortController();
  const metrics = createMetrics('worker');
  const metricsServer =
    config.metricsPort === undefined
      ? undefined
      : await serveWorkerMetrics(metrics.registry, config.host, config.metricsPort);
  const activities: Dependencies = {
    db,
    service: createService({ notifier, fanOut: config.fanOut }),
    startJob: (job) => signalJob(client, config.engine, job),
    providers,
    renderer,
    egress,
    secretBox: createSecretBox(config.keys),
    dialect: { readJob: readJobForSignal, readUsers: readUsersForSignal },
    webhookBodies: { courier: courierWebhookBody, bird: birdWebhookBody },
    links: { tokens: createTokens(linkKeys(config.keys)), ...config.links },
    log,
    metrics: metrics.delivery,
    rules: config.rules,
    stopping: stopping.signal,
  };
  const workflowBundle = await bundleWorkflows();
  const connection = await connectPatiently(config, log);
  const workers = await createWorkers({
    connection,
    namespace: config.temporal.namespace,
    keys: config.keys,
    tuning: { maxDeliveries: config.maxDeliveries, maxWorkflowTasks: 40 },
    activities,
    workflowBundle,
  });
  const relay = startRelay({ db, client, settings: config.engine, log, sweepEveryMs: config.sweepEveryMs });
  log.info({ event: 'worker.polling' });
  const runs = workers.map((worker) => worker.run());
  const ended = Promise.all(runs).then(async () => {
    await relay.stop();
    metricsServer?.close();
    notifier.close();
    await providers.close();
    await renderer.close();
    await client.connection.close();
    await connection.close();
    await db.close();
  });
  const drain = async (): Promise<void> => {
    stopping.abort();
    workers.forEach(shutdown);
    await Promise.allSettled(runs);
  };
  return {
    ended,
    drain,
    async stop() {
      await drain();
      await ended;
    },
  };
}

function shutdown(worker: Worker): void {
  if (worker.getState() === 'RUNNING') worker.shutdown();
}

function levelOf(level: string): 'trace' | 'debug' | 'warn' | 'error' {
  const lower = level.toLowerCase();
  return lower === 'trace' || lower === 'warn' || lower === 'error' ? lower : 'debug';
}

/** A server that is not there yet is waited for: processes may start in any order. */
async function connectPatiently(config: Config, log: ReturnType<typeof createLog>) {
  for (;;) {
    try {
      return await connectWorker(config.temporal);
    } catch (error) {
      log.warn({ event: 'temporal.unreachable', reason: (error as Error).name }, 'trying again');
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  }
}
