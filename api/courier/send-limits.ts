import { type ErrorDetail } from '../../src/domain/errors';

const SET_UP_CHANNEL = 'set the channel up under /v1/workspaces/{workspaceId}/channels';

/**
 * What `POST /send` of Courier has beside the message itself and Volley does not have yet: refused, so that nobody takes
 * for done what was only kept. The text of docs/courier-send.md names them too; a test holds the two together.
 */
export const NOT_SUPPORTED: readonly { readonly path: string; readonly instead: string }[] = [
  { path: 'channels', instead: SET_UP_CHANNEL },
  { path: 'providers', instead: SET_UP_CHANNEL },
  { path: 'timeout.channel', instead: 'use timeout.message' },
  { path: 'timeout.provider', instead: 'use timeout.message' },
  { path: 'timeout.escalation', instead: 'use timeout.message' },
  { path: 'timeout.criteria', instead: 'use timeout.message' },
];

/** A problem for each of them that is there; empty objects ask for nothing. */
export function refuseUnsupported(message: unknown): readonly ErrorDetail[] {
  return NOT_SUPPORTED.flatMap(({ path, instead }) => {
    const value = path.split('.').reduce<unknown>(step, message);
    return refuseIfAsked(`message.${path}`, value, instead);
  });
}

/** A problem at this place, unless what stands there asks for nothing. */
export function refuseIfAsked(at: string, value: unknown, instead = SET_UP_CHANNEL): readonly ErrorDetail[] {
  return asksNothing(value) ? [] : [{ at, problem: `is not supported yet; ${instead}` }];
}

/** Absent or empty. */
function asksNothing(value: unknown): boolean {
  return value == null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}

function step(value: unknown, key: string): unknown {
  const isBag = typeof value === 'object' && value !== null && Object.hasOwn(value, key);
  return isBag ? (value as Record<string, unknown>)[key] : undefined;
}
