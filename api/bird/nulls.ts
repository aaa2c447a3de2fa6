/**
 * Members that are null count as absent: many clients write every field that they know. Entries of arrays stay, so that
 * places keep their numbers. The body reader has bounded the depth, so recursion is safe; the given value isn't touched.
 */
export function withoutNulls(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(withoutNulls);
  const kept = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(item)]));
}
