import { birdStatus } from '../../src/domain/outward';
import { type MessageView } from '../../src/service/views';
import { type BirdWebhookFilters } from '../../src/webhooks/bird-filters';
import { interactionName } from './interaction-names';
import { channelOf, toBirdMessage } from './message-shape';

/** Bird's names of channels, by our kinds. Every chat is a chat: which vendor it is, the channel's id says. */
const CHANNEL_NAMES: Readonly<Record<string, readonly string[]>> = {
  email: ['email'],
  sms: ['sms'],
  push: ['push', 'apppush'],
  chat: [
    'whatsapp',
    'telegram',
    'line',
    'facebook',
    'instagram',
    'linkedin',
    'rcs',
    'viber',
    'slack',
    'chat',
  ],
  inbox: ['inbox'],
  webhook: ['webhook'],
};
export const BIRD_CHANNEL_NAMES = Object.values(CHANNEL_NAMES).flat();

/** What a filter may ask about, and what a message and its interaction answer. */
const FILTERS: Readonly<Record<string, (view: MessageView, interaction?: string) => string | null>> = {
  channelId: (view) => channelOf(view),
  messageStatus: (view) => birdStatus(view).status,
  interactionType: (_, interaction) => interaction ?? null,
  templateProjectId: (view) => view.spec.template?.id ?? null,
};
export const BIRD_FILTER_KEYS = Object.keys(FILTERS);

/** `{service, event, payload}`, or undefined where the subscription does not want this. Its filters hold all together. */
export function birdWebhookBody(
  view: MessageView,
  fact: { readonly type: string; readonly at: Date; readonly data: Readonly<Record<string, unknown>> },
  filters: BirdWebhookFilters,
  kind: string | undefined,
): unknown {
  const [channel = '', of] = filters.event.split('.');
  const type = interactionName(fact.type, kind);
  if ((type !== undefined) !== (of === 'interaction') || !isOfChannel(kind, channel)) return undefined;
  const passes = filters.eventFilters.every(({ key, value }) => FILTERS[key]?.(view, type) === value);
  if (!passes) return undefined;
  const message = toBirdMessage(view);
  const payload =
    type === undefined
      ? message
      : { ...fact.data, messageId: view.messageId, type, createdAt: fact.at.toISOString(), message };
  return { service: filters.service, event: filters.event, payload };
}

/** Nobody is told of a message that has no channel yet; the seeded sandbox stands for every channel. */
function isOfChannel(kind: string | undefined, name: string): boolean {
  if (kind === 'any') return true;
  return kind !== undefined && (CHANNEL_NAMES[kind]?.includes(name) ?? false);
}
