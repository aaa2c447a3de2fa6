/**
 * The raw Postgres queue: the same rows for each recipient as Volley's ledger has (message, state, delivery, attempt, and an event
 * for each move), in as few statements as can be. No tenants, no gates, no foreign keys, no counters, no triggers.
 */
export const SCHEMA = `
create table messages (id uuid primary key, ordinal integer not null, recipient_id text not null unique, spec jsonb not null);
create table message_states (message_id uuid primary key, ordinal integer not null, state text not null default 'pending',
  due_at timestamptz not null, held_until timestamptz, attempts integer not null default 0,
  updated_at timestamptz not null default clock_timestamp()) with (fillfactor = 70);
create index on message_states (due_at, ordinal) where state in ('pending', 'waiting', 'sending');
create table deliveries (id uuid primary key, message_id uuid not null unique, provider text not null,
  created_at timestamptz not null default clock_timestamp());
create table attempts (id uuid primary key, message_id uuid not null, number integer not null,
  started_at timestamptz not null, deadline_at timestamptz not null, finished_at timestamptz, outcome text, code text);
create index on attempts (message_id, number);
create table events (id bigint generated always as identity primary key, message_id uuid not null,
  at timestamptz not null default clock_timestamp(), type text not null, data jsonb not null default '{}');
create index on events (message_id, id);
`;

/** $1 first ordinal, $2 recipient ids, $3 specs. */
export const INSERT = `
with given as (
  select gen_random_uuid() as id, $1::integer + n::integer as ordinal, recipient, spec
    from unnest($2::text[], $3::jsonb[]) with ordinality as u (recipient, spec, n)
), m as (insert into messages (id, ordinal, recipient_id, spec) select id, ordinal, recipient, spec from given)
insert into message_states (message_id, ordinal, due_at) select id, ordinal, clock_timestamp() from given`;

/** Takes at most $1 recipients that are due, and opens an attempt for each: after the commit they may be sent. */
export const CLAIM = `
with picked as materialized (
  select message_id from message_states
   where state in ('pending', 'waiting', 'sending') and due_at <= clock_timestamp()
     and (state <> 'sending' or held_until < clock_timestamp())
   order by due_at, ordinal limit $1 for update skip locked
), moved as (
  update message_states s set state = 'sending', attempts = s.attempts + 1,
         held_until = clock_timestamp() + interval '40 s', updated_at = clock_timestamp()
    from picked where s.message_id = picked.message_id
  returning s.message_id, s.attempts
), d as (
  insert into deliveries (id, message_id, provider) select gen_random_uuid(), message_id, 'webhook' from moved where attempts = 1
), a as (
  insert into attempts (id, message_id, number, started_at, deadline_at)
  select gen_random_uuid(), message_id, attempts, clock_timestamp(), clock_timestamp() + interval '10 s' from moved
  returning id, message_id
), e as (
  insert into events (message_id, type, data) select message_id, 'sending', jsonb_build_object('attempt', attempts) from moved
)
select m.id as message_id, m.spec, moved.attempts, a.id as attempt_id
  from moved join messages m on m.id = moved.message_id join a on a.message_id = moved.message_id`;

/** Writes what became of attempts: $1 attempt ids, $2 message ids, $3 outcomes, $4 states, $5 waits in ms. */
export const FINISH = `
with given as (
  select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::double precision[])
    as u (attempt_id, message_id, outcome, state, wait_ms)
), a as (
  update attempts set finished_at = clock_timestamp(), outcome = given.outcome from given where attempts.id = given.attempt_id
), s as (
  update message_states s set state = given.state, held_until = null, updated_at = clock_timestamp(),
         due_at = case when given.state = 'waiting' then clock_timestamp() + given.wait_ms * interval '1 ms' else s.due_at end
    from given where s.message_id = given.message_id
)
insert into events (message_id, type, data) select message_id, state, jsonb_build_object('outcome', outcome) from given`;

export const STATES = `
select m.recipient_id, s.state from messages m join message_states s on s.message_id = m.id
 where m.recipient_id like $1 and s.state in ('sent', 'failed')`;
