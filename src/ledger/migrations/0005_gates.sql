-- The gates: what may keep a message from being sent, and how the claim makes sure that nothing of it changed meanwhile.
-- Lock order everywhere: job, channel, cap (recipient, channel), message, attempt, counter, outbox, facts.

-- Subscription topics of a workspace: what a recipient who said nothing gets.
create table topics (
  workspace_id uuid not null references workspaces,
  id text not null,
  name text not null,
  section_id text,
  section_name text,
  default_status text not null check (default_status in ('opted_in', 'opted_out', 'required')),
  created_at timestamptz not null default ledger_now(),
  updated_at timestamptz not null default ledger_now(),
  primary key (workspace_id, id)
);

-- What a person said about a topic. tenant_id is empty for what holds everywhere. channels: only by these kinds.
create table preferences (
  workspace_id uuid not null references workspaces,
  user_id text not null,
  tenant_id text not null default '',
  topic_id text not null,
  status text not null check (status in ('opted_in', 'opted_out', 'required')),
  channels text[],
  has_channels boolean not null default false,
  updated_at timestamptz not null default ledger_now(),
  primary key (workspace_id, user_id, topic_id, tenant_id)
);

-- Addresses that get nothing any more. address_key is a hash of workspace, kind and normal form (src/ledger/fact-keys.ts);
-- the address itself may be unknown (an import of hashes) and is kept for the export alone.
create table suppressions (
  workspace_id uuid not null references workspaces,
  address_key bytea not null,
  id uuid not null,
  kind text not null check (kind in ('email', 'sms', 'push', 'chat', 'inbox', 'webhook', 'any')),
  address text,
  reason text not null check (reason in ('hard_bounce', 'complaint', 'unsubscribed', 'manual')),
  source text not null,
  created_at timestamptz not null default ledger_now(),
  primary key (workspace_id, address_key)
);
create unique index on suppressions (workspace_id, id);

-- A version for each person, address and workspace whose facts ever changed; the others are at 0. The gates note the sum of
-- the versions that they saw, and the claim refuses if it is another one by then: versions only rise.
create table recipient_facts (
  workspace_id uuid not null,
  key bytea not null,
  version bigint not null default 1,
  primary key (workspace_id, key)
) with (fillfactor = 70);

-- Facts are locked by stripes, because most people have no row that could be locked: 1,024 of them, so that an import of any
-- size fits into the lock table, always in ascending order.
create function fact_stripes(p_keys bytea[]) returns setof integer language sql immutable as $$
  select distinct get_byte(k, 0) * 4 + (get_byte(k, 1) & 3) as stripe from unnest(p_keys) k order by stripe
$$;

-- Every change of a preference, suppression, topic or setting ends with this. Until it commits no claim that rests on these
-- facts can; after it, each sees the new version.
create function raise_facts(p_workspace uuid, p_keys bytea[]) returns void language plpgsql as $$
declare stripe integer;
begin
  for stripe in select * from fact_stripes(p_keys) loop
    perform pg_advisory_xact_lock(7650541, stripe);
  end loop;
  insert into recipient_facts (workspace_id, key) select distinct p_workspace, k from unnest(p_keys) k order by k
  on conflict (workspace_id, key) do update set version = recipient_facts.version + 1;
end $$;

-- The last step of a claim: from here to its commit the facts stay as the gates saw them.
create function verify_facts(p_workspace uuid, p_keys bytea[], p_version bigint) returns void language plpgsql as $$
declare
  stripe integer;
  now_at bigint;
begin
  for stripe in select * from fact_stripes(p_keys) loop
    perform pg_advisory_xact_lock_shared(7650541, stripe);
  end loop;
  select coalesce(sum(version), 0) into now_at from recipient_facts where workspace_id = p_workspace and key = any(p_keys);
  if now_at <> p_version then perform refuse_claim('facts_changed'); end if;
end $$;

-- caps is the row that claims of one recipient and channel take turns on; cap_uses the log that slides.
create table caps (
  workspace_id uuid not null,
  recipient bytea not null,
  channel_id uuid not null,
  primary key (workspace_id, recipient, channel_id)
);
create table cap_uses (
  message_id uuid primary key references messages,
  workspace_id uuid not null,
  recipient bytea not null,
  channel_id uuid not null,
  at timestamptz not null
);
create index on cap_uses (workspace_id, recipient, channel_id, at);

create function lock_cap(p_workspace uuid, p_recipient bytea, p_channel uuid) returns void language plpgsql as $$
begin
  insert into caps (workspace_id, recipient, channel_id) values (p_workspace, p_recipient, p_channel) on conflict do nothing;
  perform 1 from caps where workspace_id = p_workspace and recipient = p_recipient and channel_id = p_channel for update;
end $$;

-- Under lock_cap, and with the message locked. A message that has a use already (a call in doubt) takes no second one.
create function take_cap(
  p_workspace uuid, p_recipient bytea, p_channel uuid, p_message uuid, p_count integer, p_period_ms bigint
) returns void language plpgsql as $$
declare
  taken_at timestamptz := ledger_now();
  since timestamptz := taken_at - p_period_ms * interval '1 millisecond';
begin
  if (select count(*) from cap_uses u
       where u.workspace_id = p_workspace and u.recipient = p_recipient and u.channel_id = p_channel and u.at > since
         and u.message_id <> p_message) >= p_count then
    perform refuse_claim('capped');
  end if;
  -- No period is longer than 365 days.
  delete from cap_uses u where u.workspace_id = p_workspace and u.recipient = p_recipient and u.channel_id = p_channel
    and u.at < taken_at - interval '366 days' and u.message_id <> p_message;
  insert into cap_uses (message_id, workspace_id, recipient, channel_id, at)
  values (p_message, p_workspace, p_recipient, p_channel, taken_at)
  on conflict (message_id) do update set recipient = excluded.recipient, channel_id = excluded.channel_id, at = excluded.at;
end $$;

-- After an attempt was settled: a message of which every call was provably refused has not reached anybody. p_settled is what
-- settle_attempt said, so that this comes after it in one statement.
create function give_back_cap(p_attempt uuid, p_settled text) returns void language plpgsql as $$
begin
  delete from cap_uses u using attempts a
   where a.id = p_attempt and u.message_id = a.message_id and not exists (
     select 1 from attempts x where x.message_id = a.message_id
        and (x.outcome is null or x.outcome not in ('throttled', 'retryable', 'permanent')));
end $$;

drop function claim_message(uuid, uuid, uuid, uuid, integer, uuid, text, text, text, integer, integer, bigint);

-- The claim, as in 0003, and with the gates' seal: {facts: [hex], version, cap: {recipient: hex, count, periodMs},
-- dropped: [{kind, role, count}]}. Refuses with 'facts_changed' or 'capped' what the gates could not know yet.
create function claim_message(
  p_job uuid, p_message uuid, p_delivery uuid, p_attempt uuid, p_route integer, p_channel uuid, p_kind text,
  p_provider text, p_owner text, p_timeout_ms integer, p_margin_ms integer, p_dedupe_ms bigint,
  p_seal jsonb default null
) returns table (delivery_id uuid, generation integer, number integer, possible_duplicate boolean, uncertain boolean)
language plpgsql as $$
declare
  m record;
  at timestamptz;
  guarantee text;
  workspace uuid;
  recipient bytea := decode(p_seal -> 'cap' ->> 'recipient', 'hex');
begin
  guarantee := require_running_job(p_job);
  perform take_token(p_channel);
  if recipient is not null then
    select j.workspace_id into workspace from jobs j where j.id = p_job;
    perform lock_cap(workspace, recipient, p_channel);
  end if;
  select * into m from message_states s where s.message_id = p_message for update;
  at := ledger_now();
  if m.state = 'sending' then perform refuse_claim('open'); end if;
  if m.state not in ('pending', 'waiting') then perform refuse_claim('settled'); end if;
  if m.cancel_requested then perform refuse_claim('canceled'); end if;
  if m.valid_until <= at then perform refuse_claim('expired'); end if;
  if m.due_at > at then perform refuse_claim('not_due', extract(epoch from m.due_at - at) * 1000); end if;
  if recipient is not null then
    perform take_cap(m.workspace_id, recipient, p_channel, p_message, (p_seal -> 'cap' ->> 'count')::integer,
      (p_seal -> 'cap' ->> 'periodMs')::bigint);
  end if;

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
  insert into events (message_id, workspace_id, type, data, dedupe)
  select p_message, m.workspace_id, 'recipient_dropped', d, 'recipient_dropped/' || (d ->> 'role')
    from jsonb_array_elements(coalesce(p_seal -> 'dropped', '[]')) d
  on conflict (message_id, dedupe) do nothing;
  perform verify_seal(m.workspace_id, p_seal);
  return next;
end $$;

create function verify_seal(p_workspace uuid, p_seal jsonb) returns void language plpgsql as $$
begin
  if p_seal is null then return; end if;
  perform verify_facts(p_workspace,
    array(select decode(k, 'hex') from jsonb_array_elements_text(p_seal -> 'facts') k), (p_seal ->> 'version')::bigint);
end $$;

drop function recover_message(uuid, uuid, uuid, text, integer, integer, bigint);

-- Recovery, as in 0003, and under the gates. p_forbidden: by now they refuse this message for good (unsubscribed, suppressed),
-- so the open attempt may not be begun again and the message ends uncertain.
create function recover_message(
  p_job uuid, p_message uuid, p_attempt uuid, p_owner text, p_timeout_ms integer, p_margin_ms integer, p_dedupe_ms bigint,
  p_seal jsonb default null, p_forbidden boolean default false
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
  uncertain := p_forbidden or j.cancel_requested or m.cancel_requested or coalesce(m.valid_until <= at, false)
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
  perform verify_seal(m.workspace_id, p_seal);
  return next;
end $$;
