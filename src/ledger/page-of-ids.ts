import { type Look } from '../domain/looks';
import { type MessageFilter } from './message-filter';
import {
  CLOCK_SLACK_MS,
  hiddenJobs,
  idAt,
  leadsOf,
  ofMessages,
  WHY,
  type Bind,
  type Lead,
} from './page-leads';

/**
 * A page of message ids as SQL. Each filter has an index that also has the order, and a filter of several values is one
 * range of it per value, merged: a page costs about the same wherever it lies and however rare its messages are. `offset 0`
 * keeps the planner from turning the look-ups around, which it does where it takes a rare value for a common one.
 * @returns `order`: the column of `messages m` that the walk follows. Who cuts the page or begins the next one after its last
 * row must go by it, or the walk leaves some out and repeats others.
 */
export function pageOfIds(filter: MessageFilter): {
  sql: string;
  values: unknown[];
  order: 'm.id' | 'm.ordinal';
} {
  const values: unknown[] = [];
  const bind: Bind = (value, type) => `$${values.push(value)}::${type}`;
  const workspace = bind(filter.workspaceId, 'uuid');
  const limit = bind(filter.limit, 'int');
  const leads = leadsOf(filter, bind, workspace);
  const order = directionOf(filter, leads);
  const pages = leads.map((lead) => {
    const where = [...lead.where, ...hiddenJobs(filter, lead, workspace)];
    return pageOf(filter, { ...lead, where }, bind, `${order} limit ${limit}`);
  });
  const [lead] = leads;
  const [page = ''] = pages;
  if (pages.length === 1 && lead?.keys === undefined) {
    return { sql: page, values, order: lead?.by === 'job' ? 'm.ordinal' : 'm.id' };
  }
  const source =
    lead?.keys === undefined
      ? `(${pages.map((one) => `(${one})`).join(' union all ')}) p`
      : `${lead.keys} cross join lateral (${page}) p`;
  const sql = `select distinct p.id from ${source} order by p.id ${order} limit ${limit}`;
  return { sql, values, order: 'm.id' };
}

/**
 * Ids are never null: where nulls would come says only whose order it is, that of an index that no other may stand in for (0033)
 * or that of all the rest.
 */
function directionOf(filter: MessageFilter, leads: readonly Lead[]): string {
  const own = leads.every(({ ownOrder }) => ownOrder);
  if (filter.oldestFirst) return own ? 'asc nulls first' : 'asc';
  return own ? 'desc nulls last' : 'desc';
}

function pageOf(filter: MessageFilter, lead: Lead, bind: Bind, end: string): string {
  const conditions = [...lead.where, ...placeOf(filter, lead, bind), ...restOf(filter, lead, bind)];
  return `select ${lead.id} as id from ${lead.from} ${joinsOf(lead)} where ${conditions.join(' and ')}
    order by ${lead.order} ${end}`;
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

function pairs(looks: readonly Look[], bind: Bind): string {
  const states = looks.map(({ state }) => state);
  const whys = looks.map(({ why }) => why);
  return `${bind(states, 'text[]')}, ${bind(whys, 'text[]')}`;
}
