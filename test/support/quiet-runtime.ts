import { DefaultLogger, Runtime } from '@temporalio/worker';

let quiet = false;

/** The SDK says only what went wrong. Before anything else of it is used, as often as one likes in one test file. */
export function quietRuntime(): void {
  if (quiet) return;
  quiet = true;
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: 'ERROR' } },
    shutdownSignals: [],
  });
}
