import { z } from 'zod';
import { type ErrorDetail } from '../../src/domain/errors';
import { type JobSpec } from '../../src/domain/message-spec';
import { type NewRecipient } from '../../src/service/service';
import { readMessageSpec } from './inbound-message';
import { readInboundUser } from './inbound-user';
import { bag, NAME_MAX_LENGTH, sendFields } from './message-schema';
import { refuseIfAsked } from './send-limits';
import { invalidRequest, validateBody } from './validate';

const name = (what: string) => z.string().min(1).max(NAME_MAX_LENGTH).meta({ description: what });

/** `POST /send` as Courier had it first, and SDK v1 to v5 still send it (courier-node v5.7.0, src/send/index.ts). */
export const firstSendBody = z
  .looseObject({
    event: name('Event or notification to send.'),
    recipient: name("The user's id."),
    profile: bag('Addresses, and whatever a template reads as `profile.…`.'),
    ...{ data: sendFields.data, brand: sendFields.brand },
    preferences: bag("The user's own: `{notifications, categories}`."),
    override: bag('Refused unless it is empty.'),
  })
  .meta({ id: 'CourierFirstSendRequest', description: 'The first form: one recipient, by event.' });

/** Told by its names: the newer form has everything in `message`. */
export function isFirstForm(body: unknown): boolean {
  if (typeof body !== 'object' || body === null || Object.hasOwn(body, 'message')) return false;
  return Object.hasOwn(body, 'event') || Object.hasOwn(body, 'recipient');
}

/** What a body of either form asks for. */
export interface Send {
  readonly spec: JobSpec;
  readonly definition: Readonly<Record<string, unknown>>;
  readonly recipients: readonly NewRecipient[];
}

/** The same in the newer form's parts: a message by event, and a user like one of a bulk job. Throws invalid_request by path. */
export function readFirstSend(body: unknown, acceptedAtMs: number, linkTracking?: boolean): Send {
  const { event, recipient, profile, data, brand, preferences, override } = validateBody(firstSendBody, body);
  const said = { event, data, brand };
  const what = readMessageSpec(said, 'body', acceptedAtMs, linkTracking);
  const user = readInboundUser('body', { recipient, profile, preferences });
  const wrong: ErrorDetail[] = [
    ...what.problems,
    ...refuseIfAsked('override', override),
    ...(user.ok ? [] : [{ at: 'body', problem: user.error }]),
  ];
  if (!user.ok || wrong.length > 0) throw invalidRequest(wrong);
  return { spec: what.spec, definition: said, recipients: [user.recipient] };
}
