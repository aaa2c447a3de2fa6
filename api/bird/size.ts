/** A hundred contacts with all their fields are 1,200 values; a batch of faulty elements of this size is checked in a second. */
export const VALUES_MAX = 1_500;

/** Bird's bound for the body of one message (bird-api.md §2.2), in bytes of JSON. A listing holds a hundred of them. */
export const ELEMENT_MAX_BYTES = 200 * 1024;

/** What a caller knows a message by. */
const KEPT = ['reference', 'receiver'];

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
    if (Array.isArray(value) && seen + value.length > VALUES_MAX) return true;
    for (const [key, inner] of Object.entries(value)) {
      seen += 1;
      if (seen > VALUES_MAX) return true;
      if (!FREE_FORM.has(key)) open.push(inner);
    }
  }
  return false;
}

/** True when an element is over 200 KB as JSON, spaces between its values left out. */
export function isTooLong(element: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(element)) > ELEMENT_MAX_BYTES;
}

/** What is kept of an element that is over 200 KB: its `reference` and `receiver`, where they are not what makes it so. */
export function remainsOf(element: unknown): unknown {
  if (typeof element !== 'object' || element === null || Array.isArray(element)) return null;
  const kept = Object.fromEntries(
    KEPT.filter((key) => Object.hasOwn(element, key)).map((key) => [
      key,
      (element as Record<string, unknown>)[key],
    ]),
  );
  return isTooLong(kept) ? {} : kept;
}
