import { NoSuchJobError } from '../audit/audited-job';
import { VolleyError } from '../domain/errors';
import { OperatorError } from '../domain/operator-error';
import { StartupError } from '../runtime/embedded/startup-error';
import { UnreachableError } from '../runtime/local-client';

/** What is a sentence for a person; anything else is a bug and shows its stack. */
const FOR_OPERATORS = [StartupError, OperatorError, UnreachableError, NoSuchJobError, VolleyError];

/** Says to standard error why this process ends. */
export function printError(error: unknown): void {
  const isSentence = FOR_OPERATORS.some((kind) => error instanceof kind);
  console.error(isSentence ? (error as Error).message : error);
}
