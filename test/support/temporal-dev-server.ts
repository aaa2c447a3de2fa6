import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { awaitReady, launch } from '../../src/runtime/embedded/launch';
import { LOOPBACK, freePort } from '../../src/runtime/embedded/ports';
import { stopProcess } from '../../src/runtime/embedded/process-life';
import { findTemporal } from '../../src/runtime/embedded/temporal-binary';
import { temporalSpec } from '../../src/runtime/embedded/temporal-server';
import { startWatchdog } from '../../src/runtime/embedded/watchdog';

const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 5_000;

export type DevServerOptions = {
  /** With the web UI on a free port; tests mostly do without. */
  ui?: boolean;
  /** A file to keep the state in, for tests that restart the server; otherwise it lives in memory. */
  dbFile?: string;
  /** To come back on the same address after a restart. */
  port?: number;
  namespace?: string;
};

export type DevServer = { address: string; uiUrl?: string; pid: number; stop(): Promise<void> };

/** A real Temporal server of its own for a suite, on free ports, with Volley's search attributes registered. */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const port = options.port ?? (await freePort());
  const uiPort = options.ui ? await freePort() : undefined;
  const spec = temporalSpec(await findTemporal('temporal', process.env), {
    port,
    uiPort,
    namespace: options.namespace ?? 'default',
    dbFile: options.dbFile,
    codecEndpoint: undefined,
  });
  const logs = mkdtempSync(join(tmpdir(), 'volley-temporal-'));
  const child = await launch(spec, join(logs, 'temporal.log'));
  const pid = child.pid ?? 0;
  const watchdog = startWatchdog();
  watchdog.watch([{ pid, stopSignal: 'SIGTERM' }]);
  const stop = async () => {
    await stopProcess(pid, 'SIGTERM', STOP_TIMEOUT_MS);
    watchdog.dismiss();
    rmSync(logs, { recursive: true, force: true });
  };
  const outcome = await awaitReady(spec, child, READY_TIMEOUT_MS);
  if (outcome !== 'ready') {
    await stop();
    throw new Error(`the Temporal dev server is ${outcome}`);
  }
  const address = `${LOOPBACK}:${port}`;
  return { address, pid, stop, ...(uiPort === undefined ? {} : { uiUrl: `http://${LOOPBACK}:${uiPort}` }) };
}
