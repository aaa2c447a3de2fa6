import { type z } from 'zod';

/** A pass may drop a member and so make its parent incomplete: it takes one pass for each level at most. */
const PASSES_MAX = 40;

/**
 * What the schema makes of a value without its faulty parts, undefined when nothing of it is usable. So the rules that come
 * after the schema still see the rest, and all faults of a message are told at once. The given value isn't touched.
 */
export function salvage<S extends z.ZodType>(
  schema: S,
  given: unknown,
  issues: readonly z.core.$ZodIssue[],
): z.infer<S> | undefined {
  let rest: unknown = structuredClone(given);
  let faulty = issues;
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    rest = without(rest, faulty);
    if (rest === undefined) return undefined;
    const parsed = schema.safeParse(rest);
    if (parsed.success) return parsed.data;
    faulty = parsed.error.issues;
  }
  return undefined;
}

/** Drops what each issue points at, or its parent where that is missing; undefined once the whole is to go. */
function without(root: unknown, issues: readonly z.core.$ZodIssue[]): unknown {
  const doomed = new Map<object, Set<PropertyKey>>();
  for (const { path } of issues) {
    const victim = locate(root, path);
    if (victim === undefined) return undefined;
    const keys = doomed.get(victim.parent) ?? new Set();
    doomed.set(victim.parent, keys.add(victim.key));
  }
  for (const [parent, keys] of doomed) {
    if (Array.isArray(parent)) {
      const kept = parent.filter((_, index) => !keys.has(index)) as unknown[];
      parent.splice(0, parent.length);
      for (const item of kept) parent.push(item);
    } else {
      for (const key of keys) Reflect.deleteProperty(parent, key);
    }
  }
  return root;
}

function locate(
  root: unknown,
  path: readonly PropertyKey[],
): { parent: object; key: PropertyKey } | undefined {
  let found: { parent: object; key: PropertyKey } | undefined;
  let at: unknown = root;
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) break;
    found = { parent: at, key };
    at = (at as Record<PropertyKey, unknown>)[key];
  }
  return found;
}
