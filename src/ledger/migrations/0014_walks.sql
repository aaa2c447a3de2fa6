-- Listings by status walk message_states_by_look from the index alone (docs/decisions/0033-looks-from-the-index-alone.md): Postgres
-- does so only where an index has the columns of its expression as well as the expression.
drop index message_states_by_look;
create index message_states_by_look on message_states (workspace_id, state, why(reason, wait_reason, reached), message_id)
  include (job_id, reason, wait_reason, reached);

-- All that is held, and not only what is sending as in message_states_open, whose questions it answers too: a fresh run of a planned
-- job's workflow ends the holds without reading everything that is unsettled (docs/decisions/0027-intake.md).
drop index message_states_open;
create index message_states_held on message_states (job_id, state, held_until)
  where held_until is not null and state in ('pending', 'waiting', 'sending');
