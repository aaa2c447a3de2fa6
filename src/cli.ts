import { printError } from './cli/print-error';
import { createProgram } from './cli/program';

createProgram()
  .parseAsync()
  .catch((error: unknown) => {
    printError(error);
    process.exitCode = 1;
  });
