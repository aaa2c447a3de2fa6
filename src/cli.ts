import { NoSuchJobError } from './audit/audited-job';
import { OperatorError } from './cli/operator-error';
import { createProgram } from './cli/program';
import { VolleyError } from './domain/errors';
import { StartupError } from './runtime/embedded/startup-error';
import { UnreachableError } from './runtime/local-client';

/** What is a sentence for a person; anything else is a bug and shows its stack. */
const FOR_OPERATORS = [StartupError, OperatorError, UnreachableError, NoSuchJobError, VolleyError];

createProgram()
  .parseAsync()
  .catch((error: Error) => {
    console.error(FOR_OPERATORS.some((kind) => error instanceof kind) ? error.message : error);
    process.exitCode = 1;
  });
