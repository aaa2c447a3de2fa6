import { z } from 'zod';
import { VolleyError } from '../../src/domain/errors';
import { type UserRef } from '../../src/ledger/preferences';
import { type Call, type CommandRoute } from '../route';
import { NAME_MAX_CHARS } from './preference-shape';
import { queryText, refuseQuery } from './query';

export const PREFERENCES_PATH = '/users/{user_id}/preferences';

/** Parts that the routes of a user's preferences share. */
export const preferenceParams = {
  query: z.object({
    tenant_id: z.string().optional().meta({ description: 'What is said as a member of this tenant.' }),
  }),
};

export const EXAMPLE = {
  ...{ status: 'OPTED_IN', custom_routing: ['inbox', 'email'], has_custom_routing: true },
};

export const json = (description: string, schema: z.ZodType) => ({
  description,
  content: { 'application/json': { schema } },
});

export const body = (schema: z.ZodType, value: unknown) => ({
  required: true,
  content: { 'application/json': { schema, examples: { example: { value } } } },
});

export function command(
  method: 'put' | 'post' | 'delete',
  path: string,
): Pick<CommandRoute, 'kind' | 'method' | 'path' | 'auth'> {
  return { kind: 'command', method, path, auth: 'workspace' };
}

/** Whose preferences a call is about. Throws invalid_request where a name is longer than one may be. */
export function userOf(call: Call): UserRef {
  const tenantId = queryText(call.query, 'tenant_id');
  if ((tenantId?.length ?? 0) > NAME_MAX_CHARS) throw refuseQuery('tenant_id', 'longer than an id may be');
  return { workspaceId: call.workspaceId, userId: nameOf(call, 'user_id'), tenantId };
}

export function topicOf(call: Call): string {
  return nameOf(call, 'topic_id');
}

function nameOf(call: Call, param: string): string {
  const name = call.params[param] ?? '';
  if (name.length >= 1 && name.length <= NAME_MAX_CHARS) return name;
  throw new VolleyError('invalid_request', 'The path is not valid.', {
    details: [{ at: param, problem: `must be 1 to ${NAME_MAX_CHARS} characters` }],
  });
}
