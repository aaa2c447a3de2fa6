import { courierStatus } from '../../src/domain/outward';
import { REASONS_BY_STATE, type Reason } from '../../src/domain/reasons';
import { MESSAGE_STATES, WAIT_REASONS, type MessageState, type WaitReason } from '../../src/domain/states';
import { type EventView, type MessageView } from '../../src/service/views';
import { failureText } from './failure-text';
import { courierNameOf } from './routing';
import { NEVER_SHOWN } from './statuses';

/** Courier's types (courier-api.md §1.6) and those of its message statuses that the design's table uses. */
export const HISTORY_TYPES = [
  'ENQUEUED',
  'MAPPED',
  'PROFILE_LOADED',
  'RENDERED',
  'ROUTED',
  'UNROUTABLE',
  'SENT',
  'DELIVERED',
  'OPENED',
  'CLICKED',
  'UNDELIVERABLE',
  'UNMAPPED',
  'FILTERED',
  'THROTTLED',
  'DELAYED',
  'CANCELED',
] as const;
type HistoryType = (typeof HISTORY_TYPES)[number];

/** What `?type=` takes: those, and Courier's words for what never happens here (DELIVERING is of its SDKs up to 5). */
export const HISTORY_FILTERS = [...HISTORY_TYPES, 'DELIVERING', ...NEVER_SHOWN] as const;

export interface HistoryEntry {
  readonly ts: number;
  readonly type: HistoryType;
  readonly reason?: string;
  readonly error_message?: string;
  readonly channel?: { readonly id: string; readonly key: string };
  readonly integration?: { readonly id: string; readonly provider: string };
  readonly attempt?: number;
  readonly possible_duplicate?: boolean;
  readonly wait_reason?: string;
}

type Way = Pick<HistoryEntry, 'channel' | 'integration'>;

/**
 * The timeline in Courier's words. A move of the message is worded by the design's table, like the message itself, so the
 * last entry always agrees with its status. An attempt's way (channel, provider) is told once, by `sending`, and repeated
 * here on what came of it. A late outcome that moved nothing has no word at Courier and is left out.
 */
export function historyOf(message: MessageView, timeline: readonly EventView[]): HistoryEntry[] {
  const entries: HistoryEntry[] = [];
  let way: Way = {};
  for (const event of timeline) {
    if (event.type === 'sending') way = wayOf(event);
    const entry = entryOf(message, event, way);
    if (entry) entries.push(entry);
  }
  return entries;
}

function entryOf(message: MessageView, event: EventView, way: Way): HistoryEntry | undefined {
  const ts = event.at.getTime();
  if (event.type === 'accepted') return { ts, type: 'ENQUEUED' };
  const { attempt, possibleDuplicate } = event.data;
  const call = typeof attempt === 'number' ? { ...way, attempt } : {};
  if (event.type === 'recovered') {
    return {
      ts,
      type: 'ROUTED',
      ...call,
      ...(possibleDuplicate === true ? { possible_duplicate: true } : {}),
    };
  }
  if (event.type === 'opened') return { ts, type: 'OPENED' };
  if (event.type === 'clicked') return { ts, type: 'CLICKED' };
  const state = MESSAGE_STATES.find((known) => known === event.type);
  return state && { ts, ...look(message, state, event), ...call };
}

/** Every status of the table is a type of the history as well: this assignment holds the two together. */
function look(
  message: MessageView,
  state: MessageState,
  { data }: EventView,
): Pick<HistoryEntry, 'type' | 'reason' | 'error_message' | 'wait_reason'> {
  const reason = reasonOf(state, data['reason']);
  const waitReason = waitReasonOf(data['waitReason']);
  const { status, reason: courierReason } = courierStatus({ state, reason, waitReason });
  const type: HistoryType = status;
  return {
    type,
    ...(courierReason ? { reason: courierReason } : {}),
    ...(reason ? { error_message: failureText(reason, detailOf(data), message.spec) } : {}),
    ...(waitReason ? { wait_reason: waitReason } : {}),
  };
}

function reasonOf(state: MessageState, value: unknown): Reason | null {
  const reasons: readonly Reason[] = state in REASONS_BY_STATE ? REASONS_BY_STATE[state as FinalState] : [];
  return reasons.find((known) => known === value) ?? null;
}

type FinalState = keyof typeof REASONS_BY_STATE;

function waitReasonOf(value: unknown): WaitReason | null {
  return WAIT_REASONS.find((known) => known === value) ?? null;
}

/** What the vendor or the renderer said, as far as the event kept it. */
function detailOf(data: EventView['data']): string | null {
  const said = data['detail'] ?? data['code'];
  return typeof said === 'string' ? said : null;
}

function wayOf({ data }: EventView): Way {
  const { channelId, kind, provider } = data;
  if (typeof channelId !== 'string' || typeof kind !== 'string' || typeof provider !== 'string') return {};
  return { channel: { id: channelId, key: courierNameOf(kind) }, integration: { id: channelId, provider } };
}
