-- The page lane: a shard's messages delivered by one activity, many at once, on the same claim (docs/decisions/0030-page-lane.md).

alter table jobs add column fan_out text not null default 'workflow' check (fan_out in ('workflow', 'page'));

-- lane: who delivers the shard. A page shard has its messages by being open (ended_at null): their rows are not touched before
-- they are begun. claim: the number of the activity that has the shard; one with an older number may begin nothing more.
alter table shards add column lane text not null default 'workflow' check (lane in ('workflow', 'page'));
alter table shards add column claim bigint;
alter table shards add column ended_at timestamptz;
create sequence shard_claims;
create index shards_open on shards (job_id) where lane = 'page' and ended_at is null;

-- Open attempts by the end of their hold: when to look for ones that nobody will finish, without a look at what is pending.
create index message_states_open on message_states (job_id, held_until) where state = 'sending';

-- Refuses with 'fenced' whoever has not the newest number of an open shard. FOR SHARE: a take-over waits for what has begun.
create function require_page_claim(p_job uuid, p_generation integer, p_n integer, p_claim bigint) returns void
language plpgsql as $$
begin
  perform 1 from shards s where s.job_id = p_job and s.generation = p_generation and s.n = p_n and s.claim = p_claim
    and s.ended_at is null for share;
  if not found then perform refuse_claim('fenced'); end if;
end $$;

-- Up to p_wanted tokens of a channel's rate limit, and in ms when there will be the next one. As take_token, for many.
create function take_tokens(p_channel uuid, p_wanted integer, out granted integer, out wait_ms double precision)
language plpgsql as $$
declare
  rate double precision;
  burst double precision;
  has double precision;
  at timestamptz;
  now_at timestamptz;
begin
  select rate_per_second into rate from channels where id = p_channel;
  if rate is null then granted := p_wanted; wait_ms := 0; return; end if;
  burst := greatest(1, rate / 10);
  insert into channel_tokens (channel_id, tokens, refilled_at) values (p_channel, burst, ledger_now()) on conflict do nothing;
  select t.tokens, t.refilled_at into has, at from channel_tokens t where t.channel_id = p_channel for update;
  now_at := greatest(at, ledger_now());
  has := least(burst, has + extract(epoch from now_at - at) * rate);
  granted := least(p_wanted, floor(has)::integer);
  has := has - granted;
  update channel_tokens t set tokens = has, refilled_at = now_at where t.channel_id = p_channel;
  wait_ms := greatest(1, (1 - has) / rate * 1000);
end $$;

-- The claim of a group: first attempts only, of one job and one page shard. What claim_message asks of one message is asked of
-- each here, in the same lock order; one that cannot be begun is refused by itself, with its reason, and goes through
-- claim_message later. Facts that changed since the gates saw them refuse the whole group ('facts_changed'): versions only rise,
-- so their sum over the group is the one that was seen only if each is.
create function claim_page(
  p_job uuid, p_generation integer, p_n integer, p_claim bigint, p_owner text, p_margin_ms integer,
  p_messages uuid[], p_deliveries uuid[], p_attempts uuid[], p_routes integer[], p_channels uuid[], p_kinds text[],
  p_providers text[], p_timeouts_ms integer[], p_facts bytea[], p_version bigint
) returns table (message_id uuid, refused text, wait_ms double precision) language plpgsql
-- A group is small and every row is found by its key. The planner, which knows neither, sometimes reads whole tables instead
-- (measured: 690 us of CPU a message instead of 110).
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  c record;
  g record;
  limited uuid[] := '{}';
  grants integer[] := '{}';
  waits double precision[] := '{}';
  workspace uuid;
  at timestamptz;
  now_at bigint;
begin
  perform require_running_job(p_job);
  perform require_page_claim(p_job, p_generation, p_n, p_claim);
  for c in select x.id, count(*)::integer as n from unnest(p_channels) x(id) join channels h on h.id = x.id
            where h.rate_per_second is not null group by x.id order by x.id loop
    select * into g from take_tokens(c.id, c.n);
    limited := limited || c.id; grants := grants || g.granted; waits := waits || g.wait_ms;
  end loop;
  at := ledger_now();
  return query
  with given as materialized (
    select x.*, l.wait, coalesce(row_number() over (partition by x.channel order by x.place) > l.granted, false) as over
    from unnest(p_messages, p_deliveries, p_attempts, p_routes, p_channels, p_kinds, p_providers, p_timeouts_ms) with ordinality
      x(message, delivery, attempt, route, channel, kind, provider, timeout_ms, place)
    left join unnest(limited, grants, waits) l(id, granted, wait) on l.id = x.channel
  ), locked as materialized (
    select m.* from (select i.message from given i order by i.message) i cross join lateral (
      select s.message_id as id, s.workspace_id, s.state, s.cancel_requested, s.first_attempt_at, s.valid_until, s.due_at
      from message_states s where s.message_id = i.message for update) m
  ), judged as materialized (
    select i.*, m.workspace_id, case
      when m.state = 'sending' then 'open'
      when m.state not in ('pending', 'waiting') then 'settled'
      when m.cancel_requested then 'canceled'
      when m.first_attempt_at is not null then 'begun_before'
      when m.valid_until <= at then 'expired'
      when m.due_at > at then 'not_due'
      when i.over then 'rate_limited' end as verdict, extract(epoch from m.due_at - at) * 1000 as due_ms
    from given i join locked m on m.id = i.message
  ), moved as (
    update message_states s
       set state = 'sending', reason = null, detail = null, wait_reason = null, attempts = s.attempts + 1, route = j.route,
           first_attempt_at = at, plan = p_generation, held_until = at + (j.timeout_ms + p_margin_ms) * interval '1 millisecond'
      from judged j where j.verdict is null and s.message_id = j.message
  ), delivered as (
    insert into deliveries (id, message_id, workspace_id, route, channel_id, kind, provider)
    select j.delivery, j.message, j.workspace_id, j.route, j.channel, j.kind, j.provider from judged j where j.verdict is null
  ), noted as (
    insert into events (message_id, workspace_id, type, data)
    select j.message, j.workspace_id, 'sending', jsonb_build_object('attempt', 1, 'channelId', j.channel, 'kind', j.kind,
      'provider', j.provider, 'possibleDuplicate', false)
    from judged j where j.verdict is null order by j.place
  ), begun as (
    insert into attempts (id, delivery_id, message_id, number, generation, owner, started_at, deadline_at)
    select j.attempt, j.delivery, j.message, 1, 0, p_owner, at, at + j.timeout_ms * interval '1 millisecond'
    from judged j where j.verdict is null
  )
  select j.message, j.verdict, case j.verdict when 'rate_limited' then j.wait when 'not_due' then j.due_ms else 0 end::double precision
  from judged j;

  select j.workspace_id into workspace from jobs j where j.id = p_job;
  perform pg_advisory_xact_lock_shared(7650541, stripe) from fact_stripes(p_facts) stripe;
  select coalesce(sum(f.version * k.n), 0) into now_at
    from (select key, count(*) as n from unnest(p_facts) key group by key) k
    join recipient_facts f on f.workspace_id = workspace and f.key = k.key;
  if now_at <> p_version then perform refuse_claim('facts_changed'); end if;
end $$;

-- Outcomes of a group: calls that were accepted, of messages whose newest attempt they are. All others, and all other outcomes,
-- go through settle_attempt. One statement, so counters are raised once and in their order. Says which were settled here.
create function settle_page(p_attempts uuid[], p_vendor_ids text[]) returns table (attempt_id uuid) language sql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
  with given as materialized (
    select x.id, x.vendor_id, a.message_id, a.delivery_id, a.number
    from unnest(p_attempts, p_vendor_ids) x(id, vendor_id) join attempts a on a.id = x.id
    where a.outcome is null and not exists (select 1 from attempts n where n.message_id = a.message_id and n.number > a.number)
  ), locked as materialized (
    select m.* from (select g.message_id from given g order by g.message_id) g cross join lateral (
      select s.message_id, s.workspace_id, s.state from message_states s where s.message_id = g.message_id for update) m
  ), accepted as materialized (
    select g.*, l.workspace_id from given g join locked l using (message_id) where l.state = 'sending'
  ), closed as (
    update attempts a set outcome = 'accepted', finished_at = ledger_now() from accepted g where a.id = g.id
  ), named as (
    update deliveries d set vendor_id = g.vendor_id from accepted g where d.id = g.delivery_id and g.vendor_id is not null
  ), moved as (
    update message_states s set state = 'sent', reason = null, detail = null, wait_reason = null, held_until = null
    from accepted g where s.message_id = g.message_id
  ), noted as (
    insert into events (message_id, workspace_id, type, data)
    select g.message_id, g.workspace_id, 'sent', jsonb_build_object('attempt', g.number, 'outcome', 'accepted')
    from accepted g order by g.message_id
  )
  select g.id from accepted g
$$;

-- claim_message and recover_message for a message of a page shard: fenced, and noted as that shard's, so that a take-over
-- finds it.
create function claim_in_page(
  p_generation integer, p_n integer, p_claim bigint,
  p_job uuid, p_message uuid, p_delivery uuid, p_attempt uuid, p_route integer, p_channel uuid, p_kind text, p_provider text,
  p_owner text, p_timeout_ms integer, p_margin_ms integer, p_dedupe_ms bigint, p_seal jsonb
) returns table (delivery_id uuid, generation integer, number integer, possible_duplicate boolean, uncertain boolean)
language plpgsql as $$
begin
  perform require_page_claim(p_job, p_generation, p_n, p_claim);
  return query select * from claim_message(p_job, p_message, p_delivery, p_attempt, p_route, p_channel, p_kind, p_provider,
    p_owner, p_timeout_ms, p_margin_ms, p_dedupe_ms, p_seal);
  update message_states s set plan = p_generation where s.message_id = p_message and s.plan is distinct from p_generation;
end $$;

create function recover_in_page(
  p_generation integer, p_n integer, p_claim bigint,
  p_job uuid, p_message uuid, p_attempt uuid, p_owner text, p_timeout_ms integer, p_margin_ms integer, p_dedupe_ms bigint,
  p_seal jsonb, p_forbidden boolean
) returns table (delivery_id uuid, generation integer, number integer, possible_duplicate boolean, uncertain boolean)
language plpgsql as $$
begin
  perform require_page_claim(p_job, p_generation, p_n, p_claim);
  return query select * from recover_message(p_job, p_message, p_attempt, p_owner, p_timeout_ms, p_margin_ms, p_dedupe_ms,
    p_seal, p_forbidden);
  update message_states s set plan = p_generation where s.message_id = p_message and s.plan is distinct from p_generation;
end $$;

-- The same for the protocol's other functions: each works on one message, by keys, and a session keeps the plan that it made
-- while the tables were small (measured: 5 ms of CPU for a refused call and its repetition, most of it reading all attempts).
do $$
declare f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_proc p
    where p.pronamespace = current_schema()::regnamespace and p.proname in (
      'claim_message', 'recover_message', 'settle_attempt', 'give_back_cap', 'take_cap', 'claim_in_page', 'recover_in_page') loop
    execute format('alter function %s set enable_seqscan = off', f);
    execute format('alter function %s set enable_hashjoin = off', f);
    execute format('alter function %s set enable_mergejoin = off', f);
  end loop;
end $$;

-- Since when a delivery's key is in doubt, as in 0003; by the message, whose attempts have an index.
create or replace function doubt_since(p_delivery uuid, p_generation integer) returns timestamptz language sql stable as $$
  select min(a.started_at) from deliveries d join attempts a on a.message_id = d.message_id
   where d.id = p_delivery and a.delivery_id = d.id and a.generation = p_generation
     and (a.outcome is null or a.outcome in ('ambiguous', 'lost'))
$$;

-- Counters by who counts, and not by who is counted: a count is the sum over a job's slots, so any slot will do, and two groups
-- of messages that both hold all ordinals no longer wait for each other's commit (measured: 3.5 ms a statement at 40 at once).
-- A slot may be negative by itself.
create or replace function count_admissions() returns trigger language plpgsql as $$
begin
  insert into job_counts as c (job_id, slot, state, n)
  select job_id, (pg_backend_pid() % 32)::smallint, state, count(*) from new_rows group by 1, 3 order by 1, 3
  on conflict (job_id, slot, state) do update set n = c.n + excluded.n;
  return null;
end $$;

create or replace function count_moves() returns trigger language plpgsql as $$
begin
  insert into job_counts as c (job_id, slot, state, n)
  select job_id, (pg_backend_pid() % 32)::smallint, state, sum(d) from (
    select n.job_id, s.state, s.d
    from new_rows n join old_rows o using (message_id)
    cross join lateral (values
      (n.state, case when n.state <> o.state then 1 else 0 end),
      (o.state, case when n.state <> o.state then -1 else 0 end),
      ('enqueued', case when o.enqueued_at is null and n.enqueued_at is not null then 1 else 0 end),
      ('ever_sent', (n.reached & ~o.reached) & 1),
      ('ever_delivered', ((n.reached & ~o.reached) & 2) / 2),
      ('ever_undeliverable', ((n.reached & ~o.reached) & 4) / 4),
      ('ever_opened', ((n.reached & ~o.reached) & 8) / 8),
      ('ever_clicked', ((n.reached & ~o.reached) & 16) / 16)
    ) as s(state, d)
    where s.d <> 0
  ) moves group by 1, 3 having sum(d) <> 0 order by 1, 3
  on conflict (job_id, slot, state) do update set n = c.n + excluded.n;
  return null;
end $$;

-- take_token, as in 0003, reading the time once it has the row: read before the wait for it, it set refilled_at back by the wait,
-- and granted the tokens of that time twice (measured: 114 in a second of a limit of 100, with both lanes on a channel).
create or replace function take_token(p_channel uuid) returns void language plpgsql as $$
declare
  rate double precision;
  burst double precision;
  has double precision;
  last timestamptz;
  at timestamptz;
begin
  select rate_per_second into rate from channels where id = p_channel;
  if rate is null then return; end if;
  burst := greatest(1, rate / 10);
  insert into channel_tokens (channel_id, tokens, refilled_at) values (p_channel, burst, ledger_now()) on conflict do nothing;
  select t.tokens, t.refilled_at into has, last from channel_tokens t where t.channel_id = p_channel for update;
  at := greatest(last, ledger_now());
  has := least(burst, has + extract(epoch from at - last) * rate);
  if has < 1 then perform refuse_claim('rate_limited', greatest(1, (1 - has) / rate * 1000)); end if;
  update channel_tokens t set tokens = has - 1, refilled_at = at where t.channel_id = p_channel;
end $$;

-- As in 0006: what webhooks tell are the states, not how many ever reached one.
create or replace function job_counts_json(p_job uuid) returns jsonb language sql stable as $$
  select coalesce(jsonb_object_agg(state, n), '{}') from (
    select state, sum(n)::bigint as n from job_counts where job_id = p_job and left(state, 5) <> 'ever_' group by state having sum(n) <> 0) c
$$;
