export interface TemplateCache<T> {
  /** The value kept for this source, else what `make` gives, which is then kept. */
  get(source: string, make: () => T): T;
}

/** A compiled template weighs about ten times its source, so this bounds the cache at some 40 MB of the thread's heap. */
const MAX_CHARS = 4_000_000;
const MAX_ENTRIES = 1_000;

/** Least recently used first out: a Map keeps the order in which keys were put in. */
export function createTemplateCache<T>(maxEntries = MAX_ENTRIES, maxChars = MAX_CHARS): TemplateCache<T> {
  const entries = new Map<string, T>();
  let chars = 0;

  function evict(): void {
    for (const source of entries.keys()) {
      if (entries.size <= maxEntries && chars <= maxChars) return;
      entries.delete(source);
      chars -= source.length;
    }
  }

  return {
    get(source, make) {
      const known = entries.get(source);
      if (known !== undefined) {
        entries.delete(source);
        entries.set(source, known);
        return known;
      }
      const made = make();
      entries.set(source, made);
      chars += source.length;
      evict();
      return made;
    },
  };
}
