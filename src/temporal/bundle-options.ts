import { DefaultLogger, type BundleOptions } from '@temporalio/worker';

export const WORKFLOWS_PATH = require.resolve('../../workflows/index');

/**
 * How the workflow code at `workflowsPath` is bundled. Ours is loaded once for all runs of a worker, and not by each of them, which was
 * a tenth of what the messages' context did: its modules keep nothing between calls, so runs share nothing by it.
 */
export function bundleOptions(workflowsPath: string = WORKFLOWS_PATH): BundleOptions {
  return {
    workflowsPath,
    failureConverterPath: require.resolve('./failure-converter'),
    preloadModules: ['@temporalio/workflow', WORKFLOWS_PATH],
    logger: new DefaultLogger('WARN'),
  };
}
