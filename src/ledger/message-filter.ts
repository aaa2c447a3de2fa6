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
 * range of it per value, merged: a page costs about the same wherever it lies and however rare its messages are. `offset 0`
 * keeps the planner from turning the look-ups around, which it does where it takes a rare value for a common one.
 */
export function pageOfIds(filter: MessageFilter): { sql: string; values: unknown[] } {
  const values: unknown[] = [];
  const bind: Bind = (value, type) => `$${values.push(value)}::${type}`;
  const workspace = bind(filter.workspaceId, 'uuid');
  const limit = bind(filter.limit, 'int');
  const order = filter.oldestFirst ? 'asc' : 'desc';
  const leads = leadsOf(filter, bind, workspace);
  const pages = leads.map((lead) => pageOf(filter, lead, bind, `${order} limit ${limit}`));
  const [lead] = leads;
  const [page = ''] = pages;
  if (pages.length === 1 && lead?.keys === undefined) return { sql: page, values };
  const source =
    lead?.keys === undefined
      ? `(${pages.map((one) => `(${one})`).join(' union all ')}) p`
      : `${lead.keys} cross join lateral (${page}) p`;
  return { sql: `select distinct p.id from ${source} order by p.id ${order} limit ${limit}`, values };
}

function pageOf(filter: MessageFilter, lead: Lead, bind: Bind, end: string): string {
  const conditions = [...lead.where, ...placeOf(filter, lead, bind), ...restOf(filter, lead, bind)];
  return `select ${lead.id} as id from ${lead.from} ${joinsOf(lead)} where ${conditions.join(' and ')}
    order by ${lead.order} ${end}`;
}

type Bind = (value: unknown, type: string) => string;

/** The table whose index the page is read from. */
interface Lead {
  readonly by: 'messages' | 'job' | 'tags' | 'providers' | 'looks';
  readonly from: string;
  readonly where: readonly string[];
  /** The column that holds the message's id. */
  readonly id: string;
  readonly order: string;
  /** Values, each of which is a range of its own. */
  readonly keys?: string;
}

const WHY = 'why(s.reason, s.wait_reason, s.reached)';

/**
 * What the page is read from: of providers and looks one range each, written out, so that the planner sees which of them are
 * rare. Within a job ordinals rise as ids do, and have the index.
 */
function leadsOf(filter: MessageFilter, bind: Bind, workspace: string): readonly Lead[] {
  const { tags, providers, looks, jobId } = filter;
  const lead = (by: Lead['by'], from: string, id: string, where: string[], keys?: string): Lead => ({
    ...{ by, from, id, order: id, where },
    ...(keys === undefined ? {} : { keys }),
  });
  if (tags) {
    const where = [`t.workspace_id = ${workspace}`, 't.tag = k.tag'];
    return [lead('tags', 'message_tags t', 't.message_id', where, `unnest(${bind(tags, 'text[]')}) k(tag)`)];
  }
  if (providers) {
    return providers.map((provider) => {
      const where = [`d.workspace_id = ${workspace}`, `d.provider = ${bind(provider, 'text')}`];
      return lead('providers', 'deliveries d', 'd.message_id', where);
    });
  }
  if (looks && looksFirst(filter)) {
    const whose = [`s.workspace_id = ${workspace}`];
    if (jobId !== undefined) whose.push(`s.job_id = ${bind(jobId, 'uuid')}`);
    return looks.map(({ state, why }) => {
      const where = [...whose, `s.state = ${bind(state, 'text')}`, `${WHY} = ${bind(why, 'text')}`];
      return lead('looks', 'message_states s', 's.message_id', where);
    });
  }
  const where = [`m.workspace_id = ${workspace}`, ...ofMessages(filter, bind)];
  const own = lead(jobId === undefined ? 'messages' : 'job', 'messages m', 'm.id', where);
  return [jobId === undefined ? own : { ...own, order: 'm.ordinal' }];
}

/** A filter by status leads only where nothing narrower does: of a recipient's messages, all are looked at. */
function looksFirst(filter: MessageFilter): boolean {
  if (filter.messageId ?? filter.recipientId ?? filter.traceId ?? filter.tenantId) return false;
  return filter.jobId === undefined || (filter.looks ?? []).every(({ state }) => UNHAPPY.includes(state));
}

function joinsOf({ by, id }: Lead): string {
  const messages = `cross join lateral (select * from messages where id = ${id} offset 0) m`;
  const states = `cross join lateral (select * from message_states where message_id = ${id} offset 0) s`;
  const jobs = 'cross join lateral (select phase, archived_at from jobs where id = m.job_id offset 0) j';
  return [
    ...(by === 'messages' || by === 'job' ? [] : [messages]),
    ...(by === 'looks' ? [] : [states]),
    jobs,
  ].join(' ');
}

/** Where the page begins, and between which ids it can lie at all, in terms of the index that it is read from. */
function placeOf(filter: MessageFilter, lead: Lead, bind: Bind): string[] {
  const { after, startAt, endAt, bornAfter } = filter;
  const bounds: string[] = [];
  const since = [startAt, bornAfter].flatMap((at) => (at ? [at.getTime()] : []));
  if (since.length > 0)
    bounds.push(`${lead.id} >= ${bind(idAt(Math.max(...since) - CLOCK_SLACK_MS, '0'), 'uuid')}`);
  if (endAt) bounds.push(`${lead.id} <= ${bind(idAt(endAt.getTime() + CLOCK_SLACK_MS, 'f'), 'uuid')}`);
  if (!after) return bounds;
  const beyond = filter.oldestFirst ? '>' : '<';
  const id = bind(after.id, 'uuid');
  const place = lead.by === 'job' ? `(select ordinal from messages where id = ${id})` : id;
  return [...bounds, `${lead.order} ${beyond} ${place}`];
}

/** What the index of the lead does not say. */
function restOf(filter: MessageFilter, lead: Lead, bind: Bind): string[] {
  const rest = ["j.phase <> 'open'"];
  if (lead.by !== 'messages' && lead.by !== 'job') rest.push(...ofMessages(filter, bind));
  if (filter.archived === false) rest.push('j.archived_at is null');
  if (filter.startAt) rest.push(`m.created_at >= ${bind(filter.startAt, 'timestamptz')}`);
  if (filter.endAt) rest.push(`m.created_at <= ${bind(filter.endAt, 'timestamptz')}`);
  if (filter.enqueuedAfter) {
    rest.push(`coalesce(s.enqueued_at, m.created_at) >= ${bind(filter.enqueuedAfter, 'timestamptz')}`);
  }
  if (filter.looks && lead.by !== 'looks') {
    rest.push(`(s.state, ${WHY}) in (select * from unnest(${pairs(filter.looks, bind)}))`);
  }
  if (filter.providers && lead.by === 'tags') {
    const providers = bind(filter.providers, 'text[]');
    rest.push(
      `exists (select 1 from deliveries d where d.message_id = ${lead.id} and d.provider = any(${providers}))`,
    );
  }
  return rest;
}

function ofMessages(filter: MessageFilter, bind: Bind): string[] {
  const wanted: readonly (readonly [string, string | undefined, string])[] = [
    ['id', filter.messageId, 'uuid'],
    ['job_id', filter.jobId, 'uuid'],
    ['channel_id', filter.channelId, 'uuid'],
    ['recipient_id', filter.recipientId, 'text'],
    ['tenant_id', filter.tenantId, 'text'],
    ['event', filter.event, 'text'],
    ['notification', filter.notification, 'text'],
    ['trace_id', filter.traceId, 'text'],
  ];
  return wanted.flatMap(([column, value, type]) =>
    value === undefined ? [] : [`m.${column} = ${bind(value, type)}`],
  );
}

function pairs(looks: readonly Look[], bind: Bind): string {
  const states = looks.map(({ state }) => state);
  const whys = looks.map(({ why }) => why);
  return `${bind(states, 'text[]')}, ${bind(whys, 'text[]')}`;
}

/** The lowest (`0`) or highest (`f`) id of a moment: a UUID of version 7 begins with its 48 bits of ms. */
export function idAt(ms: number, rest: '0' | 'f'): string {
  const bounded = Math.min(Math.max(0, Math.floor(ms)), 2 ** 48 - 1);
  const hex = bounded.toString(16).padStart(12, '0') + rest.repeat(20);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
