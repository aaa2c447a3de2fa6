/** A process that bundles the workflow code, sends it to its parent, and takes with it the memory that this needs. */
import { bundleWorkflowCode } from '@temporalio/worker';
import { bundleOptions } from './bundle-options';

async function bundle(): Promise<void> {
  const { code } = await bundleWorkflowCode(bundleOptions());
  process.send?.(code, () => process.disconnect());
}

void bundle();
