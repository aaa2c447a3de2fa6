import { writeBirdError } from '../../api/bird/errors';
import { writeCourierError } from '../../api/courier/errors';
import { writeProblem } from '../../api/v1/problem';
import { ERROR_CODES, VolleyError, type ErrorCode, type ErrorDetail } from '../../src/domain/errors';
import { code, generatedNote, table } from './markdown';

interface Explained {
  readonly cause: string;
  readonly cure: string;
}

/** For people: what brings each refusal about, and what to do. A code without an entry does not compile. */
const EXPLAINED: Readonly<Record<ErrorCode, Explained>> = {
  invalid_request: {
    cause:
      'The body, a header or the query is not of the documented shape: malformed JSON, a wrong type, too many entries, a cursor of another listing, text that cannot be stored (NUL, half a surrogate pair), keys such as `__proto__` (in a user of a bulk job these put it into the `errors` of a 200, up to 10,000 places in a call).',
    cure: 'The answer names each place and what belongs there: mend it and send the call again.',
  },
  unauthorized: {
    cause: 'No key was sent, or one that is unknown, mistyped or revoked.',
    cure: 'Send `Authorization: Bearer <key>` (or `AccessKey <key>`, or Basic with the key as user or password).',
  },
  forbidden: {
    cause:
      'The key is valid and of the wrong sort: a workspace key where the admin key is needed, or the other way round.',
    cure: '`POST /v1/workspaces` takes `VOLLEY_ADMIN_KEY`; keys and settings of a workspace take either; everything else inside one takes a key of it.',
  },
  not_found: {
    cause:
      'The id names nothing in this workspace: unknown, malformed, deleted, or of another workspace. The answer is the same for all of them.',
    cure: 'Use an id as Volley gave it, with a key of the workspace that it belongs to. A message of a job that was not run yet is not there either.',
  },
  method_not_allowed: {
    cause: 'The path exists and takes other methods.',
    cure: '`/openapi.json` lists the methods of every path.',
  },
  payload_too_large: {
    cause: 'The body is over 10 MB (of a callback, 4 MB), as sent or after decompression.',
    cure: 'Split it: a bulk job takes any number of ingestions.',
  },
  already_run: {
    cause: 'The job was run before; a job runs once.',
    cure: 'Create a new job for further users. A repetition with the same Idempotency-Key gets the first answer instead.',
  },
  job_not_open: {
    cause: 'Users were added to a job that was already run or cancelled.',
    cure: 'Create a new job for them.',
  },
  job_empty: { cause: 'A job without users was run.', cure: 'Add users, then run it.' },
  job_final: {
    cause: 'The job is over, or was cancelled: there is nothing left to run, pause, resume or cancel.',
    cure: 'Read its end with `GET /bulk/{jobId}`; create a new job for what is still to be sent.',
  },
  already_exists: {
    cause:
      'The name, an alias of a template for instance, belongs to something else in this workspace; the short link domain to another one; or there are five Bird subscriptions with these filters.',
    cure: 'Choose another name, or change what has it.',
  },
  idempotency_in_progress: {
    cause:
      'A call with the same Idempotency-Key (or the same automatic repetition of an SDK) is still under way.',
    cure: 'Repeat the call after the seconds in `Retry-After`: it gets the first one’s answer.',
  },
  idempotency_mismatch: {
    cause: 'The Idempotency-Key was used on this path with another body.',
    cure: 'Use a new key for a new call.',
  },
  unavailable: {
    cause:
      'The ledger cannot be reached or is too busy, or too many large calls are under way. Nothing of the call was kept.',
    cure: 'Repeat the call after the seconds in `Retry-After`; `GET /readyz` says which part is away.',
  },
  internal: {
    cause: 'A fault of the server.',
    cure: 'Repeat the call; report it with its `X-Request-Id`, under which the log has the cause.',
  },
};

const REQUEST_ID = '0198c1a2-7b3c-7d4e-8f50-61728394a5b6';
const AT_A_FIELD: readonly ErrorDetail[] = [{ at: 'query.limit', problem: 'must be a whole number' }];

/** docs/errors.md: every code of the closed union, its status at each door, cause and cure. */
export function renderErrors(): string {
  return `${generatedNote('src/domain/errors.ts, api/*/errors.ts and scripts/docs/errors.ts')}

# Errors

Everything that Volley refuses has one code, worded by each door in its own shape:

- Courier (\`/bulk\`, \`/messages\`, \`/send\`, \`/requests\`, \`/users\`, and the paths of Courier's that are not there, such as \`/lists\`): \`{"message", "type"}\`
- Bird (\`/workspaces/…\`, \`/organizations/…\`): \`{"code", "message", "details": {"field": ["problem"]}}\`
- Volley's own (\`/v1/…\`, other unknown paths): \`application/problem+json\` (RFC 9457), \`type\` is \`urn:volley:problem:<code>\`

Every answer has an \`X-Request-Id\` (yours, where it is 1 to 128 of \`A-Za-z0-9._~-\`); the log has the cause under it. A refused call changes
nothing, but for a cancel or deletion of a message in doubt, which ends it.

${table(['code', 'Courier: status, type', 'Bird: status, code', 'Volley: status'], ERROR_CODES.map(rowOf))}

\\* 400 where the request cannot be read at all, 422 where it can be read and a field is refused.

${ERROR_CODES.map(section).join('\n')}`;
}

function rowOf(name: ErrorCode): string[] {
  const error = new VolleyError(name, 'x');
  const courier = writeCourierError(error);
  const bird = writeBirdError(error);
  const withField = writeBirdError(new VolleyError(name, 'x', { details: AT_A_FIELD }));
  const birdWords = ({ status, body }: typeof bird): string => `${status} ${(body as { code: string }).code}`;
  const same = withField.status === bird.status;
  return [
    `[${code(name)}](#${name})`,
    `${courier.status} ${(courier.body as { type: string }).type}`,
    same ? birdWords(bird) : `${birdWords(bird)}, ${birdWords(withField)}\\*`,
    String(writeProblem(error, REQUEST_ID).status),
  ];
}

function section(name: ErrorCode): string {
  const { cause, cure } = EXPLAINED[name];
  return `## ${name}\n\n- Cause: ${cause}\n- Cure: ${cure}\n`;
}
