import { z } from 'zod';
import { type TopicChoice, type TopicPreference } from '../../src/ledger/preferences';
import { COURIER_STATUSES, fromCourierStatus, toCourierStatus } from './preference-status';
import { CHANNELS_MAX, COURIER_CHANNELS, courierChannelOf, kindOf } from './routing';

/** As long as a recipient's id may be. */
export const NAME_MAX_CHARS = 256;
const TOPICS_MAX = 100;

const status = z.enum(COURIER_STATUSES);
const channels = z
  .array(z.enum(COURIER_CHANNELS))
  .max(CHANNELS_MAX)
  .nullish()
  .meta({ description: 'The channels chosen for this topic, while `has_custom_routing` is true.' });
const choice = z.looseObject({ status, custom_routing: channels, has_custom_routing: z.boolean().nullish() });
export const topicBody = z.object({ topic: choice }).meta({ id: 'TopicPreferenceRequest' });
export const listBody = z
  .object({
    topics: z.array(choice.extend({ topic_id: z.string().min(1).max(NAME_MAX_CHARS) })).max(TOPICS_MAX),
  })
  .meta({ id: 'UserPreferencesRequest' });

export const topicView = z
  .object({
    ...{ topic_id: z.string(), topic_name: z.string(), default_status: status, status },
    custom_routing: z.array(z.enum(COURIER_CHANNELS)),
    has_custom_routing: z.boolean(),
    section_id: z.string().optional(),
    section_name: z.string().optional(),
  })
  .meta({ id: 'TopicPreference' });
export const listView = z
  .object({
    items: z.array(topicView),
    paging: z.object({ more: z.boolean(), cursor: z.string().nullish() }),
  })
  .meta({ id: 'UserPreferences' });

/** What a user chose for a topic, in our words. */
export function choiceOf(topic: z.infer<typeof choice>): TopicChoice {
  return {
    status: fromCourierStatus(topic.status) ?? 'opted_in',
    channels: topic.custom_routing?.map(kindOf).filter((kind) => kind !== undefined) ?? null,
    hasChannels: topic.has_custom_routing ?? false,
  };
}

/** A topic as a user has it, in Courier's words. */
export function viewOf(topic: TopicPreference): z.infer<typeof topicView> {
  return {
    topic_id: topic.topicId,
    topic_name: topic.topicName,
    default_status: toCourierStatus(topic.defaultStatus),
    status: toCourierStatus(topic.status),
    custom_routing: (topic.channels ?? []).map(courierChannelOf),
    has_custom_routing: topic.hasChannels,
    ...(topic.sectionId === null ? {} : { section_id: topic.sectionId }),
    ...(topic.sectionName === null ? {} : { section_name: topic.sectionName }),
  };
}
