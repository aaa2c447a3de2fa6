import { birdStatus, type BirdStatus } from '../../src/domain/outward';
import { type DeliveryView, type MessageView } from '../../src/service/views';

interface BirdFailure {
  readonly code: number;
  readonly description: string;
  readonly source: { readonly code: number; readonly name: string };
}

/** The source codes that Bird's documentation gives; a failure of our own is its own source. */
const SOURCE_CODES: Readonly<Record<number, number>> = { 15001: 34, 15005: 1 };

/** The slugs that Bird's documentation gives (bird-api.md §2.2); of other failures it names none. */
const DETAILS: Readonly<Record<number, string>> = {
  15001: 'received_network_error',
  15005: 'unknown_subscriber',
};

/**
 * A message as Bird shows it (bird-api.md §2.2): every field of the request as it was sent (tags as they are kept), and what
 * became of it. Where the request cannot be spread (no object, or a field with a name of ours) it stands whole under `request`.
 */
export function toBirdMessage(view: MessageView): Record<string, unknown> {
  const { status, code } = birdStatus(view);
  const outcome = {
    id: view.messageId,
    channelId: channelOf(view),
    batchId: view.jobId,
    direction: 'outgoing',
    status,
    reason: reasonOf(view),
    details: (code === undefined ? undefined : DETAILS[code]) ?? '',
    ...(code === undefined ? {} : { failure: failureOf(view, status, code) }),
    parts: partsOf(view.deliveries),
    lastStatusAt: view.stateAt.toISOString(),
    createdAt: view.createdAt.toISOString(),
    updatedAt: view.updatedAt.toISOString(),
  };
  const request = requestOf(view);
  if (!isRecord(request)) return { ...outcome, request };
  const shadowed = Object.keys(request).some((key) => Object.hasOwn(outcome, key));
  return {
    ...request,
    ...senderOf(request, outcome.channelId),
    ...tagsOf(request),
    ...outcome,
    ...(shadowed ? { request } : {}),
  };
}

/** The channel is the connector of a message that names none. Which of its identities was used is not kept. */
function senderOf({ sender }: Record<string, unknown>, channelId: string | null): { sender?: unknown } {
  const given = sender ?? {};
  if (channelId === null || !isRecord(given) || given['connector'] != null) return {};
  return { sender: { ...given, connector: { id: channelId } } };
}

/** Bird lower-cases them; what is no text among faulty ones stays as it was sent. */
function tagsOf({ tags }: Record<string, unknown>): { tags?: unknown } {
  if (!Array.isArray(tags)) return {};
  return { tags: tags.map((tag: unknown) => (typeof tag === 'string' ? tag.toLowerCase() : tag)) };
}

/** The channel in the path, for messages of this door; else the one that the message went out through. */
export function channelOf(view: MessageView): string | null {
  return view.channelId ?? view.spec.channelId ?? view.deliveries.at(-1)?.channelId ?? null;
}

/** A message that came in through another door has no request in Bird's words: its receiver and reference are told. */
function requestOf(view: MessageView): unknown {
  if (view.spec.channelId !== undefined) return view.echo;
  const { id, addresses } = view.spec.recipient;
  const identifierValue = Object.values(addresses)[0];
  const contact = { id, ...(identifierValue === undefined ? {} : { identifierValue }) };
  const { reference } = view.spec;
  return { receiver: { contacts: [contact] }, ...(reference === undefined ? {} : { reference }) };
}

function reasonOf({ state, reason, waitReason }: MessageView): string {
  return reason ?? (state === 'waiting' ? waitReason : undefined) ?? '';
}

function failureOf(view: MessageView, status: BirdStatus, code: number): BirdFailure {
  const last = view.deliveries.at(-1);
  const name = status === 'rejected' || !last ? 'pre-processing' : `${last.kind}-${last.provider}`;
  return { code, description: describe(view), source: { code: SOURCE_CODES[code] ?? code, name } };
}

/** Every fault found at acceptance, and whatever was noted afterwards; the reason's name where there is neither. */
function describe({ spec, detail, reason, state }: MessageView): string {
  const faults = state === 'rejected' ? (spec.faults ?? []).map(({ description }) => description) : [];
  const told = faults.join('; ');
  if (!detail) return told || (reason ?? state).replaceAll('_', ' ');
  if (detail.includes(told)) return detail;
  return told.includes(detail) ? told : `${told}; ${detail}`;
}

function partsOf(deliveries: readonly DeliveryView[]): { platformReference: string }[] {
  return deliveries.flatMap(({ vendorId }) => (vendorId === null ? [] : [{ platformReference: vendorId }]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
