import { INGESTION_ERROR, USER_MAX_BYTES } from '../../api/courier/user-schema';
import { code, generatedNote, table } from './markdown';

type Fault = keyof typeof INGESTION_ERROR;

/** What to do about each; a text without an entry does not compile. */
const CURES: Readonly<Record<Fault, string>> = {
  duplicate: 'Nothing, as a rule: the person is in the job already, from this call or an earlier one.',
  notObject: 'Send each user as a JSON object.',
  tooLarge: `Send less data with the user; ${USER_MAX_BYTES / 1_000} kB of JSON is the most for one.`,
  unkeepable:
    'Take it out: the user that is given back is without it. Half of a pair comes of a text that was cut within an emoji.',
  recipient: 'Give a string, or leave it out to have an id made up.',
  profile: 'Give an object, or leave it out.',
  preferences: 'Give an object, or leave it out.',
  preference: 'Mend the entry, or leave it out: an opt-out that cannot be read is not passed over.',
  data: 'Give an object, or leave it out.',
  to: 'Give an object, or leave it out.',
  userId: 'Give a string, or leave it out to have an id made up.',
  tenantId: 'Give a string, or leave it out.',
  accountId: 'Give a string, or leave it out.',
  toData: 'Give an object, or leave it out.',
  toPreferences: 'Give an object, or leave it out.',
  toContext: 'Give an object, or leave it out.',
  contextTenantId: 'Give a string, or leave it out.',
  email: 'Give a string. Whether it is an address is decided when the message is sent.',
  phoneNumber: 'Give a string, so that a leading + or 0 survives.',
  locale: 'Give a language tag such as `en_US`.',
  timezone: 'Give a name of the tz database such as `Europe/Amsterdam`.',
};

/** docs/ingestion-errors.md: the closed list of `errors[].error` of `POST /bulk/{jobId}`. */
export function renderIngestionErrors(): string {
  const rows = (Object.keys(INGESTION_ERROR) as Fault[]).map((fault) => [
    code(INGESTION_ERROR[fault]),
    CURES[fault],
  ]);
  return `${generatedNote('api/courier/user-schema.ts and scripts/docs/ingestion-errors.ts')}

# What an ingestion says of users that it did not add

\`POST /bulk/{jobId}\` judges each user by itself. One that cannot be added goes into \`errors\`, in the order of the request, as
\`{error, user}\`: one of these texts, and the user as sent with \`recipient\` and \`data\`. The others are added, and \`total\` counts
them. A bad envelope (\`users\` missing, over 10,000, not JSON, or with what cannot be kept beside the users) is a 400 and adds nobody.

${table(['error', 'what to do'], rows)}

Two users are the same person when they share tenant and id (\`to.user_id\`, else \`recipient\`); without an id, when they share
tenant and address (the domain of an e-mail address in any case, the digits of a phone number).
`;
}
