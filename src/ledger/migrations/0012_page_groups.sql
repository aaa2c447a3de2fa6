-- The page lane in groups to the end: later attempts, refused calls and the words go with the group, and what a message costs
-- of this database is halved (docs/decisions/0031-page-groups.md).

-- One trigger a row instead of two, and the clock read once: the guard of 0002 with the bits of 0007.
drop trigger reached on message_states;
drop function note_reached();
create or replace function guard_message_state() returns trigger language plpgsql as $$
declare
  at timestamptz := ledger_now();
begin
  if tg_op = 'INSERT' then
    if new.state <> 'pending' or new.enqueued_at is not null then
      raise exception 'a message begins as pending' using errcode = 'check_violation';
    end if;
    return new;
  end if;
  new.enqueued_at := old.enqueued_at;
  new.reached := old.reached | new.reached;
  if new.state <> old.state then
    if not transition_allowed(old.state, new.state) then
      raise exception 'a message does not move from % to %', old.state, new.state using errcode = 'check_violation';
    end if;
    if old.enqueued_at is null and old.state = 'pending' and new.state in ('waiting', 'sending', 'skipped') then
      new.enqueued_at := at;
    end if;
    new.reached := new.reached | case new.state
      when 'sent' then 1 when 'delivered' then 3 when 'undelivered' then 5
      when 'failed' then 4 when 'uncertain' then 4 else 0 end;
  end if;
  new.updated_at := at;
  return new;
end $$;

-- Most events are told once by construction; only what comes from outside has a name to be told by.
alter table events drop constraint events_message_id_dedupe_key;
create unique index events_told_once on events (message_id, dedupe) where dedupe is not null;
do $$
declare
  f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_proc p
    where p.pronamespace = current_schema()::regnamespace and p.prosrc like '%on conflict (message_id, dedupe) do nothing%' loop
    execute replace(pg_get_functiondef(f), 'on conflict (message_id, dedupe) do nothing',
      'on conflict (message_id, dedupe) where dedupe is not null do nothing');
  end loop;
end $$;

-- An attempt is written twice within the time of a call, and no index is concerned: room for that on its page.
alter table attempts set (fillfactor = 70);

-- Written by the claim alone, under the message's lock and in one statement with what they refer to, and nothing deletes: looking
-- each of them up again and locking it was a tenth of what a claim costs. `volley audit` looks for orphans.
alter table deliveries drop constraint deliveries_message_id_fkey;
alter table attempts drop constraint attempts_delivery_id_fkey;
alter table delivery_outputs drop constraint delivery_outputs_workspace_id_sha256_fkey;

-- As in 0011, for one row a kind of move instead of eight a message. A hash join whatever the function that moves has forbidden.
create or replace function count_moves() returns trigger language plpgsql set enable_hashjoin = on set enable_hashagg = off as $$
begin
  insert into job_counts as c (job_id, slot, state, n)
  select job_id, (pg_backend_pid() % 32)::smallint, state, sum(d) from (
    select m.job_id, s.state, s.d * m.n as d
    from (
      select n.job_id, o.state as old_state, n.state as new_state, o.enqueued_at is null and n.enqueued_at is not null as enqueued,
        n.reached & ~o.reached as bits, count(*) as n
      from new_rows n join old_rows o using (message_id) group by 1, 2, 3, 4, 5
    ) m
    cross join lateral (values
      (m.new_state, case when m.new_state <> m.old_state then 1 else 0 end),
      (m.old_state, case when m.new_state <> m.old_state then -1 else 0 end),
      ('enqueued', case when m.enqueued then 1 else 0 end),
      ('ever_sent', m.bits & 1),
      ('ever_delivered', (m.bits & 2) / 2),
      ('ever_undeliverable', (m.bits & 4) / 4),
      ('ever_opened', (m.bits & 8) / 8),
      ('ever_clicked', (m.bits & 16) / 16)
    ) as s(state, d)
    where s.d <> 0
  ) moves group by 1, 3 having sum(d) <> 0 order by 1, 3
  on conflict (job_id, slot, state) do update set n = c.n + excluded.n;
  return null;
end $$;

-- What of a page shard is to be begun, after an ordinal and in order: what was due when it was planned and nobody has, and what an
-- activity before left behind, in a call or waiting. spec: of those that were never begun. Walks the index by ordinal and stops
-- at the limit: left to itself the planner reads and sorts the whole rest of the job (measured: 25 ms for 250 of 15,000).
create function page_messages(p_job uuid, p_generation integer, p_n integer, p_after integer, p_limit integer)
returns table (id uuid, ordinal integer, spec jsonb, due_in double precision, expired boolean, in_ms double precision)
language plpgsql stable
set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  p record;
  shared boolean;
  at timestamptz := ledger_now();
begin
  select * into p from shards where job_id = p_job and generation = p_generation and n = p_n;
  if not found then return; end if;
  shared := exists (select 1 from shards o where o.job_id = p_job and o.lane = 'page' and o.ended_at is null
    and o.generation < p_generation and o.first_ordinal <= p.last_ordinal and o.last_ordinal >= p.first_ordinal);
  return query
  select s.message_id, s.ordinal, m.spec, (extract(epoch from s.due_at - at) * 1000)::float8, coalesce(s.valid_until <= at, false),
    case when s.state = 'waiting' then greatest(0, extract(epoch from s.due_at - at) * 1000)::float8 else 0 end
  from (
    select * from message_states s
    where s.job_id = p_job and s.ordinal > p_after and s.ordinal >= p.first_ordinal and s.ordinal <= p.last_ordinal and (
      s.plan = p_generation and (s.state = 'sending' or (s.state = 'waiting' and s.held_until is not null))
      or s.state in ('pending', 'waiting', 'sending') and s.due_at <= p.due_before and (s.held_until is null or s.held_until <= at)
        and not (shared and exists (select 1 from shards o where o.job_id = p_job and o.lane = 'page' and o.ended_at is null
          and s.ordinal between o.first_ordinal and o.last_ordinal and s.due_at <= o.due_before and o.generation < p_generation)))
    order by s.job_id, s.ordinal limit p_limit) s
  left join lateral (select m.spec from messages m where m.id = s.message_id and s.state = 'pending' limit 1) m on true
  order by s.job_id, s.ordinal;
end $$;

-- Everything below finds its rows by key, one after the other, in lateral joins and subqueries that end at the first row: a join by
-- name lets the planner read a table whole, as soon as it was planned while that was small (measured: 1 to 5 ms a message), and so
-- does `exists`, which it may answer from a hash of the whole table.

-- What the gates of a group's messages judge by, as of one moment; place counts from 0. A function, so that a session plans it
-- once: planning took longer than the answer.
create function page_facts(
  p_workspace uuid, p_messages uuid[], p_topics text[], p_users text[], p_tenants text[], p_places integer[], p_keys bytea[]
) returns table (
  place integer, now_ms double precision, canceled boolean, attempts integer, route integer, valid_until_ms double precision,
  started_at_ms double precision, tried boolean, paused boolean, due_in_ms double precision, settings jsonb, version bigint,
  stopped jsonb, stored jsonb, topic_default text
) language plpgsql stable set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  at timestamptz := ledger_now();
begin
  return query
  with versions as materialized (
    select k.place, sum(f.version)::bigint as version from unnest(p_places, p_keys) k(place, key)
    cross join lateral (select * from recipient_facts f where f.workspace_id = p_workspace and f.key = k.key limit 1) f group by k.place
  ), stops as materialized (
    select k.place, jsonb_object_agg(encode(x.address_key, 'hex'), x.reason) as stopped from unnest(p_places, p_keys) k(place, key)
    cross join lateral (select * from suppressions x where x.workspace_id = p_workspace and x.address_key = k.key limit 1) x
    group by k.place
  )
  select (g.place - 1)::integer, (extract(epoch from at) * 1000)::float8, s.cancel_requested or j.cancel_requested, s.attempts, s.route,
    (extract(epoch from s.valid_until) * 1000)::float8, (extract(epoch from coalesce(j.run_at, j.created_at)) * 1000)::float8,
    s.first_attempt_at is not null
      and (select d.id from deliveries d where d.message_id = s.message_id and d.route = s.route limit 1) is not null,
    j.paused or j.suspended is not null or j.phase <> 'running', (extract(epoch from s.due_at - at) * 1000)::float8,
    case when g.place = 1 then w.settings end,
    coalesce((select v.version from versions v where v.place = g.place - 1), 0),
    coalesce((select x.stopped from stops x where x.place = g.place - 1), '{}'),
    case when g.topic is not null then
      (select jsonb_build_object('status', p.status, 'channels', p.channels, 'has_channels', p.has_channels) from preferences p
        where p.workspace_id = p_workspace and p.user_id = g.user_id and p.topic_id = g.topic and p.tenant_id in ('', g.tenant)
        order by p.tenant_id desc limit 1) end,
    case when g.topic is not null then
      (select t.default_status from topics t where t.workspace_id = p_workspace and t.id = g.topic) end
  from unnest(p_messages, p_topics, p_users, p_tenants) with ordinality g(id, topic, user_id, tenant, place)
  cross join lateral (select * from message_states s where s.message_id = g.id limit 1) s
  join jobs j on j.id = s.job_id join workspaces w on w.id = p_workspace;
end $$;

-- Locks the messages of a group in one order. What is read after it, by a statement of its own, is what they are.
create function lock_messages(p_messages uuid[]) returns void language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  perform 1 from (select m from unnest(p_messages) m order by m) i
    cross join lateral (select 1 from message_states s where s.message_id = i.m for update) l;
end $$;

drop function claim_page(uuid, integer, integer, bigint, text, integer, uuid[], uuid[], uuid[], integer[], uuid[], text[], text[],
  integer[], bytea[], bigint);

-- The claim of a group, of one job and one page shard. What claim_message asks of one message is asked of each here, in the same
-- lock order; one that cannot be begun is refused by itself, with its reason, and goes through claim_message later: also one
-- whose key is in doubt, or whose route is behind the ledger's ('begun_before'). Facts that changed since the gates saw them
-- refuse the whole group ('facts_changed'): versions only rise, so their sum over the group is the one that was seen only if each
-- is. p_words: the hash of what each says; p_new_words and p_contents: what of it may be new to the workspace.
create function claim_page(
  p_job uuid, p_generation integer, p_n integer, p_claim bigint, p_owner text, p_margin_ms integer,
  p_messages uuid[], p_deliveries uuid[], p_attempts uuid[], p_routes integer[], p_channels uuid[], p_kinds text[],
  p_providers text[], p_timeouts_ms integer[], p_words bytea[], p_new_words bytea[], p_contents jsonb[], p_facts bytea[],
  p_version bigint
) returns table (
  message_id uuid, refused text, wait_ms double precision, delivery_id uuid, generation integer, number integer, attempts integer,
  since_first_ms double precision
) language plpgsql
-- A group is small and every row is found by its key. The planner, which knows neither, sometimes reads whole tables instead
-- (measured: 690 us of CPU a message instead of 110).
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
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
  perform lock_messages(p_messages);
  select j.workspace_id into workspace from jobs j where j.id = p_job;
  at := ledger_now();
  return query
  with judged as materialized (
    select x.*, l.wait, h.known, coalesce(h.generation, 0) as key_generation, coalesce(h.number, 0) + 1 as number,
      s.attempts as spent, coalesce(extract(epoch from at - s.first_attempt_at) * 1000, 0)::float8 as since_first, case
      when s.state = 'sending' then 'open'
      when s.state not in ('pending', 'waiting') then 'settled'
      when s.cancel_requested then 'canceled'
      when s.route > x.route or h.doubt then 'begun_before'
      when s.valid_until <= at then 'expired'
      when s.due_at > at then 'not_due'
      when l.granted < (select count(*) from unnest(p_channels) with ordinality y(channel, place)
        where y.channel = x.channel and y.place <= x.place) then 'rate_limited'
      end as verdict, extract(epoch from s.due_at - at) * 1000 as due_ms
    from unnest(p_messages, p_deliveries, p_attempts, p_routes, p_channels, p_kinds, p_providers, p_timeouts_ms, p_words) with ordinality
      x(message, delivery, attempt, route, channel, kind, provider, timeout_ms, words, place)
    cross join lateral (select * from message_states s where s.message_id = x.message limit 1) s
    left join unnest(limited, grants, waits) l(id, granted, wait) on l.id = x.channel
    left join lateral (
      select d.id as known, d.generation,
        (select max(a.number) from attempts a where a.message_id = x.message) as number,
        (select a.id from attempts a where a.message_id = x.message and a.delivery_id = d.id and a.generation = d.generation
          and (a.outcome is null or a.outcome in ('ambiguous', 'lost')) limit 1) is not null as doubt
      from (select) o left join deliveries d on d.message_id = x.message and d.route = x.route
    ) h on s.first_attempt_at is not null
  ), moved as (
    update message_states s
       set state = 'sending', reason = null, detail = null, wait_reason = null, attempts = s.attempts + 1, route = j.route,
           first_attempt_at = coalesce(s.first_attempt_at, at), plan = p_generation,
           held_until = at + (j.timeout_ms + p_margin_ms) * interval '1 millisecond'
      from judged j where j.verdict is null and s.message_id = j.message
  ), delivered as (
    insert into deliveries (id, message_id, workspace_id, route, channel_id, kind, provider, created_at)
    select j.delivery, j.message, workspace, j.route, j.channel, j.kind, j.provider, at
    from judged j where j.verdict is null and j.known is null
  ), noted as (
    insert into events (message_id, workspace_id, at, type, data)
    select j.message, workspace, at, 'sending', jsonb_build_object('attempt', j.number, 'channelId', j.channel, 'kind', j.kind,
      'provider', j.provider, 'possibleDuplicate', false)
    from judged j where j.verdict is null order by j.place
  ), begun as (
    insert into attempts (id, delivery_id, message_id, number, generation, owner, started_at, deadline_at)
    select j.attempt, coalesce(j.known, j.delivery), j.message, j.number, j.key_generation, p_owner, at,
      at + j.timeout_ms * interval '1 millisecond'
    from judged j where j.verdict is null
  ), said as (
    insert into rendered_contents (workspace_id, sha256, content)
    select workspace, w.sha256, w.content from unnest(p_new_words, p_contents) w(sha256, content) order by w.sha256
    on conflict do nothing
  ), kept as (
    insert into delivery_outputs as o (delivery_id, workspace_id, sha256)
    select coalesce(j.known, j.delivery), workspace, j.words from judged j where j.verdict is null
    on conflict (delivery_id) do update set sha256 = excluded.sha256 where o.sha256 <> excluded.sha256
  )
  select j.message, j.verdict, case j.verdict when 'rate_limited' then j.wait when 'not_due' then j.due_ms else 0 end::float8,
    coalesce(j.known, j.delivery), j.key_generation, j.number, j.spent, j.since_first
  from judged j;

  perform pg_advisory_xact_lock_shared(7650541, stripe) from fact_stripes(p_facts) stripe;
  select coalesce(sum(f.version * k.n), 0) into now_at
    from (select key, count(*) as n from unnest(p_facts) key group by key) k
    cross join lateral (select * from recipient_facts f where f.workspace_id = workspace and f.key = k.key limit 1) f;
  if now_at <> p_version then perform refuse_claim('facts_changed'); end if;
end $$;

drop function settle_page(uuid[], text[]);

-- Outcomes of a group: calls of messages that are being sent, whose newest attempt they are. Says which were settled here; the
-- others are for settle_attempt: what came late, a wait that a cancel overtook, a use of a frequency cap to be given back. One
-- statement, so counters are raised once and in their order. The arguments are settle_attempt's, an array each.
create function settle_page(
  p_attempts uuid[], p_outcomes text[], p_codes text[], p_details text[], p_vendor_ids text[], p_states text[], p_reasons text[],
  p_wait_reasons text[], p_waits_ms bigint[], p_holds_ms bigint[], p_routes integer[], p_refused boolean[]
) returns table (attempt_id uuid) language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  messages uuid[];
  canceled uuid[] := '{}';
  at timestamptz;
begin
  select array_agg(a.message_id) into messages from unnest(p_attempts) x(id)
    cross join lateral (select * from attempts a where a.id = x.id limit 1) a where a.outcome is null;
  if 'waiting' = any (p_states) then
    -- FOR SHARE, as settle_attempt does: whoever waits on has not been cancelled.
    select coalesce(array_agg(j.id) filter (where j.cancel_requested), '{}') into canceled
      from (select distinct s.job_id from unnest(messages) m(id)
        cross join lateral (select s.job_id from message_states s where s.message_id = m.id limit 1) s order by 1) o
      cross join lateral (select j.id, j.cancel_requested from jobs j where j.id = o.job_id for share) j;
  end if;
  perform lock_messages(messages);
  at := ledger_now();
  return query
  with judged as materialized (
    select x.*, a.message_id, a.delivery_id, a.number, s.workspace_id
    from unnest(p_attempts, p_outcomes, p_codes, p_details, p_vendor_ids, p_states, p_reasons, p_wait_reasons, p_waits_ms, p_holds_ms,
      p_routes, p_refused) x(id, outcome, code, detail, vendor_id, state, reason, wait_reason, wait_ms, hold_ms, route, refused)
    cross join lateral (select * from attempts a where a.id = x.id limit 1) a
    cross join lateral (select * from message_states s where s.message_id = a.message_id limit 1) s
    where a.outcome is null and s.state = 'sending'
      and a.number = (select max(n.number) from attempts n where n.message_id = a.message_id)
      and (x.state <> 'waiting' or not (s.cancel_requested or s.job_id = any (canceled)))
      and (x.outcome = 'accepted' or (select u.message_id from cap_uses u where u.message_id = a.message_id limit 1) is null)
  ), closed as (
    update attempts a set outcome = j.outcome, code = j.code, detail = j.detail, finished_at = at from judged j where a.id = j.id
  ), named as (
    update deliveries d set vendor_id = coalesce(j.vendor_id, d.vendor_id), generation = d.generation + j.refused::integer
    from judged j where d.id = j.delivery_id and (j.vendor_id is not null or j.refused)
  ), moved as (
    update message_states s
       set state = j.state, reason = j.reason, detail = j.detail, wait_reason = j.wait_reason,
           due_at = case when j.state = 'waiting' then at + j.wait_ms * interval '1 millisecond' else s.due_at end,
           held_until = case when j.state = 'waiting' then at + j.hold_ms * interval '1 millisecond' end,
           attempts = case when j.outcome = 'throttled' then greatest(0, s.attempts - 1) else s.attempts end,
           route = coalesce(j.route, s.route)
    from judged j where s.message_id = j.message_id
  ), noted as (
    insert into events (message_id, workspace_id, at, type, data)
    select j.message_id, j.workspace_id, at, j.state, jsonb_strip_nulls(jsonb_build_object('attempt', j.number, 'outcome', j.outcome,
      'code', j.code, 'reason', j.reason, 'waitReason', j.wait_reason, 'waitMs', j.wait_ms))
    from judged j order by j.message_id
  )
  select j.id from judged j;
end $$;
