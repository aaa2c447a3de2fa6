// Prints `N passed, N failed, N skipped` from jest's JSON report. Fails where there is none, or where it holds no test.
import { readFileSync } from 'node:fs';
import process from 'node:process';

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

const report = read(process.argv[2]);
const passed = report?.numPassedTests ?? 0;
// A suite that could not even be loaded has no tests of its own to count: it counts as one.
const failed = report ? report.numFailedTests + report.numRuntimeErrorTestSuites : 1;
const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);

process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
