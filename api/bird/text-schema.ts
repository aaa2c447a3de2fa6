import { z } from 'zod';

/** Text that ends up in one header line of an e-mail: 998 characters is the longest line that RFC 5322 allows. */
export const fieldText = z
  .string()
  .max(998)
  .regex(/^[^\r\n]*$/, 'must not hold line breaks');
