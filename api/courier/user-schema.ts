import { z } from 'zod';
import { readGivenPreferences } from './given-preferences';

/**
 * Everything that can be wrong with one user, as a closed list: a caller can tell the texts apart, and none of them repeats
 * what the user sent. Whether an address can be reached is not among them: that is decided when the message is sent.
 */
export const INGESTION_ERROR = {
  duplicate: 'Duplicate user',
  notObject: 'User must be an object',
  tooLarge: 'User must not be over 256 kB of JSON',
  unkeepable:
    'User must hold no NUL, no half of a surrogate pair, no field called __proto__, constructor or prototype, no number of over 40 places, no nesting over 60 deep',
  recipient: 'recipient must be a string of 1 to 256 characters',
  profile: 'profile must be an object',
  preferences: 'preferences must be an object',
  preference:
    'preferences must hold a status of OPTED_IN, OPTED_OUT or REQUIRED by id, in notifications and categories',
  data: 'data must be an object',
  to: 'to must be an object',
  userId: 'to.user_id must be a string of 1 to 256 characters',
  tenantId: 'to.tenant_id must be a string of 1 to 256 characters',
  accountId: 'to.account_id must be a string of 1 to 256 characters',
  toData: 'to.data must be an object',
  toPreferences: 'to.preferences must be an object',
  toContext: 'to.context must be an object',
  contextTenantId: 'to.context.tenant_id must be a string of 1 to 256 characters',
  email: 'email must be a string',
  phoneNumber: 'phone_number must be a string',
  locale: 'locale must be a string of at most 64 characters',
  timezone: 'timezone and zoneinfo must be strings of at most 64 characters',
} as const;
export type IngestionError = (typeof INGESTION_ERROR)[keyof typeof INGESTION_ERROR];
export const INGESTION_ERRORS: readonly IngestionError[] = Object.values(INGESTION_ERROR);

/** What fits no one's user; the rest of the 10 MB of a call is for the other 9,999. In bytes of JSON. */
export const USER_MAX_BYTES = 256_000;

const text = (error: IngestionError, range: { min?: number; max?: number } = {}) =>
  z
    .string({ error })
    .min(range.min ?? 0, { error })
    .max(range.max ?? USER_MAX_BYTES, { error })
    .nullish();
const id = (error: IngestionError) => text(error, { min: 1, max: 256 });
const short = (error: IngestionError) => text(error, { max: 64 });
const bag = (error: IngestionError) => z.record(z.string(), z.unknown(), { error }).nullish();
const preferences = (error: IngestionError) =>
  bag(error).refine((given) => given == null || readGivenPreferences(given) !== undefined, {
    error: INGESTION_ERROR.preference,
  });

const reachable = {
  email: text(INGESTION_ERROR.email),
  phone_number: text(INGESTION_ERROR.phoneNumber),
  locale: short(INGESTION_ERROR.locale),
  timezone: short(INGESTION_ERROR.timezone),
};

export const inboundUser = z
  .looseObject(
    {
      recipient: id(INGESTION_ERROR.recipient).meta({
        description: "The user's id (older form of to.user_id). Made up where absent, and given back.",
      }),
      profile: z
        .looseObject(
          { ...reachable, zoneinfo: short(INGESTION_ERROR.timezone) },
          { error: INGESTION_ERROR.profile },
        )
        .nullish(),
      preferences: preferences(INGESTION_ERROR.preferences),
      data: bag(INGESTION_ERROR.data),
      to: z
        .looseObject(
          {
            ...reachable,
            user_id: id(INGESTION_ERROR.userId),
            tenant_id: id(INGESTION_ERROR.tenantId),
            account_id: id(INGESTION_ERROR.accountId).meta({ description: 'Older form of tenant_id.' }),
            data: bag(INGESTION_ERROR.toData),
            preferences: preferences(INGESTION_ERROR.toPreferences),
            context: z
              .looseObject(
                { tenant_id: id(INGESTION_ERROR.contextTenantId) },
                { error: INGESTION_ERROR.toContext },
              )
              .nullish(),
          },
          { error: INGESTION_ERROR.to },
        )
        .nullish(),
    },
    { error: INGESTION_ERROR.notObject },
  )
  .meta({
    id: 'InboundBulkMessageUser',
    description: 'Kept as sent, and given back with `recipient` and `data`.',
  });

export type InboundUser = z.infer<typeof inboundUser>;
