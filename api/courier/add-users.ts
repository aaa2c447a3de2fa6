import { z } from 'zod';
import { type ErrorDetail } from '../../src/domain/errors';
import { type NewRecipient, type Service } from '../../src/service/service';
import { type CommandRoute } from '../route';
import { readInboundUser, refuseUser } from './inbound-user';
import { readBulkJob } from './job-status';
import { jobPath } from './openapi-parts';
import { jobInPath } from './path-ids';
import { INGESTION_ERROR, INGESTION_ERRORS, inboundUser, type IngestionError } from './user-schema';
import { invalidRequest, validateBody } from './validate';

/** As many as one transaction takes in well under a second; a job takes any number of calls. */
const USERS_PER_CALL = 10_000;

/** Elements are judged one by one: a bad user goes into `errors` and stops nobody else. */
const envelope = z.object({ users: z.array(z.unknown()) });

/** Where in a body something could not be kept: the user's number. */
const IN_USER = /^users\[(\d+)\]/;

const SEED_REQUEST = {
  users: [
    {
      profile: {},
      preferences: {},
      to: { user_id: 'spike_spiegel', data: { recipientName: 'Spike Spiegel' } },
    },
  ],
};
const SEED_RESPONSE = {
  errors: [
    {
      error: 'Duplicate user',
      user: {
        profile: { email: 'foo@bar.com' },
        data: { recipientName: 'Foo Bar' },
        recipient: 'foo-bar',
      },
    },
  ],
  total: 1,
};

const response = z
  .object({
    total: z.int().meta({ description: 'Users that this call added.' }),
    errors: z
      .array(
        z.object({
          error: z.enum(INGESTION_ERRORS),
          user: z.unknown().meta({ description: 'The user as sent, with `recipient` and `data`.' }),
        }),
      )
      .optional()
      .meta({ description: 'The users that were not added, in the order of the request; absent when none.' }),
  })
  .meta({ id: 'IngestionResult' });

/** `POST /bulk/{jobId}`: adds users, any number of times until the job is run. A person counts once per job. */
export function addUsersRoute(service: Service): CommandRoute {
  return {
    kind: 'command',
    method: 'post',
    path: '/bulk/{jobId}',
    auth: 'workspace',
    poison: 'report',
    errors: ['job_not_open'],
    openapi: {
      operationId: 'addBulkUsers',
      summary: 'Add users to a bulk job',
      requestParams: jobPath,
      requestBody: {
        required: true,
        content: {
          'application/json': {
            schema: z
              .object({ users: z.array(inboundUser).max(USERS_PER_CALL) })
              .meta({ id: 'AddUsersRequest' }),
            examples: { users: { summary: 'One user', value: SEED_REQUEST } },
          },
        },
      },
      responses: {
        '200': {
          description: 'The users that could be added are in the job.',
          content: {
            'application/json': {
              schema: response,
              examples: { errors: { summary: 'One user was there already', value: SEED_RESPONSE } },
            },
          },
        },
      },
    },
    // Each takes the job's lock: a job's many calls must not hold all connections while they wait for it.
    lane: (call) => jobInPath(call).jobId,
    async handle(call, tx) {
      const ref = jobInPath(call);
      const users = usersOf(call.body);
      const poisoned = usersWith(call.poison);
      await readBulkJob(service, tx, ref);
      const readings = users.map((user, index) =>
        // A poisoned one is given back without what it cannot be kept with.
        poisoned.has(index) ? refuseUser(user, INGESTION_ERROR.unkeepable) : readInboundUser(ref.jobId, user),
      );
      const recipients = readings.flatMap((reading) => (reading.ok ? [reading.recipient] : []));
      const { total, duplicates } = await service.ingest(tx, { ...ref, recipients });

      const repeated = new Set<NewRecipient>();
      for (const index of duplicates) {
        const recipient = recipients[index];
        if (recipient) repeated.add(recipient);
      }
      const errors: { error: IngestionError; user: unknown }[] = [];
      for (const reading of readings) {
        if (!reading.ok) errors.push({ error: reading.error, user: reading.user });
        else if (repeated.has(reading.recipient)) {
          errors.push({ error: INGESTION_ERROR.duplicate, user: reading.recipient.echo });
        }
      }
      return { status: 200, body: errors.length > 0 ? { errors, total } : { total } };
    },
  };
}

function usersOf(body: unknown): readonly unknown[] {
  const { users } = validateBody(envelope, body);
  if (users.length <= USERS_PER_CALL) return users;
  const problem = `${users.length} users; send at most ${USERS_PER_CALL} a call, and the others in further calls`;
  throw invalidRequest([{ at: 'users', problem }]);
}

/** The numbers of the users that hold what cannot be kept. Throws invalid_request for such a place beside them. */
function usersWith(poison: readonly ErrorDetail[]): ReadonlySet<number> {
  const outside = poison.filter(({ at }) => !IN_USER.test(at));
  if (outside.length > 0) throw invalidRequest(outside);
  return new Set(poison.map(({ at }) => Number(IN_USER.exec(at)?.[1])));
}
