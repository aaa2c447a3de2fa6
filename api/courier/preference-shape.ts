import { z } from 'zod';
import { type TopicChoice, type TopicPreference } from '../../src/ledger/preferences';
import { bounded } from './bounded';
import { COURIER_STATUSES, toCourierStatus } from './preference-status';
import { CHANNELS_MAX, COURIER_CHANNELS, courierChannelOf, kindOf } from './routing';

/** As long as a recipient's id may be. */
export const NAME_MAX_CHARS = 256;
const REPLACED_MAX = 100;
/** As courier-node v9.1.0 has it: "Between 1 and 50 topics may be provided in a single request." */
const UPDATED_MAX = 50;

const status = z.enum(COURIER_STATUSES);
const channels = z
  .array(z.enum(COURIER_CHANNELS))
  .max(CHANNELS_MAX)
  .nullish()
  .meta({ description: 'The channels chosen for this topic, while `has_custom_routing` is true.' });
const choice = z.looseObject({ status, custom_routing: channels, has_custom_routing: z.boolean().nullish() });
export const topicBody = z.object({ topic: choice }).meta({ id: 'TopicPreferenceRequest' });

const topicWish = choice.extend({
  topic_id: z.string().min(1).max(NAME_MAX_CHARS),
  status: status.meta({ description: 'REQUIRED, of a topic that is so by default, leaves it as it is.' }),
});
export type TopicWish = z.infer<typeof topicWish>;
export const replaceBody = z
  .object({ topics: wishes(0, REPLACED_MAX) })
  .meta({ id: 'UserPreferencesRequest' });
export const updateBody = z
  .object({ topics: wishes(1, UPDATED_MAX) })
  .meta({ id: 'UserPreferencesUpdateRequest' });

const override = z
  .object({
    ...{ topic_id: z.string(), status: status.exclude(['REQUIRED']) },
    ...{ custom_routing: z.array(z.enum(COURIER_CHANNELS)), has_custom_routing: z.boolean() },
  })
  .meta({ id: 'TopicPreferenceOverride', description: 'What a user chose, as it was written down.' });
export const replaceView = z
  .object({
    items: z.array(override),
    deleted: z.array(z.string()).meta({
      description: 'Topics of which the user had said something, and that have their default again.',
    }),
  })
  .meta({ id: 'ReplacedUserPreferences' });
export const updateView = z
  .object({
    items: z.array(override),
    errors: z.array(z.object({ topic_id: z.string(), reason: z.string() })),
  })
  .meta({ id: 'UpdatedUserPreferences' });

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

function wishes(min: number, max: number) {
  const isTooMany = (given: unknown) => Array.isArray(given) && given.length > max;
  return bounded(isTooMany, `must have ${min} to ${max} topics`, z.array(topicWish).min(min).max(max));
}

/** What a user chose for a topic, in our words. Where it is taken at all, REQUIRED is an opt-in. */
export function choiceOf(topic: z.infer<typeof choice>): TopicChoice {
  return {
    status: topic.status === 'OPTED_OUT' ? 'opted_out' : 'opted_in',
    channels: topic.custom_routing?.map(kindOf).filter((kind) => kind !== undefined) ?? null,
    hasChannels: topic.has_custom_routing ?? false,
  };
}

/** The same in Courier's words: courier-node v9.1.0, `BulkPreferenceTopic`. */
export function overrideOf([topicId, choice]: readonly [string, TopicChoice]): z.infer<typeof override> {
  return {
    topic_id: topicId,
    status: choice.status === 'opted_out' ? 'OPTED_OUT' : 'OPTED_IN',
    custom_routing: (choice.channels ?? []).map(courierChannelOf),
    has_custom_routing: choice.hasChannels,
  };
}

/** A topic as a user has it, in Courier's words. */
export function viewOf(topic: TopicPreference): z.infer<typeof topicView> {
  return {
    topic_id: topic.topicId,
    topic_name: topic.topicName,
    default_status: toCourierStatus(topic.defaultStatus),
    status: toCourierStatus(heldStatus(topic)),
    custom_routing: (topic.channels ?? []).map(courierChannelOf),
    has_custom_routing: topic.hasChannels,
    ...(topic.sectionId === null ? {} : { section_id: topic.sectionId }),
    ...(topic.sectionName === null ? {} : { section_name: topic.sectionName }),
  };
}

/** What the gates go by: opt-outs of what is required now, and a REQUIRED of what is not, are stored from before. */
function heldStatus({ status, defaultStatus }: TopicPreference): TopicPreference['status'] {
  if (defaultStatus === 'required') return status === 'opted_out' ? 'required' : status;
  return status === 'required' ? 'opted_in' : status;
}
