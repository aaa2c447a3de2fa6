-- The rules that the database itself keeps, whoever writes.

-- The design's state table. src/domain/states.ts holds the same one; a test compares them pair by pair.
create function transition_allowed(from_state text, to_state text) returns boolean language sql immutable as $$
  select case from_state
    when 'pending' then to_state in ('waiting', 'sending', 'rejected', 'skipped', 'canceled')
    when 'waiting' then to_state in ('waiting', 'sending', 'rejected', 'skipped', 'canceled', 'failed')
    when 'sending' then to_state in ('sent', 'waiting', 'canceled', 'sending', 'failed', 'uncertain')
    when 'uncertain' then to_state in ('sent', 'delivered', 'undelivered')
    when 'failed' then to_state in ('sent', 'delivered', 'undelivered')
    when 'sent' then to_state in ('delivered', 'undelivered')
    when 'undelivered' then to_state = 'delivered'
    else false
  end
$$;

-- Refuses every other move; sets enqueued_at once, when a message first leaves pending for waiting, sending or skipped.
create function guard_message_state() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'pending' or new.enqueued_at is not null then
      raise exception 'a message begins as pending' using errcode = 'check_violation';
    end if;
    return new;
  end if;
  if new.state <> old.state and not transition_allowed(old.state, new.state) then
    raise exception 'a message does not move from % to %', old.state, new.state using errcode = 'check_violation';
  end if;
  if old.enqueued_at is not null then
    new.enqueued_at := old.enqueued_at;
  elsif old.state = 'pending' and new.state in ('waiting', 'sending', 'skipped') then
    new.enqueued_at := ledger_now();
  else
    new.enqueued_at := null;
  end if;
  new.updated_at := ledger_now();
  return new;
end $$;
create trigger guard before insert or update on message_states for each row execute function guard_message_state();

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% never change after admission', tg_table_name using errcode = 'check_violation';
end $$;
create trigger immutable before update on messages for each row execute function refuse_change();
create trigger immutable before update on events for each row execute function refuse_change();

-- An outcome is a fact: written once.
create function guard_attempt() returns trigger language plpgsql as $$
begin
  if old.outcome is not null and new.outcome is distinct from old.outcome and old.outcome <> 'lost' then
    raise exception 'an outcome is written once' using errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger guard before update on attempts for each row execute function guard_attempt();

-- Counters move with the states, in the same transaction, in one order (slot, state): no deadlock between two moves.
create function count_admissions() returns trigger language plpgsql as $$
begin
  insert into job_counts as c (job_id, slot, state, n)
  select job_id, (ordinal % 16)::smallint, state, count(*) from new_rows group by 1, 2, 3 order by 1, 2, 3
  on conflict (job_id, slot, state) do update set n = c.n + excluded.n;
  return null;
end $$;
create trigger count_admissions after insert on message_states referencing new table as new_rows
  for each statement execute function count_admissions();

create function count_moves() returns trigger language plpgsql as $$
begin
  insert into job_counts as c (job_id, slot, state, n)
  select job_id, slot, state, sum(d) from (
    select n.job_id, (n.ordinal % 16)::smallint as slot, s.state, s.d
    from new_rows n join old_rows o using (message_id)
    cross join lateral (values
      (n.state, case when n.state <> o.state then 1 else 0 end),
      (o.state, case when n.state <> o.state then -1 else 0 end),
      ('enqueued', case when o.enqueued_at is null and n.enqueued_at is not null then 1 else 0 end)
    ) as s(state, d)
    where s.d <> 0
  ) moves group by 1, 2, 3 having sum(d) <> 0 order by 1, 2, 3
  on conflict (job_id, slot, state) do update set n = c.n + excluded.n;
  return null;
end $$;
create trigger count_moves after update on message_states referencing old table as old_rows new table as new_rows
  for each statement execute function count_moves();
