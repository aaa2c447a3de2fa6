import { type ErrorDetail, VolleyError } from '../../src/domain/errors';
import { type BirdStatus } from '../../src/domain/outward';
import { flagOf } from '../flag';
import { type Call } from '../route';
import { instant } from './element-schema';
import { type Place, readPageToken } from './page-token';
import { BIRD_STATUSES, isBirdStatus } from './status-filter';

/** Bird's default page, and the longest that its clients may ask for (bird-api.md §2.1). */
export const DEFAULT_LIMIT = 10;
export const MAX_LIMIT = 1_000;
/** The vendor's pages name no spelling of the batch filter: `batchId` is the canonical one. */
const BATCH_NAMES = ['batchId', 'batchID', 'batch_id'];

export interface ListQuery {
  readonly batchId?: string;
  /** Volley's own: `meta.campaign` by id, else by name. */
  readonly campaign?: string;
  readonly limit: number;
  readonly after?: Place;
  readonly statuses: readonly BirdStatus[];
  readonly startAt?: Date;
  readonly endAt?: Date;
  readonly incoming: boolean;
  readonly oldestFirst: boolean;
}

/** Reads the query of a listing. Throws invalid_request with every problem in it; parameters it doesn't know are ignored. */
export function readListQuery(call: Call): ListQuery {
  const problems: ErrorDetail[] = [];
  const refuse = (name: string, problem: string): undefined => {
    problems.push({ at: `query.${name}`, problem });
    return undefined;
  };
  const single = (name: string): string | undefined => {
    const [value, ...more] = call.query.get(name) ?? [];
    return more.length ? refuse(name, 'must be given once') : value;
  };
  const date = (name: string): Date | undefined => readDate(single(name), (problem) => refuse(name, problem));
  const [batchId] = BATCH_NAMES.map(single).filter((value) => value !== undefined);
  const campaign = single('campaignId') || undefined;
  const token = single('pageToken');
  const after = token ? readPageToken(token) : undefined;
  if (token && !after) refuse('pageToken', 'must be a nextPageToken of an earlier answer');
  const startAt = date('startAt');
  const endAt = date('endAt');
  if (startAt && endAt && startAt > endAt) refuse('endAt', 'must not be before startAt');
  const direction = single('direction');
  if (direction && !['incoming', 'outgoing'].includes(direction))
    refuse('direction', 'must be incoming or outgoing');
  const reverse = flagOf(single('reverse') || 'false');
  if (reverse === undefined) refuse('reverse', 'must be true or false');
  const limit = readLimit(single('limit'), (problem) => refuse('limit', problem));
  const statuses = readStatuses(call.query.get('status') ?? [], (problem) => refuse('status', problem));
  if (problems.length)
    throw new VolleyError('invalid_request', 'The query is not valid.', { details: problems });
  return {
    limit: limit ?? DEFAULT_LIMIT,
    statuses,
    incoming: direction === 'incoming',
    oldestFirst: reverse === true,
    ...(batchId === undefined ? {} : { batchId }),
    ...(campaign === undefined ? {} : { campaign }),
    ...(after ? { after } : {}),
    ...(startAt ? { startAt } : {}),
    ...(endAt ? { endAt } : {}),
  };
}

type Refuse = (problem: string) => undefined;

function readLimit(text: string | undefined, refuse: Refuse): number | undefined {
  if (text === undefined) return undefined;
  const limit = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return limit >= 1 && limit <= MAX_LIMIT ? limit : refuse(`must be a whole number from 1 to ${MAX_LIMIT}`);
}

/** A plus sign that nobody encoded arrives as a space: it can only have been the offset's. */
function readDate(text: string | undefined, refuse: Refuse): Date | undefined {
  if (!text) return undefined;
  const parsed = instant.safeParse(text.replace(' ', '+'));
  return parsed.success
    ? new Date(parsed.data)
    : refuse('must be a date and time of RFC 3339, such as 2025-06-22T23:40:44Z');
}

function readStatuses(texts: readonly string[], refuse: Refuse): readonly BirdStatus[] {
  const given = texts.flatMap((text) => text.split(',')).filter((text) => text !== '');
  if (given.every(isBirdStatus)) return given;
  refuse(`must be one of ${BIRD_STATUSES.join(', ')}`);
  return [];
}
