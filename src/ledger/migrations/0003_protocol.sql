-- The protocol of a send: claim, call, settle; and recovery of a call whose answer was lost.
-- Lock order everywhere: job, channel, message, attempt, counter, outbox.

-- A refusal rolls the whole statement back, a taken rate token included. The message is the code, the detail a wait in ms.
create function refuse_claim(code text, wait_ms double precision default null) returns void language plpgsql as $$
begin
  raise exception using errcode = 'VLY01', message = code, detail = coalesce(ceil(wait_ms)::text, '');
end $$;

-- Takes one token of the channel's rate limit, or refuses with the time until there is one. Bursts of a tenth of a second.
create function take_token(p_channel uuid) returns void language plpgsql as $$
declare
  rate double precision;
  burst double precision;
  at timestamptz := ledger_now();
begin
  select rate_per_second into rate from channels where id = p_channel;
  if rate is null then return; end if;
  burst := greatest(1, rate / 10);
  insert into channel_tokens (channel_id, tokens, refilled_at) values (p_channel, burst, at) on conflict do nothing;
  update channel_tokens
     set tokens = least(burst, tokens + greatest(0, extract(epoch from at - refilled_at)) * rate) - 1, refilled_at = at
   where channel_id = p_channel and least(burst, tokens + greatest(0, extract(epoch from at - refilled_at)) * rate) >= 1;
  if not found then
    perform refuse_claim('rate_limited', (select greatest(1, (1 - tokens) / rate * 1000) from channel_tokens where channel_id = p_channel));
  end if;
end $$;

-- What both ways of beginning an attempt ask of the job. FOR SHARE: a pause or cancel that has committed is always seen,
-- and one that comes now waits until this attempt has begun.
create function require_running_job(p_job uuid) returns text language plpgsql as $$
declare j record;
begin
  select phase, paused, cancel_requested, suspended, guarantee into j from jobs where id = p_job for share;
  if j.cancel_requested then perform refuse_claim('canceled'); end if;
  if j.paused or j.suspended is not null then perform refuse_claim('paused'); end if;
  if j.phase <> 'running' then perform refuse_claim('not_running'); end if;
  return j.guarantee;
end $$;

-- Since when a delivery's key is in doubt: the first call with it whose answer is not known. Null when none is.
create function doubt_since(p_delivery uuid, p_generation integer) returns timestamptz language sql stable as $$
  select min(started_at) from attempts
   where delivery_id = p_delivery and generation = p_generation and (outcome is null or outcome in ('ambiguous', 'lost'))
$$;

-- The claim: the only thing that permits a first call of a delivery. Moves pending or waiting to sending. A key that is in doubt
-- since longer than the provider remembers is marked a possible duplicate, or, at most once, not sent again: uncertain.
create function claim_message(
  p_job uuid, p_message uuid, p_delivery uuid, p_attempt uuid, p_route integer, p_channel uuid, p_kind text,
  p_provider text, p_owner text, p_timeout_ms integer, p_margin_ms integer, p_dedupe_ms bigint
) returns table (delivery_id uuid, generation integer, number integer, possible_duplicate boolean, uncertain boolean)
language plpgsql as $$
declare
  m record;
  at timestamptz;
  guarantee text;
begin
  guarantee := require_running_job(p_job);
  perform take_token(p_channel);
  select * into m from message_states s where s.message_id = p_message for update;
  at := ledger_now();
  if m.state = 'sending' then perform refuse_claim('open'); end if;
  if m.state not in ('pending', 'waiting') then perform refuse_claim('settled'); end if;
  if m.cancel_requested then perform refuse_claim('canceled'); end if;
  if m.valid_until <= at then perform refuse_claim('expired'); end if;
  if m.due_at > at then perform refuse_claim('not_due', extract(epoch from m.due_at - at) * 1000); end if;

  insert into deliveries (id, message_id, workspace_id, route, channel_id, kind, provider)
  values (p_delivery, p_message, m.workspace_id, p_route, p_channel, p_kind, p_provider)
  on conflict (message_id, route) do nothing;
  select d.id, d.generation into delivery_id, generation from deliveries d
   where d.message_id = p_message and d.route = p_route;
  select coalesce(max(a.number), 0) + 1 into number from attempts a where a.message_id = p_message;
  update message_states s
     set state = 'sending', reason = null, detail = null, wait_reason = null, attempts = m.attempts + 1, route = p_route,
         first_attempt_at = coalesce(m.first_attempt_at, at),
         held_until = at + (p_timeout_ms + p_margin_ms) * interval '1 millisecond'
   where s.message_id = p_message;
  possible_duplicate := coalesce(at >= doubt_since(delivery_id, generation) + p_dedupe_ms * interval '1 millisecond', false);
  uncertain := possible_duplicate and guarantee = 'at_most_once';
  insert into events (message_id, workspace_id, type, data)
  values (p_message, m.workspace_id, 'sending', jsonb_build_object('attempt', number, 'channelId', p_channel, 'kind', p_kind,
    'provider', p_provider, 'possibleDuplicate', possible_duplicate));
  if uncertain then
    update message_states s
       set state = 'uncertain', reason = 'in_doubt', held_until = null, attempts = m.attempts
     where s.message_id = p_message;
    insert into events (message_id, workspace_id, type, data)
    values (p_message, m.workspace_id, 'uncertain', jsonb_build_object('reason', 'in_doubt'));
    return next;
    return;
  end if;
  insert into attempts (id, delivery_id, message_id, number, generation, owner, possible_duplicate, started_at, deadline_at)
  values (p_attempt, delivery_id, p_message, number, generation, p_owner, possible_duplicate, at,
    at + p_timeout_ms * interval '1 millisecond');
  return next;
end $$;

-- Recovery of an open attempt: the call may have happened. Within the provider's window, or at least once, it is begun again
-- with the same key; otherwise, or where no attempt may begin any more, the message ends uncertain.
-- Refused with 'held' while the attempt may still be running elsewhere (another owner, and its hold has not run out).
create function recover_message(
  p_job uuid, p_message uuid, p_attempt uuid, p_owner text, p_timeout_ms integer, p_margin_ms integer, p_dedupe_ms bigint
) returns table (delivery_id uuid, generation integer, number integer, possible_duplicate boolean, uncertain boolean)
language plpgsql as $$
declare
  j record;
  m record;
  a record;
  at timestamptz;
  inside boolean;
begin
  select cancel_requested, paused, suspended, guarantee into j from jobs where id = p_job for share;
  select * into m from message_states s where s.message_id = p_message for update;
  if m.state <> 'sending' then perform refuse_claim('settled'); end if;
  select * into a from attempts x where x.message_id = p_message order by x.number desc limit 1;
  at := ledger_now();
  if a.owner <> p_owner and m.held_until > at then
    perform refuse_claim('held', extract(epoch from m.held_until - at) * 1000);
  end if;
  if (j.paused or j.suspended is not null) and not j.cancel_requested then perform refuse_claim('paused'); end if;

  delivery_id := a.delivery_id;
  generation := a.generation;
  number := a.number + 1;
  inside := at < doubt_since(a.delivery_id, a.generation) + p_dedupe_ms * interval '1 millisecond';
  possible_duplicate := not inside;
  uncertain := j.cancel_requested or m.cancel_requested or coalesce(m.valid_until <= at, false)
    or (j.guarantee = 'at_most_once' and not inside);
  update attempts x set outcome = 'lost', finished_at = at, code = 'no_answer_recorded' where x.id = a.id and x.outcome is null;
  if uncertain then
    update message_states s set state = 'uncertain', reason = 'in_doubt', held_until = null where s.message_id = p_message;
    insert into events (message_id, workspace_id, type, data)
    values (p_message, m.workspace_id, 'uncertain', jsonb_build_object('attempt', a.number, 'reason', 'in_doubt'));
    return next;
    return;
  end if;
  update message_states s
     set attempts = m.attempts + 1, held_until = at + (p_timeout_ms + p_margin_ms) * interval '1 millisecond'
   where s.message_id = p_message;
  insert into attempts (id, delivery_id, message_id, number, generation, owner, possible_duplicate, started_at, deadline_at)
  values (p_attempt, delivery_id, p_message, number, generation, p_owner, possible_duplicate, at, at + p_timeout_ms * interval '1 millisecond');
  insert into events (message_id, workspace_id, type, data)
  values (p_message, m.workspace_id, 'recovered', jsonb_build_object('attempt', number, 'possibleDuplicate', possible_duplicate));
  return next;
end $$;

-- Writes what became of one call. The outcome is always written to its own attempt: facts are never fenced. The message moves
-- only if this attempt is its newest, except that 'accepted' is true whoever learns it: also of one that waits to be tried again.
-- p_state: where the message goes (sent, waiting, failed, uncertain); 'waiting' becomes 'canceled' if a cancel came meanwhile.
create function settle_attempt(
  p_job uuid, p_attempt uuid, p_outcome text, p_code text, p_detail text, p_vendor_id text, p_state text, p_reason text,
  p_wait_reason text, p_wait_ms bigint, p_hold_ms bigint, p_route integer, p_refused boolean, p_settled text
) returns table (state text, reason text, moved boolean) language plpgsql as $$
declare
  j record;
  m record;
  a record;
  at timestamptz;
  final text;
  final_reason text;
begin
  select cancel_requested into j from jobs where id = p_job for share;
  select * into a from attempts x where x.id = p_attempt;
  select * into m from message_states s where s.message_id = a.message_id for update;
  at := ledger_now();
  update attempts x set outcome = p_outcome, code = p_code, detail = p_detail, finished_at = at
   where x.id = p_attempt and (x.outcome is null or x.outcome = 'lost');
  if p_vendor_id is not null or p_refused then
    update deliveries d set vendor_id = coalesce(p_vendor_id, d.vendor_id), generation = d.generation + (p_refused::int)
     where d.id = a.delivery_id;
  end if;

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
  if final = 'waiting' and (j.cancel_requested or m.cancel_requested) then
    final := 'canceled'; final_reason := 'canceled';
  end if;
  update message_states s
     set state = final, reason = final_reason, detail = p_detail,
         wait_reason = case when final = 'waiting' then p_wait_reason end,
         due_at = case when final = 'waiting' then at + p_wait_ms * interval '1 millisecond' else s.due_at end,
         held_until = case when final = 'waiting' and p_hold_ms is not null then at + p_hold_ms * interval '1 millisecond' end,
         attempts = case when p_outcome = 'throttled' then greatest(0, m.attempts - 1) else m.attempts end,
         route = coalesce(p_route, s.route)
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
