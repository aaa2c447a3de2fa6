-- Listings by status walk message_states_by_look from the index alone (docs/decisions/0033-looks-from-the-index-alone.md): Postgres does so only
-- where an index has the columns of its expression as well as the expression.
drop index message_states_by_look;
create index message_states_by_look on message_states (workspace_id, state, why(reason, wait_reason, reached), message_id)
  include (job_id, reason, wait_reason, reached);
