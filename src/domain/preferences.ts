import { type ChannelKind } from './kinds';

/**
 * What someone wants of a topic or a notification. `required` cannot be opted out of: it is the sender's to give, by a topic's
 * default or with a message, and a recipient may still choose the kinds of channel.
 */
export const PREFERENCE_STATUSES = ['opted_in', 'opted_out', 'required'] as const;
export type PreferenceStatus = (typeof PREFERENCE_STATUSES)[number];

export interface Preference {
  readonly status: PreferenceStatus;
  /** Only by these kinds of channel; absent: any. */
  readonly channels?: readonly ChannelKind[];
}

/** What came with a message, by notification (its event or template) and by category (its topic). */
export interface GivenPreferences {
  readonly notifications?: Readonly<Record<string, Preference>>;
  readonly categories?: Readonly<Record<string, Preference>>;
}

export interface PreferenceFacts {
  /** The names that the message goes by: event, template. */
  readonly notifications: readonly string[];
  readonly topicId?: string | undefined;
  readonly given?: GivenPreferences | undefined;
  /** What the person said about the topic, and what the workspace does for those who said nothing. */
  readonly stored?: Preference | undefined;
  readonly topicDefault?: PreferenceStatus | undefined;
}

export interface PreferenceVerdict {
  /** No opt-out counts. */
  readonly required: boolean;
  readonly refusal?: 'opted_out' | 'opt_in_required';
  readonly channels?: readonly ChannelKind[];
}

/**
 * The nearest word counts: what came with the message for the notification, then for the topic, then what the person said
 * about the topic, then the topic's default. A default of opted_out wants an opt-in first. REQUIRED, by default or with the
 * message, ignores every opt-out.
 */
export function weighPreferences(facts: PreferenceFacts): PreferenceVerdict {
  const { given, topicId, stored, topicDefault } = facts;
  const byNotification = facts.notifications
    .map((name) => own(given?.notifications, name))
    .find((preference) => preference !== undefined);
  const byCategory = topicId === undefined ? undefined : own(given?.categories, topicId);
  const said = [byNotification, byCategory, stored].filter((preference) => preference !== undefined);
  const [nearest] = said;
  const channels = said.find((preference) => preference.channels !== undefined)?.channels;
  const choice = channels === undefined ? {} : { channels };
  const required =
    topicDefault === 'required' || byNotification?.status === 'required' || byCategory?.status === 'required';
  if (required) return { required, ...choice };
  if (nearest?.status === 'opted_out') return { required, refusal: 'opted_out', ...choice };
  if (!nearest && topicDefault === 'opted_out') return { required, refusal: 'opt_in_required' };
  return { required, ...choice };
}

/** Names come from callers: `constructor` is one like any other. */
function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined;
}
