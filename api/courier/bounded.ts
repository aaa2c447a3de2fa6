import { z } from 'zod';

/**
 * Looked at before the elements are: of five million wrong ones each would be noted, with all that was tried on it, and the
 * process would end for want of memory.
 */
export function bounded<T>(isTooMany: (given: unknown) => boolean, problem: string, schema: z.ZodType<T>) {
  return z.preprocess((given, context) => {
    if (!isTooMany(given)) return given;
    context.addIssue(problem);
    return z.NEVER;
  }, schema);
}
