import { rmSync } from 'node:fs';
import { stopProcess } from '../../src/runtime/embedded/process-life';
import { keptForTeardown } from './global-state';

/** Ends the Postgres of the global setup at once: its data is thrown away anyway. */
export default async function globalTeardown(): Promise<void> {
  const postgres = keptForTeardown();
  if (!postgres) return;
  const { child, spec, dataDir, watchdog } = postgres;
  if (child.pid !== undefined) await stopProcess(child.pid, 'SIGQUIT', spec.stopTimeoutMs);
  watchdog.dismiss();
  rmSync(dataDir, { recursive: true, force: true });
}
