import { createHash } from 'node:crypto';
import { refuseQuery } from './query';

/**
 * Cursors are opaque and hold only `[A-Za-z0-9._~-]`: SDKs v4 and v5 encode a query twice, which leaves these characters
 * alone. A cursor names the listing that it came from, so one of another job, or a made-up one, is a 400 and not a page of
 * something else. It is no secret and grants nothing: every listing checks the workspace by itself.
 */
const CURSOR = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{10})$/;

/** 10 characters of base64url: 60 bits, so that no typing error passes. */
const CHECK_LENGTH = 10;

/** `scope` names the listing (`users/<jobId>`), `place` is where its next page begins. */
export function encodeCursor(scope: string, place: readonly (string | number)[]): string {
  const payload = Buffer.from(JSON.stringify(place)).toString('base64url');
  return `${payload}.${check(scope, payload)}`;
}

/** The place that `encodeCursor` was given for this scope. Throws invalid_request for anything else. */
export function decodeCursor(scope: string, cursor: string): readonly (string | number)[] {
  const match = CURSOR.exec(cursor);
  const payload = match?.[1] ?? '';
  if (match?.[2] !== check(scope, payload)) {
    throw refuseQuery('cursor', 'not a cursor of this listing; leave it out to begin at the start');
  }
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as (string | number)[];
}

function check(scope: string, payload: string): string {
  return createHash('sha256').update(`${scope} ${payload}`).digest('base64url').slice(0, CHECK_LENGTH);
}
