import { type MessageFilter } from './message-filter';

/** Looks that the partial index of a job holds: what few messages end in. */
const UNHAPPY = ['undelivered', 'failed', 'uncertain', 'rejected', 'skipped', 'canceled'];
/** Ids are made by the service's clock and rows dated by the ledger's: bounds by id leave this much room. */
export const CLOCK_SLACK_MS = 60_000;

/** Adds a value to the statement, and gives the name by which the statement has it. */
export type Bind = (value: unknown, type: string) => string;

/** The table whose index the page is read from. */
export interface Lead {
  readonly by: 'messages' | 'job' | 'tags' | 'providers' | 'looks';
  readonly from: string;
  readonly where: readonly string[];
  /** The columns that hold the message's id and its job's. */
  readonly id: string;
  readonly job: string;
  readonly order: string;
  /** Read from an index whose order the primary key does not have: see migration 0014. */
  readonly ownOrder?: boolean;
  /** Values, each of which is a range of its own. */
  readonly keys?: string;
}

export const WHY = 'why(s.reason, s.wait_reason, s.reached)';

/**
 * What the page is read from: of providers and looks one range each, written out, so that the planner sees which of them are
 * rare. A job is walked by its ordinals, which have the index and are the order of admission: of two ingestions at once, the
 * later one may have the older ids.
 */
export function leadsOf(filter: MessageFilter, bind: Bind, workspace: string): readonly Lead[] {
  const { tags, providers, looks, jobId } = filter;
  const lead = (by: Lead['by'], from: string, id: string, where: string[], keys?: string): Lead => ({
    ...{
      by,
      from,
      id,
      order: id,
      where,
      job: by === 'tags' ? 't.job_id' : by === 'looks' ? 's.job_id' : 'm.job_id',
    },
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
      return { ...lead('looks', 'message_states s', 's.message_id', where), ownOrder: true };
    });
  }
  const narrower = ofMessages(filter, bind);
  const where = [`m.workspace_id = ${workspace}`, ...narrower];
  if (filter.enqueuedIds && filter.enqueuedAfter && jobId === undefined) {
    // What was not enqueued counts by its creation.
    const since = bind(idAt(filter.enqueuedAfter.getTime() - CLOCK_SLACK_MS, '0'), 'uuid');
    const listed = `unnest(${bind(filter.enqueuedIds, 'uuid[]')}) k(id) join messages m on m.id = k.id`;
    return [
      lead('messages', listed, 'm.id', where),
      lead('messages', 'messages m', 'm.id', [...where, `m.id >= ${since}`]),
    ];
  }
  const own = lead(jobId === undefined ? 'messages' : 'job', 'messages m', 'm.id', where);
  return [jobId === undefined ? { ...own, ownOrder: narrower.length === 0 } : { ...own, order: 'm.ordinal' }];
}

/**
 * Large jobs that the listing shows nothing of: asked first, and from the index alone, so that a page walks past their
 * messages instead of looking each one up. Of a job by its id there is nothing to walk past.
 */
export function hiddenJobs(filter: MessageFilter, lead: Lead, workspace: string): string[] {
  if (filter.jobId !== undefined || filter.messageId !== undefined) return [];
  const hidden = filter.archived === false ? "(phase = 'open' or archived_at is not null)" : "phase = 'open'";
  const large = "next_ordinal > 100 and (phase = 'open' or archived_at is not null)";
  return [
    `${lead.job} not in (select id from jobs where workspace_id = ${workspace} and ${large} and ${hidden})`,
  ];
}

/** A filter by status leads only where nothing narrower does: of a recipient's messages, all are looked at. */
function looksFirst(filter: MessageFilter): boolean {
  if (filter.messageId ?? filter.recipientId ?? filter.traceId ?? filter.tenantId) return false;
  return filter.jobId === undefined || (filter.looks ?? []).every(({ state }) => UNHAPPY.includes(state));
}

/** The filters that are columns of the message itself. */
export function ofMessages(filter: MessageFilter, bind: Bind): string[] {
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

/** The lowest (`0`) or highest (`f`) id of a moment: a UUID of version 7 begins with its 48 bits of ms. */
export function idAt(ms: number, rest: '0' | 'f'): string {
  const bounded = Math.min(Math.max(0, Math.floor(ms)), 2 ** 48 - 1);
  const hex = bounded.toString(16).padStart(12, '0') + rest.repeat(20);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
