import { createHash, timingSafeEqual } from 'node:crypto';
import { VolleyError } from '../../src/domain/errors';
import { isUuid } from '../../src/domain/ids';
import { isGeneratedApiKey, isPlausibleApiKey } from '../../src/ledger/api-key-format';
import { type Db } from '../../src/ledger/database';
import { findKey, touchKey } from '../../src/ledger/keys';
import { type Route } from '../route';

export interface Principal {
  /** Empty for the admin key where the path names no workspace. */
  readonly workspaceId: string;
  readonly apiKeyId: string;
}

export interface AuthConfig {
  /** VOLLEY_ADMIN_KEY; without one nobody is admin. */
  readonly adminKey?: string;
  /**
   * Whether the seeded key counts, which everybody knows: in the embedded default, and only in calls to a loopback name. A web
   * page can have its own name resolve to this machine, and then its calls name its host.
   */
  readonly seededKey?: boolean;
}

export interface Credentials {
  readonly authorization: string | undefined;
  /** The Host header. */
  readonly host: string | undefined;
  /** `{workspaceId}` of the path, where it has one. */
  readonly pathWorkspaceId: string | undefined;
}

export type Authenticate = (route: Pick<Route, 'auth'>, given: Credentials) => Promise<Principal>;

/**
 * Says who calls, for every route alike. Takes `Bearer <key>` and `AccessKey <key>` (the two seeds) and Basic with the
 * key as user or password (Courier's older clients).
 * Throws VolleyError: unauthorized, forbidden (a valid key of the wrong sort), not_found (another workspace's path).
 */
export function createAuthenticate(db: Db, config: AuthConfig): Authenticate {
  const isAdmin = adminCheck(config.adminKey);
  return async (route, given) => {
    const keys = keysIn(given.authorization);
    if (keys.length === 0) throw unauthorized('No API key: send Authorization: Bearer <key>.');
    if (keys.some(isAdmin)) return asAdmin(route, given.pathWorkspaceId);
    const own = keys.filter(isGeneratedApiKey);
    const seeded = keys.filter((key) => !isGeneratedApiKey(key) && isPlausibleApiKey(key));
    const seededCounts = config.seededKey === true && isLoopback(given.host);
    const found = await firstFound(db, seededCounts ? [...own, ...seeded] : own);
    if (!found) throw unauthorized(seeded.length > 0 && !seededCounts ? NOT_FROM_HERE : UNKNOWN);
    if (route.auth === 'admin') {
      throw new VolleyError(
        'forbidden',
        "This call takes the admin key (VOLLEY_ADMIN_KEY), not a workspace's.",
      );
    }
    const path = given.pathWorkspaceId;
    if (path !== undefined && path.toLowerCase() !== found.workspaceId) throw noSuchWorkspace();
    return { workspaceId: found.workspaceId, apiKeyId: found.id };
  };
}

function asAdmin(route: Pick<Route, 'auth'>, pathWorkspaceId: string | undefined): Principal {
  if (route.auth === 'workspace') {
    throw new VolleyError('forbidden', "This call takes a workspace's key, not the admin key.");
  }
  if (pathWorkspaceId !== undefined && !isUuid(pathWorkspaceId)) throw noSuchWorkspace();
  return { workspaceId: pathWorkspaceId?.toLowerCase() ?? '', apiKeyId: 'admin' };
}

const UNKNOWN = 'This API key is unknown, mistyped or revoked.';
const NOT_FROM_HERE =
  'This API key is not one that was made here (they begin with vly_). The key that `npm start` names is for calls to 127.0.0.1 or localhost alone.';

function isLoopback(host: string | undefined): boolean {
  return /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d+)?$/i.test(host ?? '');
}

async function firstFound(db: Db, keys: readonly string[]) {
  for (const key of keys) {
    const found = await findKey(db, key);
    if (!found) continue;
    if (found.useUnrecorded) await touchKey(db, found.id);
    return found;
  }
  return undefined;
}

/** The keys that a header may carry: one, or for Basic two. */
function keysIn(authorization: string | undefined): string[] {
  const match = /^(Bearer|AccessKey|Basic) +([^\s]+) *$/i.exec(authorization ?? '');
  const [, scheme = '', token = ''] = match ?? [];
  if (scheme.toLowerCase() !== 'basic') return token === '' ? [] : [token];
  const text = Buffer.from(token, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  const parts = colon < 0 ? [text] : [text.slice(colon + 1), text.slice(0, colon)];
  return parts.filter((part) => part !== '');
}

function adminCheck(adminKey: string | undefined): (key: string) => boolean {
  if (!adminKey) return () => false;
  // Hashed first: the comparison then takes the same time whatever the lengths.
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  const expected = digest(adminKey);
  return (key) => timingSafeEqual(digest(key), expected);
}

function unauthorized(message: string): VolleyError {
  return new VolleyError('unauthorized', message);
}

/** The same words for a foreign workspace and for none: an id of someone else's must not be told apart. */
function noSuchWorkspace(): VolleyError {
  return new VolleyError('not_found', 'There is no such workspace for this key.');
}
