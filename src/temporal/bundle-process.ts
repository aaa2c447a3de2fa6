/** A process that bundles the workflow code, sends it to its parent, and takes with it the memory that this needs. */
import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

async function bundle(): Promise<void> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../../workflows/index'),
    failureConverterPath: require.resolve('./failure-converter'),
    logger: new DefaultLogger('WARN'),
  });
  process.send?.(code, () => process.disconnect());
}

void bundle();
