import { type z } from 'zod';

/** A pass may drop a member and so make its parent incomplete: it takes one pass for each level at most. */
const PASSES_MAX = 40;

export interface Salvaged<T> {
  /** What the schema makes of the value without its faulty parts; undefined when nothing of it is usable. */
  readonly value: T | undefined;
  /** Every complaint about the value as it was given. */
  readonly issues: readonly z.core.$ZodIssue[];
}

/**
 * Parses what can be parsed: the faulty parts are reported and left out, so that the rules that come after the schema
 * still see the rest and all faults of a message are told at once. The given value isn't touched.
 */
export function salvage<S extends z.ZodType>(schema: S, given: unknown): Salvaged<z.infer<S>> {
  const first = schema.safeParse(given);
  if (first.success) return { value: first.data, issues: [] };
  let rest: unknown = structuredClone(given);
  let issues = first.error.issues;
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    rest = without(rest, issues);
    if (rest === undefined) break;
    const again = schema.safeParse(rest);
    if (again.success) return { value: again.data, issues: first.error.issues };
    issues = again.error.issues;
  }
  return { value: undefined, issues: first.error.issues };
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
