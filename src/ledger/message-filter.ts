import { type Look } from '../domain/looks';

/** Which messages of a workspace, newest first unless `oldestFirst`. All that is given must hold; lists match any of theirs. */
export interface MessageFilter {
  readonly workspaceId: string;
  readonly messageId?: string;
  readonly jobId?: string;
  /** The channel in the path of the call that sent it. */
  readonly channelId?: string;
  readonly recipientId?: string;
  readonly tenantId?: string;
  readonly event?: string;
  readonly notification?: string;
  /** The caller's own trace id. */
  readonly traceId?: string;
  readonly tags?: readonly string[];
  readonly providers?: readonly string[];
  readonly looks?: readonly Look[];
  /** Created then or later, or earlier; inclusive. */
  readonly startAt?: Date;
  readonly endAt?: Date;
  readonly enqueuedAfter?: Date;
  /** Nothing created before this is asked for, as far as whoever asks can tell: a bound for the index. */
  readonly bornAfter?: Date;
  /** Archived ones are left out unless this is true or absent. */
  readonly archived?: boolean;
  readonly oldestFirst?: boolean;
  readonly after?: { readonly id: string };
  readonly limit: number;
}

/** Looks that the partial index of a job holds: what few messages end in. */
const UNHAPPY = ['undelivered', 'failed', 'uncertain', 'rejected', 'skipped', 'canceled'];
/** Ids are made by the service's clock and rows dated by the ledger's: bounds by id leave this much room. */
const CLOCK_SLACK_MS = 60_000;

/**
 * A page of message ids as SQL. Each filter has an index that also has the order, and a filter of several values is one
 * range of it per value, merged: a page costs about the same wherever it lies and however rare its messages are.
 */
export function pageOfIds(filter: MessageFilter): { sql: string; values: unknown[] } {
  const values: unknown[] = [];
  const bind = (value: unknown, type: string): string => `$${values.push(value)}::${type}`;
  const order = filter.oldestFirst ? 'asc' : 'desc';
  const conditions = conditionsOf(filter, bind);
  const limit = bind(filter.limit, 'int');
  const from = 'messages m join message_states s on s.message_id = m.id join jobs j on j.id = m.job_id';
  const page = (source: string, more: readonly string[], key: string): string =>
    `select m.id from ${source} where ${[...conditions, ...more].join(' and ')} order by ${key} ${order} limit ${limit}`;
  const merged = (keys: string, inner: string): string =>
    `select distinct p.id from ${keys} cross join lateral (${inner}) p order by p.id ${order} limit ${limit}`;

  const { tags, providers, looks } = filter;
  if (tags) {
    const source = `message_tags t join ${from.replace('messages m', 'messages m on m.id = t.message_id')}`;
    const inner = page(source, ['t.workspace_id = $1', 't.tag = k.tag'], 't.message_id');
    return { sql: merged(`unnest(${bind(tags, 'text[]')}) k(tag)`, inner), values };
  }
  if (providers) {
    const source = `deliveries d join ${from.replace('messages m', 'messages m on m.id = d.message_id')}`;
    const inner = page(source, ['d.workspace_id = $1', 'd.provider = k.provider'], 'd.message_id');
    return { sql: merged(`unnest(${bind(providers, 'text[]')}) k(provider)`, inner), values };
  }
  if (looks && looksFirst(filter)) {
    const whose = filter.jobId === undefined ? 's.workspace_id = $1' : `s.job_id = ${bind(filter.jobId, 'uuid')}`;
    const unhappy = filter.jobId === undefined ? [] : [`s.state in (${UNHAPPY.map((state) => `'${state}'`).join(', ')})`];
    const pair = ['s.state = k.state', 'why(s.reason, s.wait_reason, s.reached) = k.why'];
    const inner = page(from, [whose, ...unhappy, ...pair], 's.message_id');
    const keys = `unnest(${bind(looks.map(({ state }) => state), 'text[]')}, ${bind(looks.map(({ why }) => why), 'text[]')}) k(state, why)`;
    return { sql: merged(keys, inner), values };
  }
  // Within a job ordinals rise as ids do, and have the index.
  return { sql: page(from, [], filter.jobId === undefined ? 'm.id' : 'm.ordinal'), values };
}

/** A filter by status leads only where nothing narrower does: of a recipient's messages, all are looked at. */
function looksFirst(filter: MessageFilter): boolean {
  if (filter.messageId ?? filter.recipientId ?? filter.traceId ?? filter.tenantId) return false;
  return filter.jobId === undefined || (filter.looks ?? []).every(({ state }) => UNHAPPY.includes(state));
}

type Bind = (value: unknown, type: string) => string;

function conditionsOf(filter: MessageFilter, bind: Bind): string[] {
  const conditions = [`m.workspace_id = ${bind(filter.workspaceId, 'uuid')}`, `j.phase <> 'open'`];
  const equal = (column: string, value: string | undefined, type: string): void => {
    if (value !== undefined) conditions.push(`${column} = ${bind(value, type)}`);
  };
  equal('m.id', filter.messageId, 'uuid');
  equal('m.job_id', filter.jobId, 'uuid');
  equal('m.channel_id', filter.channelId, 'uuid');
  equal('m.recipient_id', filter.recipientId, 'text');
  equal('m.tenant_id', filter.tenantId, 'text');
  equal('m.event', filter.event, 'text');
  equal('m.notification', filter.notification, 'text');
  equal('m.trace_id', filter.traceId, 'text');
  if (filter.archived === false) conditions.push('j.archived_at is null');
  conditions.push(...timesOf(filter, bind));
  if (filter.after) conditions.push(afterPlace(filter, filter.after.id, bind));
  if (filter.looks && !looksLead(filter)) {
    const states = bind(filter.looks.map(({ state }) => state), 'text[]');
    const whys = bind(filter.looks.map(({ why }) => why), 'text[]');
    conditions.push(
      `(s.state, why(s.reason, s.wait_reason, s.reached)) in (select * from unnest(${states}, ${whys}))`,
    );
  }
  if (filter.tags && filter.providers) {
    const providers = bind(filter.providers, 'text[]');
    conditions.push(`exists (select 1 from deliveries d where d.message_id = m.id and d.provider = any(${providers}))`);
  }
  return conditions;
}

function looksLead(filter: MessageFilter): boolean {
  return !filter.tags && !filter.providers && looksFirst(filter);
}

function afterPlace(filter: MessageFilter, id: string, bind: Bind): string {
  const beyond = filter.oldestFirst ? '>' : '<';
  if (filter.jobId === undefined || looksLead(filter) || filter.tags || filter.providers) {
    return `m.id ${beyond} ${bind(id, 'uuid')}`;
  }
  return `m.ordinal ${beyond} (select ordinal from messages where id = ${bind(id, 'uuid')})`;
}

function timesOf({ startAt, endAt, enqueuedAfter, bornAfter }: MessageFilter, bind: Bind): string[] {
  const times: string[] = [];
  if (startAt) {
    times.push(`m.created_at >= ${bind(startAt, 'timestamptz')}`);
    times.push(`m.id >= ${bind(idAt(startAt.getTime() - CLOCK_SLACK_MS, '0'), 'uuid')}`);
  }
  if (endAt) {
    times.push(`m.created_at <= ${bind(endAt, 'timestamptz')}`);
    times.push(`m.id <= ${bind(idAt(endAt.getTime() + CLOCK_SLACK_MS, 'f'), 'uuid')}`);
  }
  if (bornAfter) times.push(`m.id >= ${bind(idAt(bornAfter.getTime() - CLOCK_SLACK_MS, '0'), 'uuid')}`);
  if (enqueuedAfter) {
    times.push(`coalesce(s.enqueued_at, m.created_at) >= ${bind(enqueuedAfter, 'timestamptz')}`);
  }
  return times;
}

/** The lowest (`0`) or highest (`f`) id of a moment: a UUID of version 7 begins with its 48 bits of ms. */
export function idAt(ms: number, rest: '0' | 'f'): string {
  const bounded = Math.min(Math.max(0, Math.floor(ms)), 2 ** 48 - 1);
  const hex = bounded.toString(16).padStart(12, '0') + rest.repeat(20);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
