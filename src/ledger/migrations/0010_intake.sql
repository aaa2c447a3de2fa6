-- Intake at its limit (docs/decisions/0027): one call of a function for a page of recipients, and the checks of admission once a
-- statement instead of once a row.

-- A message begins as pending: said by the trigger's own condition, so that admission does not call a function for each row.
drop trigger guard on message_states;
create trigger guard_admission before insert on message_states for each row
  when (new.state <> 'pending' or new.enqueued_at is not null) execute function guard_message_state();
create trigger guard before update on message_states for each row execute function guard_message_state();

-- What the two foreign keys promised, at a tenth of their price: the rows of a statement are checked together. A referenced row
-- is locked as a foreign key would lock it, and does not go while it is referenced. Planned without sequential scans, since a
-- session keeps the plan that it made while the tables were still empty.
alter table messages drop constraint messages_job_id_fkey;
alter table message_states drop constraint message_states_message_id_fkey;

create function require_job() returns trigger language plpgsql set enable_seqscan = off as $$
begin
  perform 1 from jobs where id in (select distinct job_id from new_rows) order by id for key share;
  if exists (select 1 from (select distinct job_id from new_rows) n
    left join lateral (select j.id from jobs j where j.id = n.job_id limit 1) j on true where j.id is null) then
    raise exception 'a message needs its job' using errcode = 'foreign_key_violation';
  end if;
  return null;
end $$;
create trigger require_job after insert on messages referencing new table as new_rows
  for each statement execute function require_job();

create function require_message() returns trigger language plpgsql set enable_seqscan = off as $$
begin
  if exists (select 1 from new_rows n
    left join lateral (select m.id from messages m where m.id = n.message_id limit 1) m on true where m.id is null) then
    raise exception 'a state needs its message' using errcode = 'foreign_key_violation';
  end if;
  return null;
end $$;
create trigger require_message after insert on message_states referencing new table as new_rows
  for each statement execute function require_message();

create function keep_referenced() returns trigger language plpgsql as $$
begin
  if tg_table_name = 'jobs' and exists (select 1 from messages where job_id = old.id)
    or tg_table_name = 'messages' and exists (select 1 from message_states where message_id = old.id) then
    raise exception '% are referenced', tg_table_name using errcode = 'foreign_key_violation';
  end if;
  return old;
end $$;
create trigger keep_referenced before delete on jobs for each row execute function keep_referenced();
create trigger keep_referenced before delete on messages for each row execute function keep_referenced();

-- Admits a page of messages, pending: rows, states, counters (by trigger), and what listings find them by (the job's unless they
-- have their own). An identity that the job has already is left out, and the others get the next ordinals in order; the caller
-- holds the job's lock, so that none can join meanwhile, and gives no identity twice. due_at is not_before where that is later
-- than now. Returns the places (from 1) of those left out.
create function admit_messages(p_workspace uuid, p_job uuid, p_first integer, p_id uuid[], p_identity bytea[], p_recipient text[],
  p_spec jsonb[], p_echo jsonb[], p_not_before timestamptz[], p_valid_until timestamptz[], p_tenant text[], p_trace text[],
  p_tag text[], p_tagged uuid[]) returns integer[]
language plpgsql set enable_seqscan = off as $$
declare
  job record;
  known integer[];
  is_new boolean[];
  at timestamptz := ledger_now(); -- once: a call for each default of each row was a fifth of an admission
begin
  select array_agg(g.n::integer order by g.n) into known
  from unnest(p_identity) with ordinality as g(identity, n)
  cross join lateral (select 1 from messages m where m.job_id = p_job and m.identity = g.identity limit 1) k;
  if known is not null then
    select array_agg(not n = any (known) order by n) into is_new from generate_series(1, cardinality(p_id)) n;
  end if;

  select j.channel_id, coalesce(j.spec ->> 'event', j.spec -> 'template' ->> 'id') as event,
    case when j.spec ? 'content' then null else j.spec -> 'template' ->> 'id' end as notification,
    j.spec ->> 'tenantId' as tenant_id, j.spec ->> 'traceId' as trace_id, coalesce(j.spec -> 'tags', '[]') as tags
  into strict job from jobs j where j.id = p_job;

  insert into messages (id, workspace_id, job_id, ordinal, identity, recipient_id, spec, echo, channel_id, event, notification,
    tenant_id, trace_id, created_at)
  select g.id, p_workspace, p_job, p_first + row_number() over (order by n) - 1, g.identity, g.recipient_id, g.spec, g.echo,
    job.channel_id, job.event, job.notification, coalesce(g.tenant_id, job.tenant_id), coalesce(g.trace_id, job.trace_id), at
  from unnest(p_id, p_identity, p_recipient, p_spec, p_echo, p_tenant, p_trace) with ordinality
    as g(id, identity, recipient_id, spec, echo, tenant_id, trace_id, n)
  where is_new is null or is_new[n];

  insert into message_states (message_id, workspace_id, job_id, ordinal, due_at, valid_until, updated_at)
  select g.id, p_workspace, p_job, p_first + row_number() over (order by n) - 1, greatest(at, g.not_before), g.valid_until, at
  from unnest(p_id, p_not_before, p_valid_until) with ordinality as g(id, not_before, valid_until, n)
  where is_new is null or is_new[n];

  if jsonb_array_length(job.tags) > 0 or cardinality(p_tag) > 0 then
    insert into message_tags (workspace_id, tag, message_id, job_id)
    select p_workspace, tag, id, p_job from unnest(p_id) with ordinality as g(id, n), jsonb_array_elements_text(job.tags) tag
    where is_new is null or is_new[n]
    union
    select p_workspace, o.tag, o.id, p_job from unnest(p_tag, p_tagged) as o(tag, id)
    where exists (select 1 from messages m where m.id = o.id);
  end if;
  return coalesce(known, '{}');
end $$;

-- "Look at this job": one row a job; a first repetition by the relay after a second, which the API's own signal usually beats.
create function note_in_outbox(p_job uuid) returns void language sql as $$
  insert into outbox (job_id, workspace_id, version, next_at)
  select id, workspace_id, version, ledger_now() + interval '1 second' from jobs where id = p_job
  on conflict (job_id) do update set version = excluded.version, attempts = 0, next_at = least(outbox.next_at, excluded.next_at)
$$;

-- One ingestion, start to end, while the job's lock is held: nothing that the API does in between keeps others waiting.
-- p_place: of each row in the caller's list (from 0); p_repeated: places that repeat an earlier one of the same list. outcome:
-- 'added', 'again' (this ingestion was taken before: its first result), 'not_open'; no row where the workspace has no such job.
create function ingest_recipients(p_workspace uuid, p_job uuid, p_ingestion text, p_place integer[], p_repeated integer[],
  p_id uuid[], p_identity bytea[], p_recipient text[], p_spec jsonb[], p_echo jsonb[], p_not_before timestamptz[],
  p_valid_until timestamptz[], p_tenant text[], p_trace text[], p_tag text[], p_tagged uuid[])
returns table (outcome text, total integer, errors jsonb, version bigint) language plpgsql set enable_seqscan = off as $$
#variable_conflict use_column
declare
  job jobs;
  known integer[];
begin
  select * into job from jobs j where j.id = p_job and j.workspace_id = p_workspace for update;
  if not found then return; end if;
  version := job.version;
  select 'again', i.total, i.errors into outcome, total, errors from ingestions i where i.job_id = p_job and i.ingestion_id = p_ingestion;
  if found then return next; return; end if;
  outcome := 'not_open';
  if job.phase <> 'open' or job.cancel_requested then return next; return; end if;

  known := admit_messages(p_workspace, p_job, job.next_ordinal, p_id, p_identity, p_recipient, p_spec, p_echo, p_not_before,
    p_valid_until, p_tenant, p_trace, p_tag, p_tagged);
  outcome := 'added';
  total := cardinality(p_id) - cardinality(known);
  select coalesce(jsonb_agg(place order by place), '[]') into errors from (
    select p_place[k] as place from unnest(known) k union all select unnest(p_repeated)) p;
  insert into ingestions (job_id, ingestion_id, total, errors) values (p_job, p_ingestion, total, errors);
  update jobs j set next_ordinal = j.next_ordinal + total, version = j.version + 1 where j.id = p_job returning j.version into version;
  perform note_in_outbox(p_job);
  return next;
end $$;

-- When the earliest unsettled message of a job is due and not held; null where there is none. Walks them by due_at and stops where
-- what follows cannot be earlier: at the first that nobody holds, or as soon as the answer is "now". An aggregate over all of them
-- took 0.2 s of a million, at every look of the job's workflow; an index on held_until would cost each plan its in-place update.
create function next_wake_up(p_job uuid) returns timestamptz language plpgsql stable set enable_seqscan = off set enable_sort = off as $$
declare
  earliest timestamptz;
  at timestamptz := ledger_now();
  row record;
begin
  for row in select due_at, held_until from message_states
    where job_id = p_job and state in ('pending', 'waiting', 'sending') order by due_at loop
    exit when earliest <= greatest(row.due_at, at);
    earliest := least(earliest, greatest(row.due_at, row.held_until));
  end loop;
  return earliest;
end $$;
