-- What is in doubt stays in doubt, and nobody waits for a lock that waits for him (docs/decisions/0037-doubt-that-stays.md).

-- Who waits may have a call behind him whose answer nobody knows. One that ends without another call ends uncertain.
create or replace function transition_allowed(from_state text, to_state text) returns boolean language sql immutable as $$
  select case from_state
    when 'pending' then to_state in ('waiting', 'sending', 'rejected', 'skipped', 'canceled')
    when 'waiting' then to_state in ('waiting', 'sending', 'rejected', 'skipped', 'canceled', 'failed', 'uncertain')
    when 'sending' then to_state in ('sent', 'waiting', 'canceled', 'sending', 'failed', 'uncertain')
    when 'uncertain' then to_state in ('sent', 'delivered', 'undelivered')
    when 'failed' then to_state in ('sent', 'delivered', 'undelivered')
    when 'sent' then to_state in ('delivered', 'undelivered')
    when 'undelivered' then to_state = 'delivered'
    else false
  end
$$;

-- True when a call of the message may have been taken, and nobody knows.
create function in_doubt(p_message uuid) returns boolean language sql stable as $$
  select exists (select from attempts a where a.message_id = p_message and (a.outcome is null or a.outcome in ('ambiguous', 'lost')))
$$;

-- The same of one key, leaving one of its calls out.
create function others_in_doubt(p_message uuid, p_delivery uuid, p_generation integer, p_attempt uuid) returns boolean
language sql stable as $$
  select exists (select from attempts a where a.message_id = p_message and a.delivery_id = p_delivery and a.generation = p_generation
    and a.id <> p_attempt and (a.outcome is null or a.outcome in ('ambiguous', 'lost')))
$$;

-- As in 0003 and 0015, and: what one call was told proves nothing of another with the same key. While one of those is in doubt the
-- key does not rise, and the message goes to no other route and is not said to have failed: it is uncertain. So is one that is to
-- wait, and was cancelled, with a call in doubt behind it. Written a second time, its answer having been lost, an outcome changes nothing
-- and gets the answer that the first time had.
create or replace function settle_attempt(
  p_job uuid, p_attempt uuid, p_outcome text, p_code text, p_detail text, p_vendor_id text, p_state text, p_reason text,
  p_wait_reason text, p_wait_ms bigint, p_hold_ms bigint, p_route integer, p_refused boolean, p_settled text
) returns table (state text, reason text, moved boolean) language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  j record;
  m record;
  a record;
  at timestamptz;
  doubt boolean;
  final text;
  final_reason text;
begin
  select cancel_requested into j from jobs where id = p_job for share;
  select * into a from attempts x where x.id = p_attempt;
  select * into m from message_states s where s.message_id = a.message_id for update;
  at := ledger_now();
  if p_outcome <> 'accepted' and a.outcome = p_outcome then
    state := m.state; reason := m.reason;
    moved := m.state = p_state and not exists (select 1 from attempts x where x.message_id = a.message_id and x.number > a.number);
    return next;
    return;
  end if;
  doubt := p_outcome <> 'accepted' and others_in_doubt(a.message_id, a.delivery_id, a.generation, p_attempt);
  update attempts x set outcome = p_outcome, code = p_code, detail = p_detail, finished_at = at
   where x.id = p_attempt and (x.outcome is null or x.outcome = 'lost');
  if p_vendor_id is not null then
    update attempts x set vendor_id = p_vendor_id where x.id = p_attempt;
    insert into vendor_ids (channel_id, vendor_id, delivery_id) select d.channel_id, p_vendor_id, d.id from deliveries d where d.id = a.delivery_id;
  end if;
  if p_refused and not doubt then update deliveries d set generation = d.generation + 1 where d.id = a.delivery_id; end if;

  if p_outcome = 'accepted' then
    moved := m.state in ('sending', 'waiting', 'uncertain', 'failed');
    if m.state = 'waiting' then
      update message_states s set state = 'sending', wait_reason = null where s.message_id = a.message_id;
      insert into events (message_id, workspace_id, type, data)
      values (a.message_id, m.workspace_id, 'sending', jsonb_build_object('attempt', a.number, 'late', true));
    end if;
  else
    moved := m.state = 'sending' and not exists (select 1 from attempts x where x.message_id = a.message_id and x.number > a.number);
  end if;
  if not moved then
    insert into events (message_id, workspace_id, type, data)
    values (a.message_id, m.workspace_id, 'late_outcome', jsonb_build_object('attempt', a.number, 'outcome', p_outcome, 'code', p_code));
    state := m.state; reason := m.reason;
    return next;
    return;
  end if;

  final := p_state; final_reason := p_reason;
  if doubt and (final = 'failed' or p_wait_reason = 'next_route') then
    final := 'uncertain'; final_reason := 'in_doubt';
  elsif final = 'waiting' and (j.cancel_requested or m.cancel_requested) then
    if doubt or p_outcome = 'ambiguous' then
      final := 'uncertain'; final_reason := 'in_doubt';
    else
      final := 'canceled'; final_reason := 'canceled';
    end if;
  end if;
  update message_states s
     set state = final, reason = final_reason, detail = p_detail,
         wait_reason = case when final = 'waiting' then p_wait_reason end,
         due_at = case when final = 'waiting' then at + p_wait_ms * interval '1 millisecond' else s.due_at end,
         held_until = case when final = 'waiting' and p_hold_ms is not null then at + p_hold_ms * interval '1 millisecond' end,
         attempts = case when p_outcome = 'throttled' then greatest(0, m.attempts - 1) else m.attempts end,
         route = case when final = 'waiting' then coalesce(p_route, s.route) else s.route end
   where s.message_id = a.message_id;
  insert into events (message_id, workspace_id, type, data)
  values (a.message_id, m.workspace_id, final, jsonb_strip_nulls(jsonb_build_object(
    'attempt', a.number, 'outcome', p_outcome, 'code', p_code, 'reason', final_reason, 'waitReason', case when final = 'waiting' then p_wait_reason end,
    'waitMs', case when final = 'waiting' then p_wait_ms end)));

  if p_settled is not null and final = 'sent' then
    final := case p_settled when 'delivered' then 'delivered' else 'undelivered' end;
    final_reason := case p_settled when 'delivered' then null else 'bounced' end;
    update message_states s set state = final, reason = final_reason where s.message_id = a.message_id;
    insert into events (message_id, workspace_id, type, data)
    values (a.message_id, m.workspace_id, final, jsonb_strip_nulls(jsonb_build_object('attempt', a.number, 'reason', final_reason)));
  end if;
  state := final; reason := final_reason;
  return next;
end $$;

-- As in 0015; a refusal beside a call in doubt is for settle_attempt.
create or replace function settle_page(
  p_attempts uuid[], p_outcomes text[], p_codes text[], p_details text[], p_vendor_ids text[], p_states text[], p_reasons text[],
  p_wait_reasons text[], p_waits_ms bigint[], p_holds_ms bigint[], p_routes integer[], p_refused boolean[]
) returns table (attempt_id uuid) language plpgsql
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
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
      and (not (x.state = 'failed' or x.wait_reason = 'next_route') or not others_in_doubt(a.message_id, a.delivery_id, a.generation, a.id))
  ), closed as (
    update attempts a set outcome = j.outcome, code = j.code, detail = j.detail, finished_at = at, vendor_id = j.vendor_id
    from judged j where a.id = j.id
  ), named as (
    insert into vendor_ids (channel_id, vendor_id, delivery_id)
    select d.channel_id, j.vendor_id, j.delivery_id from judged j
    cross join lateral (select d.channel_id from deliveries d where d.id = j.delivery_id limit 1) d where j.vendor_id is not null
  ), refused as (
    update deliveries d set generation = d.generation + 1 from judged j where j.refused and d.id = j.delivery_id
  ), moved as (
    update message_states s
       set state = j.state, reason = j.reason, detail = j.detail, wait_reason = j.wait_reason,
           due_at = case when j.state = 'waiting' then at + j.wait_ms * interval '1 millisecond' else s.due_at end,
           held_until = case when j.state = 'waiting' then at + j.hold_ms * interval '1 millisecond' end,
           attempts = case when j.outcome = 'throttled' then greatest(0, s.attempts - 1) else s.attempts end,
           route = coalesce(j.route, s.route),
           reached = s.reached | case j.state when 'sent' then 1 when 'waiting' then 0 else 4 end::smallint, updated_at = at
    from judged j where s.message_id = j.message_id
  ), noted as (
    insert into events (message_id, workspace_id, at, type, data)
    select j.message_id, j.workspace_id, at, j.state, jsonb_strip_nulls(jsonb_build_object('attempt', j.number, 'outcome', j.outcome,
      'code', j.code, 'reason', j.reason, 'waitReason', j.wait_reason, 'waitMs', j.wait_ms))
    from judged j order by j.message_id
  )
  select j.id from judged j;
end $$;

-- As in 0005, but an open attempt is somebody else's for its own time and its margin, whoever holds the message: a plan holds it anew,
-- and so had kept every child that it started from taking the attempt over.
do $$
declare
  def text := pg_get_functiondef('recover_message'::regproc);
  changed text;
begin
  changed := replace(def, 'if a.owner <> p_owner and m.held_until > at then
    perform refuse_claim(''held'', extract(epoch from m.held_until - at) * 1000);',
    'if a.owner <> p_owner and m.held_until > at and a.deadline_at + p_margin_ms * interval ''1 millisecond'' > at then
    perform refuse_claim(''held'', extract(epoch from least(m.held_until, a.deadline_at + p_margin_ms * interval ''1 millisecond'') - at) * 1000);');
  if changed = def then
    raise exception 'recover_message is not the one that this migration knows';
  end if;
  execute changed;
end $$;

-- As in 0005, but a message that ends in doubt instead of being sent is not told as being sent.
do $$
declare
  def text := pg_get_functiondef('claim_message'::regproc);
  changed text;
begin
  changed := regexp_replace(def, 'insert into events \(message_id, workspace_id, type, data\)\s+values \(p_message, m.workspace_id, ''sending'',.*?possible_duplicate\)\);',
    'if not uncertain then \& end if;');
  if changed = def then
    raise exception 'claim_message is not the one that this migration knows';
  end if;
  execute changed;
end $$;

-- As in 0011, but the job is locked before its shard, as everywhere.
create or replace function claim_in_page(
  p_generation integer, p_n integer, p_claim bigint,
  p_job uuid, p_message uuid, p_delivery uuid, p_attempt uuid, p_route integer, p_channel uuid, p_kind text, p_provider text,
  p_owner text, p_timeout_ms integer, p_margin_ms integer, p_dedupe_ms bigint, p_seal jsonb
) returns table (delivery_id uuid, generation integer, number integer, possible_duplicate boolean, uncertain boolean)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  perform 1 from jobs j where j.id = p_job for share;
  perform require_page_claim(p_job, p_generation, p_n, p_claim);
  return query select * from claim_message(p_job, p_message, p_delivery, p_attempt, p_route, p_channel, p_kind, p_provider,
    p_owner, p_timeout_ms, p_margin_ms, p_dedupe_ms, p_seal);
  update message_states s set plan = p_generation where s.message_id = p_message and s.plan is distinct from p_generation;
end $$;

create or replace function recover_in_page(
  p_generation integer, p_n integer, p_claim bigint,
  p_job uuid, p_message uuid, p_attempt uuid, p_owner text, p_timeout_ms integer, p_margin_ms integer, p_dedupe_ms bigint,
  p_seal jsonb, p_forbidden boolean
) returns table (delivery_id uuid, generation integer, number integer, possible_duplicate boolean, uncertain boolean)
language plpgsql set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  perform 1 from jobs j where j.id = p_job for share;
  perform require_page_claim(p_job, p_generation, p_n, p_claim);
  return query select * from recover_message(p_job, p_message, p_attempt, p_owner, p_timeout_ms, p_margin_ms, p_dedupe_ms,
    p_seal, p_forbidden);
  update message_states s set plan = p_generation where s.message_id = p_message and s.plan is distinct from p_generation;
end $$;

-- The slot of the counters that is this transaction's alone, to its end: two that have several moves each take their rows in no
-- common order, and would wait for each other. Waits for nobody, but where more than 32 count at once.
create function counting_slot() returns smallint language plpgsql as $$
declare
  first integer := pg_backend_pid() % 32;
begin
  for i in 0 .. 31 loop
    if pg_try_advisory_xact_lock(7650542, (first + i) % 32) then return (first + i) % 32; end if;
  end loop;
  perform pg_advisory_xact_lock(7650542, first);
  return first;
end $$;

-- As in 0011 and 0015.
create or replace function count_admissions() returns trigger language plpgsql as $$
declare
  own smallint := counting_slot();
begin
  insert into job_counts as c (job_id, slot, state, n)
  select job_id, own, state, count(*) from new_rows group by job_id, state order by job_id, state
  on conflict (job_id, slot, state) do update set n = c.n + excluded.n;
  return null;
end $$;

create or replace function count_moves() returns trigger language plpgsql set enable_hashagg = off as $$
declare
  own smallint := counting_slot();
begin
  insert into job_counts as c (job_id, slot, state, n)
  select job_id, own, state, sum(d) from (
    select m.job_id, s.state, s.d
    from (
      select job_id, state, enqueued_at is not null as enqueued, reached, sum(d) as n from (
        select job_id, state, enqueued_at, reached, 1 as d from new_rows
        union all select job_id, state, enqueued_at, reached, -1 from old_rows
      ) r group by 1, 2, 3, 4
    ) m
    cross join lateral (values
      (m.state, m.n),
      ('enqueued', case when m.enqueued then m.n else 0 end),
      ('ever_sent', (m.reached & 1) * m.n),
      ('ever_delivered', (m.reached & 2) / 2 * m.n),
      ('ever_undeliverable', (m.reached & 4) / 4 * m.n),
      ('ever_opened', (m.reached & 8) / 8 * m.n),
      ('ever_clicked', (m.reached & 16) / 16 * m.n)
    ) as s(state, d)
    where s.d <> 0
  ) moves group by job_id, state having sum(d) <> 0 order by job_id, state
  on conflict (job_id, slot, state) do update set n = c.n + excluded.n;
  return null;
end $$;
