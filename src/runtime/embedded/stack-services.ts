import { join } from 'node:path';
import { LOOPBACK, claimPort, freePort } from './ports';
import { preparePostgres } from './postgres';
import { type StackConfig } from './stack-config';
import { type Supervisor } from './supervisor';
import { findTemporal } from './temporal-binary';
import { temporalSpec } from './temporal-server';

export type StackPorts = { api: number; postgres: number; temporal: number; temporalUi: number };

type StackPlace = StackConfig & { baseEnv?: NodeJS.ProcessEnv };

/**
 * The ports that the stack will listen on, no two the same. All are looked at before anything is started or fetched:
 * a taken one is said at once. Those of parts that are not started are not looked at.
 * @throws StartupError naming the port and its variable.
 */
export async function claimPorts(config: StackConfig): Promise<StackPorts> {
  const taken = new Set<number>();
  const claim = async (used: boolean, wanted: number, variable: string, purpose: string) => {
    if (!used) return wanted;
    let port = await claimPort(wanted, variable, purpose);
    // A picked port may come twice, since nothing holds it yet.
    while (wanted === 0 && taken.has(port)) port = await freePort();
    taken.add(port);
    return port;
  };
  const ownPostgres = config.databaseUrl === undefined;
  const ownTemporal = config.temporalAddress === undefined;
  return {
    api: await claim(true, config.apiPort, 'PORT', 'the API'),
    postgres: await claim(ownPostgres, config.postgresPort, 'VOLLEY_POSTGRES_PORT', 'Postgres'),
    temporal: await claim(ownTemporal, config.temporalPort, 'VOLLEY_TEMPORAL_PORT', 'Temporal'),
    temporalUi: await claim(
      ownTemporal,
      config.temporalUiPort,
      'VOLLEY_TEMPORAL_UI_PORT',
      "Temporal's web UI",
    ),
  };
}

/** Starts Postgres with its database, or takes the one of the user's own; resolves to its URL. */
export async function startPostgres(
  config: StackPlace,
  ports: StackPorts,
  supervisor: Supervisor,
): Promise<string> {
  if (config.databaseUrl !== undefined) return config.databaseUrl;
  const { dataDir } = config;
  const postgres = await preparePostgres({ dataDir, port: ports.postgres, durable: true });
  await supervisor.start(postgres.spec);
  await postgres.createDatabase();
  return postgres.url;
}

/** Finds or fetches Temporal's CLI and starts its dev server, or takes the server of the user's own. */
export async function startTemporal(
  config: StackPlace,
  ports: StackPorts,
  supervisor: Supervisor,
  report: (line: string) => void,
): Promise<{ address: string; ui?: string }> {
  if (config.temporalAddress !== undefined) return { address: config.temporalAddress };
  const env = { ...(config.baseEnv ?? process.env), VOLLEY_DATA_DIR: config.dataDir };
  const spec = temporalSpec(await findTemporal('temporal', env, report), {
    port: ports.temporal,
    uiPort: ports.temporalUi,
    namespace: config.namespace,
    dbFile: join(config.dataDir, 'temporal.db'),
    codecEndpoint: `http://${LOOPBACK}:${ports.api}/codec`,
  });
  await supervisor.start(spec);
  return { address: `${LOOPBACK}:${ports.temporal}`, ui: `http://${LOOPBACK}:${ports.temporalUi}` };
}
