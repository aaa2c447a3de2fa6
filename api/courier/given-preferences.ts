import { type GivenPreferences, type Preference } from '../../src/domain/preferences';
import { BANNER, kindOf } from './routing';
import { fromCourierStatus } from './preference-status';

/**
 * Courier's RecipientPreferences, as they come with a user: `{notifications, categories}`, each by id `{status,
 * channel_preferences}`. Undefined where they are of another shape: an opt-out that cannot be read must not be passed over.
 */
export function readGivenPreferences(given: Readonly<Record<string, unknown>>): GivenPreferences | undefined {
  const notifications = readEntries(given['notifications']);
  const categories = readEntries(given['categories']);
  return notifications && categories ? { notifications, categories } : undefined;
}

function readEntries(given: unknown): Record<string, Preference> | undefined {
  if (given == null) return {};
  if (typeof given !== 'object' || Array.isArray(given)) return undefined;
  const entries = Object.entries(given).map(([name, value]) => [name, readPreference(value)] as const);
  if (entries.some(([, preference]) => !preference)) return undefined;
  return Object.fromEntries(entries) as Record<string, Preference>;
}

function readPreference(given: unknown): Preference | undefined {
  if (typeof given !== 'object' || given === null) return undefined;
  const { status, channel_preferences: chosen } = given as Record<string, unknown>;
  const read = typeof status === 'string' ? fromCourierStatus(status) : undefined;
  if (!read) return undefined;
  if (chosen == null) return { status: read };
  if (!Array.isArray(chosen)) return undefined;
  const names = chosen.map((one: unknown) => String((one as { channel?: unknown } | null)?.channel));
  if (names.some((name) => name !== BANNER && kindOf(name) === undefined)) return undefined;
  // An empty list is what Courier's own examples have for "no choice". Who chose the banner alone has chosen, and none of ours.
  if (names.length === 0) return { status: read };
  return { status: read, channels: names.map(kindOf).filter((kind) => kind !== undefined) };
}

/** What came with `to` counts before what came with the user, entry by entry. */
export function mergeGiven(user: GivenPreferences, to: GivenPreferences): GivenPreferences {
  return {
    notifications: { ...user.notifications, ...to.notifications },
    categories: { ...user.categories, ...to.categories },
  };
}
