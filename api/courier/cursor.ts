import { createHash } from 'node:crypto';
import { type VolleyError } from '../../src/domain/errors';
import { refuseQuery } from './query';

/**
 * Cursors are opaque and hold only `[A-Za-z0-9._~-]`: SDKs v4 and v5 encode a query twice, which leaves these characters
 * alone. A cursor names the listing that it came from, so one of another job, or a mistyped one, is a 400 and not a page of
 * something else. It is no secret and grants nothing: anybody can make one up, and every listing checks the place and the
 * workspace by itself.
 */
const CURSOR = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{10})$/;

/** 10 characters of base64url: 60 bits, so that no typing error passes. */
const CHECK_LENGTH = 10;

/** `scope` names the listing (`users/<jobId>`), `place` is where its next page begins. */
export function encodeCursor(scope: string, place: readonly (string | number)[]): string {
  const payload = Buffer.from(JSON.stringify(place)).toString('base64url');
  return `${payload}.${check(scope, payload)}`;
}

/** What `encodeCursor` was given for this scope, or who made the cursor up put into it. Throws invalid_request for anything else. */
export function decodeCursor(scope: string, cursor: string): readonly unknown[] {
  const match = CURSOR.exec(cursor);
  const payload = match?.[1] ?? '';
  if (match?.[2] !== check(scope, payload)) throw refuseCursor();
  try {
    const place: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    if (Array.isArray(place)) return place;
  } catch {
    // Refused below, like all that is no list.
  }
  throw refuseCursor();
}

/** For a place that is none of the listing's. */
export function refuseCursor(): VolleyError {
  return refuseQuery('cursor', 'not a cursor of this listing; leave it out to begin at the start');
}

function check(scope: string, payload: string): string {
  return createHash('sha256').update(`${scope} ${payload}`).digest('base64url').slice(0, CHECK_LENGTH);
}
