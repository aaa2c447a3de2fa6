import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { type MessageSpec } from '../../src/domain/message-spec';
import { type NewRecipient } from '../../src/service/service';
import { addressesOf, addressIdentity } from './addresses';
import { mergeGiven, readGivenPreferences } from './given-preferences';
import {
  INGESTION_ERROR,
  INGESTION_ERRORS,
  inboundUser,
  type InboundUser,
  type IngestionError,
  USER_MAX_BYTES,
} from './user-schema';

export type UserReading =
  | { readonly ok: true; readonly recipient: NewRecipient }
  | { readonly ok: false; readonly error: IngestionError; readonly user: unknown };

/** Translates one user of `POST /bulk/{jobId}`, or says in one text of the closed list what is wrong. Never throws. */
export function readInboundUser(jobId: string, raw: unknown): UserReading {
  const parsed = inboundUser.safeParse(raw);
  if (!parsed.success) return refuseUser(raw, textOf(parsed.error.issues));
  if (isTooLarge(raw)) return refuseLarge(raw);
  const user = parsed.data;
  const profile = user.profile ?? {};
  const to = user.to ?? {};
  const userId = to.user_id ?? user.recipient ?? undefined;
  const tenantId = to.tenant_id ?? to.context?.tenant_id ?? to.account_id ?? undefined;
  const addresses = addressesOf(profile, to, userId);
  const person = userId === undefined ? addressIdentity(addresses) : ['id', userId];
  const identity = JSON.stringify([tenantId ?? null, ...(person ?? ['nobody', randomUUID()])]);
  const locale = to.locale ?? profile.locale;
  const timezone = profile.zoneinfo ?? to.timezone ?? profile.timezone;
  const data = { ...user.data, ...to.data };
  const spec: MessageSpec = {
    recipient: {
      id: userId ?? madeUpId(jobId, identity),
      idGenerated: userId === undefined,
      addresses,
      ...(tenantId === undefined ? {} : { tenantId }),
      ...(locale ? { locale } : {}),
      ...(timezone ? { timezone } : {}),
    },
    data,
    ...(user.profile ? { profile: user.profile } : {}),
    ...gatesOf(user),
  };
  const echo = { ...(raw as object), recipient: spec.recipient.id, data };
  return { ok: true, recipient: { identity, spec, echo } };
}

/** What the user and `to` say of their own wishes; absent where neither does. */
function gatesOf({ preferences, to }: InboundUser): Pick<MessageSpec, 'gates'> {
  const given = mergeGiven(
    readGivenPreferences(preferences ?? {}) ?? {},
    readGivenPreferences(to?.preferences ?? {}) ?? {},
  );
  const isEmpty = [given.notifications, given.categories].every(
    (entries) => Object.keys(entries ?? {}).length === 0,
  );
  return isEmpty ? {} : { gates: { preferences: given } };
}

/**
 * An id for someone who came without one: a UUID (version 8) out of job and identity, so that the same address posted again
 * is reported as a duplicate under the id that it already has.
 */
function madeUpId(jobId: string, identity: string): string {
  const bytes = createHash('sha256').update(`${jobId} ${identity}`).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

/** Every check of the schema carries a text of the list, so the first issue's message is one. */
function textOf(issues: readonly { readonly message: string }[]): IngestionError {
  const [first] = issues;
  return INGESTION_ERRORS.find((text) => text === first?.message) ?? INGESTION_ERROR.notObject;
}

/** Gives back a user that is not added: one that is too large, whatever else is wrong with it, is named and not repeated. */
export function refuseUser(raw: unknown, error: IngestionError): UserReading {
  return isTooLarge(raw) ? refuseLarge(raw) : { ok: false, error, user: raw };
}

function refuseLarge(raw: unknown): UserReading {
  return { ok: false, error: INGESTION_ERROR.tooLarge, user: nameOnly.parse(raw) };
}

function isTooLarge(raw: unknown): boolean {
  return Buffer.byteLength(JSON.stringify(raw)) > USER_MAX_BYTES;
}

const name = z.string().max(256);
const nameOnly = z
  .object({
    recipient: name.optional().catch(undefined),
    to: z.object({ user_id: name }).optional().catch(undefined),
  })
  .catch({});
