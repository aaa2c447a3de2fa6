-- A queue of any length is dropped by one number: what is not above it is owed no more, and the relay takes it away in pages.
alter table webhook_endpoints add column queue_floor bigint not null default 0;

-- The number of the newest event that anybody has begun to write; 0 where there was none yet.
create function last_event_id() returns bigint language sql stable as $$
  select case when is_called then last_value else last_value - 1 end from events_id_seq
$$;
