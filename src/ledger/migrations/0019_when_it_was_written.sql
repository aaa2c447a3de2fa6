-- A replay goes by when an event was written, which is not `at` where somebody else dated it: noted_at says when; null means at `at`.
alter table events add column noted_at timestamptz;

-- When the first event was written that an endpoint did not take, which is before the first call that failed: failing_since is that.
alter table webhook_endpoints add column failing_from timestamptz;
update webhook_endpoints e set failing_from = least(e.failing_since, (
  select coalesce(v.at, w.at) from webhook_queue q left join events v on v.id = q.event_id left join workspace_events w on w.id = q.event_id
  where q.endpoint_id = e.id order by q.event_id limit 1))
 where e.failing_since is not null;

-- As in 0006, by the time of writing. What a vendor dated before this migration says nothing of that, and is passed over.
create or replace function first_event_since(p_at timestamptz) returns bigint language plpgsql stable as $$
declare
  lo bigint := 0;
  hi bigint := (select last_value from events_id_seq) + 1;
  mid bigint;
  seen timestamptz;
begin
  while lo < hi loop
    mid := (lo + hi) / 2;
    select x.written into seen from (
      (select e.id, coalesce(e.noted_at, e.at) as written from events e
        where e.id >= mid and (e.noted_at is not null or (e.dedupe is null and not e.data ? 'callback')) order by e.id limit 1)
      union all
      (select w.id, w.at from workspace_events w where w.id >= mid order by w.id limit 1)
    ) x order by x.id limit 1;
    if seen is null or seen >= p_at then hi := mid; else lo := mid + 1; end if;
  end loop;
  return lo;
end $$;

-- The number after which everything is that was written at or after a moment. Transactions that overlap write out of order by
-- less than ten seconds, so it is the first such event of those from ten seconds before.
create function position_at(p_at timestamptz) returns bigint language plpgsql stable as $$
declare
  near bigint := first_event_since(p_at - interval '10 seconds');
begin
  return coalesce(least(
    (select e.id from events e where e.id >= near and coalesce(e.noted_at, e.at) >= p_at order by e.id limit 1),
    (select w.id from workspace_events w where w.id >= near and w.at >= p_at order by w.id limit 1)), last_event_id() + 1) - 1;
end $$;
