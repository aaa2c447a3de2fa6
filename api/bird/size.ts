/** A hundred contacts with all their fields are 1,200 values; a batch of faulty elements of this size is checked in a second. */
export const VALUES_MAX = 1_500;

/** Members that are the caller's own data: taken as they are, so their size costs nothing to check. */
const FREE_FORM = new Set(['variables', 'extraInformation', 'value']);

/**
 * True when an element has more than 1,500 values outside of its free-form members. Asked before the schema is, which would
 * otherwise spend seconds on a few megabytes of nonsense while other calls wait.
 */
export function isTooLarge(element: unknown): boolean {
  const open: unknown[] = [element];
  let seen = 0;
  while (open.length) {
    const value = open.pop();
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, inner] of Object.entries(value)) {
      seen += 1;
      if (seen > VALUES_MAX) return true;
      if (!FREE_FORM.has(key)) open.push(inner);
    }
  }
  return false;
}
