-- Listings pass over what they do not show without looking at its rows: the messages of a job that was not run yet, and of
-- an archived request. Each index that a listing is read from holds the job beside the message, so that a hundred thousand of
-- them cost some tens of ms (docs/decisions/0025-listings-pass-over.md).

-- The jobs that are worth passing over: of a smaller one a page looks at each message.
create index jobs_hidden on jobs (workspace_id) include (id)
  where next_ordinal > 100 and (phase = 'open' or archived_at is not null);

drop index messages_workspace_id_id_idx;
create index messages_by_workspace on messages (workspace_id, id) include (job_id);
drop index messages_by_channel;
create index messages_by_channel on messages (workspace_id, channel_id, id) include (job_id) where channel_id is not null;
drop index messages_by_event;
create index messages_by_event on messages (workspace_id, event, id) include (job_id) where event is not null;
drop index messages_by_notification;
create index messages_by_notification on messages (workspace_id, notification, id) include (job_id)
  where notification is not null;
drop index messages_by_tenant;
create index messages_by_tenant on messages (workspace_id, tenant_id, id) include (job_id) where tenant_id is not null;

drop index message_states_by_look;
create index message_states_by_look on message_states (workspace_id, state, why(reason, wait_reason, reached), message_id)
  include (job_id);

-- What was enqueued lately may be anywhere in a job that has run for long.
create index message_states_by_enqueued on message_states (workspace_id, enqueued_at) include (message_id)
  where enqueued_at is not null;

alter table message_tags add column job_id uuid;
update message_tags t set job_id = m.job_id from messages m where m.id = t.message_id;
alter table message_tags alter column job_id set not null;
alter table message_tags drop constraint message_tags_pkey;
alter table message_tags add primary key (workspace_id, tag, message_id) include (job_id);
