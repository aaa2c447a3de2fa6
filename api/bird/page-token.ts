import { isUuid } from '../../src/domain/ids';

/** The last message of a page: the next page begins after it. */
export interface Place {
  readonly createdAt: Date;
  readonly id: string;
}

/** The last moment that a database and a Date both know how to write: the end of the year 9999. */
const LAST_MS = 253_402_300_799_999;
const TOKEN = /^[A-Za-z0-9_-]{1,100}$/;

/** A place as an opaque token of `[A-Za-z0-9_-]`: it goes into a URL as it is. */
export function writePageToken({ createdAt, id }: Place): string {
  return Buffer.from(`${createdAt.getTime()}.${id}`).toString('base64url');
}

/** The place behind a token, or undefined for anything that `writePageToken` did not write. */
export function readPageToken(token: string): Place | undefined {
  if (!TOKEN.test(token)) return undefined;
  const [ms = '', id = '', ...rest] = Buffer.from(token, 'base64url').toString('utf8').split('.');
  if (!/^\d{1,15}$/.test(ms) || Number(ms) > LAST_MS || !isUuid(id) || rest.length) return undefined;
  const place = { createdAt: new Date(Number(ms)), id };
  return writePageToken(place) === token ? place : undefined;
}
