-- Listings walk their own index, and that one alone (docs/decisions/0033-one-index-a-walk.md). Postgres reads an index without its
-- table only where it has the columns of its expression as well as the expression. And ids are never null: `nulls last` is an order
-- that the primary key does not have, so that the planner cannot take that instead and walk past whatever is not asked for.
drop index message_states_by_look;
create index message_states_by_look
  on message_states (workspace_id, state, why(reason, wait_reason, reached), message_id desc nulls last)
  include (job_id, reason, wait_reason, reached);
drop index message_states_by_job_look;
create index message_states_by_job_look on message_states (job_id, state, why(reason, wait_reason, reached), message_id desc nulls last)
  where state in ('undelivered', 'failed', 'uncertain', 'rejected', 'skipped', 'canceled');
drop index messages_by_workspace;
create index messages_by_workspace on messages (workspace_id, id desc nulls last) include (job_id);

-- All that is held, and not only what is sending as in message_states_open, whose questions it answers too: a fresh run of a planned
-- job's workflow ends the holds without reading everything that is unsettled (docs/decisions/0027-intake.md).
drop index message_states_open;
create index message_states_held on message_states (job_id, state, held_until)
  where held_until is not null and state in ('pending', 'waiting', 'sending');
