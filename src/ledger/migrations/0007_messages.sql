-- The messages as both doors list them, what ever became of them, and what was said.

-- A message sent again is a new one in a linked job: nothing reopens.
alter table jobs add column parent_job_id uuid references jobs;
alter table jobs add column archived_at timestamptz;
-- Which jobs were alive at a moment: bounds a listing by the time of enqueueing.
create index jobs_by_end on jobs (workspace_id, coalesce(settled_at, 'infinity'::timestamptz));

-- What messages are found by. Copied from the job at admission: a listing filters and sorts by one index.
alter table messages add column channel_id uuid;
alter table messages add column event text;
alter table messages add column notification text;
alter table messages add column tenant_id text;
alter table messages add column trace_id text;
alter table messages disable trigger immutable;
update messages m set event = coalesce(j.spec ->> 'event', j.spec -> 'template' ->> 'id'),
  notification = case when j.spec ? 'content' then null else j.spec -> 'template' ->> 'id' end,
  tenant_id = m.spec -> 'recipient' ->> 'tenantId', channel_id = j.channel_id
from jobs j where j.id = m.job_id;
alter table messages enable trigger immutable;

create index messages_by_recipient on messages (workspace_id, recipient_id, id);
create index messages_by_channel on messages (workspace_id, channel_id, id) where channel_id is not null;
create index messages_by_event on messages (workspace_id, event, id) where event is not null;
create index messages_by_notification on messages (workspace_id, notification, id) where notification is not null;
create index messages_by_tenant on messages (workspace_id, tenant_id, id) where tenant_id is not null;
create index messages_by_trace on messages (workspace_id, trace_id, id) where trace_id is not null;

-- One row a tag, and not an array: a page of a common tag then costs as little as one of a rare tag.
create table message_tags (
  workspace_id uuid not null,
  tag text not null,
  message_id uuid not null references messages,
  primary key (workspace_id, tag, message_id)
);
insert into message_tags select distinct m.workspace_id, t.tag, m.id
from messages m cross join lateral jsonb_array_elements_text(coalesce(m.spec -> 'tags', '[]')) t(tag);

-- reached: bit 1 sent, 2 delivered, 4 undeliverable, 8 opened, 16 clicked. A bit once set stays.
alter table message_states add column reached smallint not null default 0;

create function note_reached() returns trigger language plpgsql as $$
begin
  new.reached := old.reached | new.reached | case new.state
    when 'sent' then 1 when 'delivered' then 3 when 'undelivered' then 5
    when 'failed' then 4 when 'uncertain' then 4 else 0 end;
  return new;
end $$;
create trigger reached before update on message_states for each row execute function note_reached();

-- Why a message is where it is, in one word; with the state it decides how the message looks (src/domain/looks.ts).
create function why(reason text, wait_reason text, reached smallint) returns text language sql immutable as $$
  select coalesce(reason, wait_reason, case when reached & 16 > 0 then 'clicked' when reached & 8 > 0 then 'opened' else '' end)
$$;
create index message_states_by_look on message_states (workspace_id, state, why(reason, wait_reason, reached), message_id);
-- "What went wrong in this job": kept for the states that few messages end in, so that the common way pays nothing.
create index message_states_by_job_look on message_states (job_id, state, why(reason, wait_reason, reached), message_id)
  where state in ('undelivered', 'failed', 'uncertain', 'rejected', 'skipped', 'canceled');

-- As in 0002, and the pseudo-states ever_…: each counts the messages that have the bit.
create or replace function count_moves() returns trigger language plpgsql as $$
begin
  insert into job_counts as c (job_id, slot, state, n)
  select job_id, slot, state, sum(d) from (
    select n.job_id, (n.ordinal % 16)::smallint as slot, s.state, s.d
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
  ) moves group by 1, 2, 3 having sum(d) <> 0 order by 1, 2, 3
  on conflict (job_id, slot, state) do update set n = c.n + excluded.n;
  return null;
end $$;

-- Messages by the provider that had them, and deliveries by the provider's own id, which callbacks name.
create index deliveries_by_provider on deliveries (workspace_id, provider, message_id);
create index deliveries_by_vendor on deliveries (channel_id, vendor_id) where vendor_id is not null;

-- What was said, word for word (docs/decisions/0022). The same words are kept once a workspace.
create table rendered_contents (
  workspace_id uuid not null,
  sha256 bytea not null,
  content jsonb not null,
  primary key (workspace_id, sha256)
);
create table delivery_outputs (
  delivery_id uuid primary key,
  workspace_id uuid not null,
  sha256 bytea not null,
  foreign key (workspace_id, sha256) references rendered_contents (workspace_id, sha256)
);
