-- Webhooks out: endpoints, and each endpoint's own outbox (docs/decisions/0023-webhooks-out.md).

-- secrets: sealed. event_types: the ledger's types that it is handed, checked at each insert of an event; filters: the rest, in
-- the form's own words. version rises with every change by its owner; observed_version is what its workflow has looked at.
-- quiet_until: nobody needs to wake the workflow before (it is draining, or backing off). replay_*: a range of the log, by id,
-- that goes out before the queue.
create table webhook_endpoints (
  id uuid primary key,
  workspace_id uuid not null references workspaces,
  organization_id uuid,
  parent_id uuid references webhook_endpoints,
  form text not null check (form in ('standard', 'courier', 'bird')),
  url text not null,
  description text not null default '',
  filters jsonb not null,
  event_types text[] not null,
  secrets bytea not null,
  status text not null default 'active' check (status in ('active', 'disabled')),
  disabled_reason text check (disabled_reason in ('gone', 'failing', 'requested')),
  disabled_at timestamptz,
  version bigint not null default 1,
  observed_version bigint not null default 0,
  failures integer not null default 0,
  failing_since timestamptz,
  retry_at timestamptz,
  last_success_at timestamptz,
  last_failure_at timestamptz,
  last_failure text,
  lease text,
  quiet_until timestamptz not null default '-infinity',
  replay_since timestamptz,
  replay_after bigint,
  replay_until bigint,
  created_at timestamptz not null default ledger_now(),
  updated_at timestamptz not null default ledger_now(),
  deleted_at timestamptz
) with (fillfactor = 50);
create index webhook_endpoints_active on webhook_endpoints (workspace_id) where status = 'active' and deleted_at is null;
create index on webhook_endpoints (workspace_id, created_at, id) where deleted_at is null;
create unique index webhook_endpoints_children on webhook_endpoints (parent_id, url) where deleted_at is null;

-- One row an endpoint and event, gone once the receiver took it. No foreign keys: they would lock the endpoint's row in every
-- claim. Vacuumed by count: the table is small and all churn.
create table webhook_queue (
  endpoint_id uuid not null,
  event_id bigint not null,
  primary key (endpoint_id, event_id)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

-- Facts that belong to no message. Numbered in one line with events, so that a replay tells both in one order.
create table workspace_events (
  id bigint primary key default nextval('events_id_seq'),
  workspace_id uuid not null,
  job_id uuid,
  at timestamptz not null default ledger_now(),
  type text not null,
  data jsonb not null default '{}',
  dedupe text,
  unique (job_id, dedupe)
);
create trigger immutable before update on workspace_events for each row execute function refuse_change();

-- In the transaction of the event: what commits is queued, what rolls back is not. One statement for a thousand events, and
-- for a workspace without endpoints one probe of a small index: by workspace, because a join would read all endpoints there are.
create function queue_webhooks() returns trigger language plpgsql as $$
declare
  workspace uuid;
begin
  for workspace in select distinct n.workspace_id from new_rows n loop
    continue when not exists (select 1 from webhook_endpoints e
      where e.workspace_id = workspace and e.status = 'active' and e.deleted_at is null);
    insert into webhook_queue (endpoint_id, event_id)
    select e.id, n.id from webhook_endpoints e
    join new_rows n on n.workspace_id = workspace and n.type = any (e.event_types)
    where e.workspace_id = workspace and e.status = 'active' and e.deleted_at is null;
  end loop;
  return null;
end $$;
create trigger queue_webhooks after insert on events referencing new table as new_rows
  for each statement execute function queue_webhooks();
create trigger queue_webhooks after insert on workspace_events referencing new table as new_rows
  for each statement execute function queue_webhooks();

-- An admission is told only where somebody listens: the timeline has it from the message itself.
create function note_admissions() returns trigger language plpgsql as $$
declare
  workspace uuid;
begin
  for workspace in select distinct n.workspace_id from new_rows n loop
    continue when not exists (select 1 from webhook_endpoints e where e.workspace_id = workspace and e.status = 'active'
      and e.deleted_at is null and 'accepted' = any (e.event_types));
    insert into events (message_id, workspace_id, type)
    select n.message_id, n.workspace_id, 'accepted' from new_rows n where n.workspace_id = workspace order by n.ordinal;
  end loop;
  return null;
end $$;
create trigger note_admissions after insert on message_states referencing new table as new_rows
  for each statement execute function note_admissions();

-- The counts of a job as webhooks tell them, from the 16 slots.
create function job_counts_json(p_job uuid) returns jsonb language sql stable as $$
  select coalesce(jsonb_object_agg(state, n), '{}') from (
    select state, sum(n)::bigint as n from job_counts where job_id = p_job group by state having sum(n) <> 0) c
$$;

-- Job events, whoever changes the job. A send tells of itself by its messages, so its job is told only where somebody listens.
create function note_job_event(p_job jobs, p_type text, p_data jsonb) returns void language plpgsql as $$
begin
  if p_job.kind = 'send' and not exists (select 1 from webhook_endpoints e where e.workspace_id = p_job.workspace_id
    and e.status = 'active' and e.deleted_at is null and p_type = any (e.event_types)) then return; end if;
  insert into workspace_events (workspace_id, job_id, type, data) values (p_job.workspace_id, p_job.id, p_type, p_data);
end $$;

create function note_job_changes() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    perform note_job_event(new, 'job.created', '{}');
    if new.phase = 'running' then perform note_job_event(new, 'job.started', '{}'); end if;
    return null;
  end if;
  if old.phase = 'open' and new.phase = 'running' then
    perform note_job_event(new, 'job.started', jsonb_build_object('received', new.next_ordinal));
  end if;
  if new.paused and not old.paused then perform note_job_event(new, 'job.paused', '{"reason": "requested"}'); end if;
  if old.paused and not new.paused then perform note_job_event(new, 'job.resumed', '{}'); end if;
  if new.suspended is not null and old.suspended is null then
    perform note_job_event(new, 'job.paused', jsonb_build_object('reason', new.suspended));
  end if;
  if old.suspended is not null and new.suspended is null then perform note_job_event(new, 'job.resumed', '{}'); end if;
  if new.cancel_requested and not old.cancel_requested then perform note_job_event(new, 'job.canceled', '{}'); end if;
  if new.phase = 'settled' and old.phase <> 'settled' then
    perform note_job_event(new, 'job.completed', jsonb_build_object('canceled', new.cancel_requested, 'counts', job_counts_json(new.id)));
  end if;
  return null;
end $$;
create trigger note_job_created after insert on jobs for each row execute function note_job_changes();
create trigger note_job_changed after update of phase, paused, suspended, cancel_requested on jobs for each row
  when (old.phase <> new.phase or old.paused <> new.paused or old.suspended is distinct from new.suspended
    or old.cancel_requested <> new.cancel_requested)
  execute function note_job_changes();

-- The first event of the log at or after a moment, by halving: ids rise with time, but for transactions that overlap.
create function first_event_since(p_at timestamptz) returns bigint language plpgsql stable as $$
declare
  lo bigint := 0;
  hi bigint := (select last_value from events_id_seq) + 1;
  mid bigint;
  seen timestamptz;
begin
  while lo < hi loop
    mid := (lo + hi) / 2;
    select x.at into seen from (
      (select e.id, e.at from events e where e.id >= mid order by e.id limit 1)
      union all
      (select w.id, w.at from workspace_events w where w.id >= mid order by w.id limit 1)
    ) x order by x.id limit 1;
    if seen is null or seen >= p_at then hi := mid; else lo := mid + 1; end if;
  end loop;
  return lo;
end $$;
