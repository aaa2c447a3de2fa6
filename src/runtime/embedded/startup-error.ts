/**
 * Why the embedded stack could not start. The message is one sentence that says what is wrong and what to do, fit to
 * be printed alone; whatever led to it travels as `cause` and is for the log.
 */
export class StartupError extends Error {
  override readonly name = 'StartupError';
}
