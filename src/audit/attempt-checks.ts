import { MESSAGE_STATES, TRANSITIONS } from '../domain/states';
import { type LedgerCheck } from './ledger-check';

/** `from>to` of every move that the design's table lists: not the database's own function, which is what is audited. */
const MOVES = MESSAGE_STATES.flatMap((from) => TRANSITIONS[from].map((to) => `${from}>${to}`));

/** The moves of a message as its timeline tells them; a recovery is a new attempt of one that is being sent. */
const MOVED = `select e.id, e.message_id, case e.type when 'recovered' then 'sending' else e.type end as state,
    coalesce(e.data ->> 'reason', '') as reason, e.at
  from events e join message_states s on s.message_id = e.message_id
  where s.job_id = $1 and (e.type = any($2::text[]) or e.type = 'recovered')`;

const ATTEMPTS = `select a.*, s.state, j.phase, j.guarantee
  from attempts a join message_states s on s.message_id = a.message_id join jobs j on j.id = s.job_id
  where s.job_id = $1`;

/** Timelines and calls: what was done, and that nothing was done that should not have been. */
export function attemptChecks(options: { readonly maxAttempts: number }): readonly LedgerCheck[] {
  return [
    {
      area: 'ledger',
      name: 'the last event of every message is the state that it is in',
      of: 'messages',
      values: [MESSAGE_STATES],
      sql: `select s.message_id::text as id,
          coalesce(last.state, 'pending') <> s.state or coalesce(last.reason, '') <> coalesce(s.reason, '') as wrong
        from message_states s
        left join (select distinct on (message_id) * from (${MOVED}) moved order by message_id, id desc) last
          on last.message_id = s.message_id
        where s.job_id = $1`,
    },
    {
      area: 'ledger',
      name: 'every move is one that the state table allows',
      of: 'moves',
      values: [MESSAGE_STATES, MOVES],
      sql: `select message_id::text as id, before || '>' || state <> all($3::text[]) as wrong from (
          select message_id, state, coalesce(lag(state) over (partition by message_id order by id), 'pending') as before
          from (${MOVED}) moved
        ) moves`,
    },
    {
      area: 'ledger',
      name: 'whatever was sent has one delivery that was accepted, or a late word that it was',
      of: 'sent messages',
      sql: `select s.message_id::text as id, case a.deliveries when 1 then false when 0 then not exists (
            select 1 from events e where e.message_id = s.message_id and e.type = s.state and not e.data ? 'attempt')
          else true end as wrong
        from message_states s
        left join lateral (
          select count(distinct delivery_id) as deliveries from attempts
          where message_id = s.message_id and outcome = 'accepted'
        ) a on true
        where s.job_id = $1 and s.state in ('sent', 'delivered', 'undelivered')`,
    },
    {
      area: 'ledger',
      name: 'every call belongs to a delivery of its message',
      of: 'attempts',
      sql: `select a.id::text, d.id is null as wrong from (${ATTEMPTS}) a
        left join deliveries d on d.id = a.delivery_id and d.message_id = a.message_id`,
    },
    {
      area: 'ledger',
      name: 'an acceptance is never forgotten: it moved its message, or is noted as late',
      of: 'accepted attempts',
      sql: `select a.id::text, a.state not in ('sent', 'delivered', 'undelivered') and not exists (
          select 1 from events e where e.message_id = a.message_id and e.type = 'late_outcome'
            and (e.data ->> 'attempt')::int = a.number) as wrong
        from (${ATTEMPTS}) a where a.outcome = 'accepted'`,
    },
    {
      area: 'ledger',
      name: 'attempts are numbered without a gap, told in the timeline, and counted',
      of: 'messages',
      sql: `select s.message_id::text as id, a.n <> a.last or a.n <> t.n or s.attempts not between a.counted and a.n as wrong
        from message_states s
        left join lateral (
          select count(*) as n, coalesce(max(number), 0) as last,
            count(*) filter (where outcome is distinct from 'throttled') as counted
          from attempts where message_id = s.message_id
        ) a on true
        left join lateral (
          select count(*) as n from events where message_id = s.message_id and type in ('sending', 'recovered')
            and not data ?| array['callback', 'late']
        ) t on true
        where s.job_id = $1`,
    },
    {
      area: 'ledger',
      name: 'every attempt belongs to its delivery, and has an outcome unless its message is being sent',
      of: 'attempts',
      sql: `select a.id::text, d.message_id <> a.message_id or a.generation > d.generation
          or (a.outcome is null) <> (a.finished_at is null)
          or (a.outcome is null and (a.phase = 'settled' or exists (
            select 1 from attempts later where later.message_id = a.message_id and later.number > a.number))) as wrong
        from (${ATTEMPTS}) a left join deliveries d on d.id = a.delivery_id`,
    },
    {
      area: 'ledger',
      name: 'no attempt began after its message had ended',
      of: 'attempts',
      values: [MESSAGE_STATES],
      sql: `select a.id::text, coalesce(a.started_at > ended.at, false) as wrong
        from (${ATTEMPTS}) a
        left join (
          select message_id, min(at) as at from (${MOVED}) moved
          where state not in ('pending', 'waiting', 'sending') group by 1
        ) ended on ended.message_id = a.message_id`,
    },
    {
      area: 'ledger',
      name: 'no message with a call in doubt is said not to have arrived',
      of: 'messages in doubt',
      // Since migration 0017: before it a cancel, or a refusal after the call, did away with the doubt.
      sql: `select s.message_id::text as id, s.state in ('failed', 'canceled', 'skipped', 'rejected') as wrong
        from message_states s
        where s.job_id = $1 and exists (select 1 from attempts a where a.message_id = s.message_id
          and a.outcome in ('lost', 'ambiguous')
          and a.started_at > (select at from volley_migrations where name like '0017%'))`,
    },
    {
      area: 'ledger',
      // A call that was lost may be begun again whatever its number: nobody knows that it was made. Once they are spent each further route has one.
      name: `no message had more than ${options.maxAttempts} answered attempts, and one for each route after the first`,
      of: 'messages',
      values: [options.maxAttempts],
      sql: `select message_id::text as id, count(*) filter (where outcome not in ('throttled', 'lost')) > $2 + count(distinct delivery_id) - 1 as wrong
        from (${ATTEMPTS}) a group by message_id`,
    },
    {
      area: 'ledger',
      name: 'what was sent again in doubt is within the guarantee, and marked as a possible duplicate',
      of: 'repeated attempts',
      sql: `select a.id::text, a.guarantee = 'at_most_once' or not a.possible_duplicate as wrong
        from (${ATTEMPTS}) a
        join deliveries d on d.id = a.delivery_id
        join channels c on c.id = d.channel_id
        cross join lateral (select case d.provider
          when 'smtp' then 0
          when 'sendgrid' then 0
          when 'twilio' then 0
          when 'sandbox' then case when coalesce((c.settings ->> 'deduplicate')::boolean, true) then 86400 else 0 end
          when 'webhook' then coalesce((c.settings ->> 'dedupeWindowSeconds')::int, 86400)
        end as seconds) dedupe
        where c.updated_at < a.started_at and dedupe.seconds is not null and exists (
          select 1 from attempts p where p.delivery_id = a.delivery_id and p.generation = a.generation
            and p.number < a.number and p.outcome in ('lost', 'ambiguous')
            and p.started_at + dedupe.seconds * interval '1 second' <= a.started_at)`,
    },
  ];
}
