/** What went wrong, in one sentence for the operator, with what to do about it. Shown alone, without a stack. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
}
