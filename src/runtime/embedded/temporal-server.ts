import { resolve } from 'node:path';
import { Connection } from '@temporalio/client';
import { LOOPBACK } from './ports';
import { type ProcessSpec } from './process-spec';

/** The dev server stores on every commit: it needs no long farewell. */
const STOP_TIMEOUT_MS = 10_000;
const PROBE_TIMEOUT_MS = 1_000;

/** What operators filter by in the web UI; all of type Keyword. Kept beside the server that must know them at start. */
const SEARCH_ATTRIBUTES = ['VolleyWorkspace', 'VolleyJob', 'VolleyPhase'] as const;

/**
 * Settings of the server for one machine. Limits of a single execution stay at their defaults on purpose: what runs
 * here must run on a cluster.
 */
const DYNAMIC_CONFIG: Record<string, number | boolean> = {
  // One partition: nothing is forwarded between partitions of one process, three times the throughput.
  'matching.numTaskqueueReadPartitions': 1,
  'matching.numTaskqueueWritePartitions': 1,
  // Fairness and priority keys are set by the engine, and do nothing unless this is on.
  'matching.enableFairness': true,
  // The rest are rates meant for shared clusters: here the one tenant may have the whole machine.
  'frontend.namespaceRPS': 20_000,
  'frontend.rps': 20_000,
  'frontend.namespaceCount': 5_000,
  'matching.rps': 20_000,
  'history.rps': 20_000,
  'frontend.persistenceMaxQPS': 20_000,
  'matching.persistenceMaxQPS': 20_000,
  'history.persistenceMaxQPS': 20_000,
  // A shard of the server looks for the work that it hands on (a task to match, a child to start) 20 times a second, which is for thousands
  // of shards on one database. With the one shard here each of a job's six steps to its first send waited for 40 ms.
  'history.transferProcessorMaxPollRPS': 100,
  // Workflows that ended are of no use in memory, where the collector walks them: with 50,000 the server grew by 50 MB with every 1,500,
  // and by a fifth of its time after 5,000. Here some hundred run at once; one that waits is read again when it is woken.
  'history.hostLevelCacheMaxSize': 2_000,
};

export type TemporalServerOptions = {
  port: number;
  /** Undefined runs without the web UI. */
  uiPort: number | undefined;
  namespace: string;
  /** Undefined keeps everything in memory. */
  dbFile: string | undefined;
  /** Where the web UI has payloads decoded. */
  codecEndpoint: string | undefined;
};

/** The arguments of `temporal` that start the dev server. Pure. */
export function devServerArguments(options: TemporalServerOptions): string[] {
  const { port, uiPort, namespace, dbFile, codecEndpoint } = options;
  return [
    ...['server', 'start-dev', '--ip', LOOPBACK, '--port', String(port)],
    ...(uiPort === undefined ? ['--headless'] : ['--ui-ip', LOOPBACK, '--ui-port', String(uiPort)]),
    // Write-ahead logging triples the throughput; only a crash of the whole machine can cost the last moments, and the
    // ledger, which loses nothing, starts such workflows again.
    ...(dbFile === undefined
      ? []
      : [
          '--db-filename',
          dbFile,
          '--sqlite-pragma',
          'journal_mode=wal',
          '--sqlite-pragma',
          'synchronous=normal',
        ]),
    ...['--log-level', 'error', '--namespace', namespace],
    ...SEARCH_ATTRIBUTES.flatMap((name) => ['--search-attribute', `${name}=Keyword`]),
    ...(codecEndpoint === undefined || uiPort === undefined ? [] : ['--ui-codec-endpoint', codecEndpoint]),
    ...Object.entries(DYNAMIC_CONFIG).flatMap(([key, value]) => [
      '--dynamic-config-value',
      `${key}=${value}`,
    ]),
  ];
}

/** How to run the dev server found at `command` as a process of the stack. */
export function temporalSpec(command: string, options: TemporalServerOptions): ProcessSpec {
  const dbFile = options.dbFile === undefined ? undefined : resolve(options.dbFile);
  const address = `${LOOPBACK}:${options.port}`;
  return {
    name: 'temporal',
    // The data directory may have to be open for passing through (Postgres' user); what Temporal keeps in it is not.
    command: '/bin/sh',
    args: ['-c', 'umask 077 && exec "$0" "$@"', command, ...devServerArguments({ ...options, dbFile })],
    env: plainEnvironment(),
    cwd: process.cwd(),
    runAs: undefined,
    stopSignal: 'SIGTERM',
    stopTimeoutMs: STOP_TIMEOUT_MS,
    isReady: () => namespaceAnswers(address, options.namespace),
  };
}

/** Whether the server at `address` serves `namespace`: it listens some time before it does. */
async function namespaceAnswers(address: string, namespace: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: PROBE_TIMEOUT_MS });
  try {
    await connection.withDeadline(Date.now() + PROBE_TIMEOUT_MS, () =>
      connection.workflowService.describeNamespace({ namespace }),
    );
    return true;
  } finally {
    await connection.close();
  }
}

/** In percent of what is live: with little of that, rarer collections cost 200 MB and give back a tenth of the server's time. */
const GO_COLLECTS_AT = '200';

/** Nothing of the caller's: TEMPORAL_* variables would point the server's CLI at another server or profile. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const { PATH, HOME, TMPDIR } = process.env;
  return {
    PATH: PATH ?? '/usr/bin:/bin',
    GOGC: GO_COLLECTS_AT,
    ...(HOME === undefined ? {} : { HOME }),
    ...(TMPDIR === undefined ? {} : { TMPDIR }),
  };
}
