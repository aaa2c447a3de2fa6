import { StartupError } from './startup-error';
import { findTemporal } from './temporal-binary';

/**
 * A script: fetches what the tests need and this machine lacks, showing progress. Run before jest, which would hide
 * the progress and might time out meanwhile.
 */
async function main(): Promise<void> {
  const report = (line: string) => void process.stderr.write(`${line}\n`);
  await findTemporal('temporal', process.env, report);
  await findTemporal('temporal-test-server', process.env, report);
}

main().catch((error: unknown) => {
  process.stderr.write(error instanceof StartupError ? `${error.message}\n` : `${String(error)}\n`);
  process.exitCode = 1;
});
