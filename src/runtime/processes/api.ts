import { createApp } from '../../../api/app';
import { createBirdDialect } from '../../../api/bird';
import { createCallbackRouter } from '../../../api/callbacks/receive';
import { createCodecHandler } from '../../../api/codec';
import { createCourierDialect } from '../../../api/courier';
import { createLinkRouter } from '../../../api/links/router';
import { startServer, type RunningServer } from '../../../api/server';
import { createV1Dialect } from '../../../api/v1';
import { openDatabase } from '../../ledger/database';
import { createSandboxLog } from '../../ledger/sandbox-deliveries';
import { createTokens } from '../../links/tokens';
import { createCallbackReaders } from '../../providers/callbacks/readers';
import { createTokenSigner } from '../../providers/callbacks/return-path';
import { createEgress } from '../../providers/egress/guarded-client';
import { createProviders } from '../../providers/registry';
import { createService } from '../../service/create-service';
import { createWebhookService } from '../../service/webhooks';
import { lazyClient } from '../../temporal/connect';
import { createNotifier } from '../../temporal/notifier';
import { type Config } from '../config';
import { linkKeys } from '../link-keys';
import { createLog } from '../log';
import { createMetrics } from '../metrics';
import { returnPathKey } from '../return-path-key';
import { createSecretBox } from '../secret-box';
import { readinessChecks } from './readiness';

/** Composes and starts the HTTP side. Any number of these may run against one database and one Temporal. */
export async function startApi(config: Config): Promise<RunningServer> {
  const log = createLog(config.logLevel, 'api');
  const db = openDatabase({
    connectionString: config.databaseUrl,
    poolSize: config.poolSize,
    onIdleError: (error) => log.warn({ event: 'database.idle_error', reason: error.message }),
  });
  const client = lazyClient(config.temporal, config.keys);
  const notifier = createNotifier({ client, settings: config.engine, log });
  const service = createService({ notifier, fanOut: config.fanOut });
  const { registry } = createMetrics('api');
  const secretBox = createSecretBox(config.keys);
  const egress = createEgress({ allow: config.egressAllow });
  const providers = createProviders({
    egress,
    sandboxLog: createSandboxLog(db),
  });
  const app = createApp({
    db,
    dialects: [
      createCourierDialect({ service }),
      createBirdDialect({ service, webhooks: createWebhookService({ egress, secretBox }) }),
      createV1Dialect({ providers, secretBox, egress }),
    ],
    auth: {
      ...(config.adminKey === undefined ? {} : { adminKey: config.adminKey }),
      seededKey: config.embedded,
    },
    readiness: readinessChecks({ db, client, config }),
    metrics: registry,
    log,
    callbacks: createCallbackRouter({
      db,
      readers: createCallbackReaders({ returnPaths: createTokenSigner(returnPathKey(config.keys)) }),
      providers,
      secretBox,
      publicUrl: config.publicUrl,
      log,
    }),
    links: createLinkRouter({
      db,
      tokens: createTokens(linkKeys(config.keys)),
      base: config.links.base,
      log,
    }),
    ...(config.embedded
      ? { codec: createCodecHandler({ keys: config.keys, origin: config.temporalUiUrl }) }
      : {}),
  });
  const server = await startServer({ app, host: config.host, port: config.port });
  log.info({ event: 'api.listening', port: server.port });
  return {
    port: server.port,
    async close() {
      await server.close();
      notifier.close();
      await client.connection.close();
      await db.close();
    },
  };
}
