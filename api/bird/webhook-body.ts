import { birdStatus } from '../../src/domain/outward';
import { type MessageView } from '../../src/service/views';
import { type BirdWebhookFilters, type WayOut } from '../../src/webhooks/bird-filters';
import { isNameOf } from './channel-names';
import { interactionName } from './interaction-names';
import { channelOf, toBirdMessage } from './message-shape';

/** What a filter may ask about, and what a message and its interaction answer. */
const FILTERS: Readonly<Record<string, (view: MessageView, interaction?: string) => string | null>> = {
  channelId: (view) => channelOf(view),
  messageStatus: (view) => birdStatus(view).status,
  interactionType: (_, interaction) => interaction ?? null,
  templateProjectId: (view) => view.spec.template?.id ?? null,
};
export const BIRD_FILTER_KEYS = Object.keys(FILTERS);

/**
 * `{service, event, payload}`, or undefined where the subscription does not want this. Its filters hold all together. Nobody is told
 * of a message that has no way out yet.
 */
export function birdWebhookBody(
  view: MessageView,
  fact: { readonly type: string; readonly at: Date; readonly data: Readonly<Record<string, unknown>> },
  filters: BirdWebhookFilters,
  way: WayOut | undefined,
): unknown {
  const [channel = '', of] = filters.event.split('.');
  if (way === undefined || !isNameOf(channel, way)) return undefined;
  const type = interactionName(fact.type, way.kind);
  if ((type !== undefined) !== (of === 'interaction')) return undefined;
  const passes = filters.eventFilters.every(({ key, value }) => FILTERS[key]?.(view, type) === value);
  if (!passes) return undefined;
  const message = toBirdMessage(view);
  const payload =
    type === undefined
      ? message
      : { ...fact.data, messageId: view.messageId, type, createdAt: fact.at.toISOString(), message };
  return { service: filters.service, event: filters.event, payload };
}
