import { type LedgerCheck } from './ledger-check';

/** Rows against rows and counters: who is in the job, where each one stands, and whether the sums say the same. */
export const STATE_CHECKS: readonly LedgerCheck[] = [
  {
    area: 'ledger',
    name: 'every message has exactly one state, in its own job and place',
    of: 'messages',
    sql: `select coalesce(m.id, s.message_id)::text as id,
        m.id is null or s.message_id is null or s.ordinal <> m.ordinal or s.workspace_id <> m.workspace_id
          or m.workspace_id <> (select workspace_id from jobs where id = $1) as wrong
      from (select * from messages where job_id = $1) m
      full join (select * from message_states where job_id = $1) s on s.message_id = m.id`,
  },
  {
    area: 'ledger',
    name: 'ordinals run from 0 without a gap, and the job knows the next',
    of: 'ordinals',
    sql: `select id::text, ordinal <> row_number() over (order by ordinal) - 1 as wrong from messages where job_id = $1
      union all
      select 'next_ordinal', next_ordinal <> (select count(*) from messages where job_id = $1) from jobs where id = $1`,
  },
  {
    area: 'ledger',
    name: 'ingestions add up to what is in the job',
    of: 'jobs',
    sql: `select id::text, kind = 'bulk' and (select coalesce(sum(total), 0) from ingestions where job_id = $1)
        <> (select count(*) from messages where job_id = $1) as wrong
      from jobs where id = $1`,
  },
  {
    area: 'ledger',
    name: 'counters equal a recount, state by state',
    of: 'counters',
    sql: `select state as id, coalesce(kept.n, 0) <> coalesce(counted.n, 0) as wrong
      from (select state, sum(n) as n from job_counts where job_id = $1 group by 1) kept
      full join (
        select state, count(*) as n from message_states where job_id = $1 group by 1
        union all
        select 'enqueued', count(*) from message_states where job_id = $1 and enqueued_at is not null
        union all
        select ever.state, count(*) from message_states
        join (values (1, 'ever_sent'), (2, 'ever_delivered'), (4, 'ever_undeliverable'), (8, 'ever_opened'), (16, 'ever_clicked'))
          ever(bit, state) on reached & ever.bit > 0
        where job_id = $1 group by 1
      ) counted using (state)`,
  },
  {
    area: 'ledger',
    name: 'received = enqueued + failures + pending: each message counts in exactly one',
    of: 'messages',
    sql: `select message_id::text as id, (enqueued_at is not null)::int + (state = 'pending')::int
        + (enqueued_at is null and state in ('rejected', 'canceled'))::int <> 1 as wrong
      from message_states where job_id = $1`,
  },
  {
    area: 'ledger',
    name: 'the phase agrees with the messages',
    of: 'messages and the job',
    sql: `select s.message_id::text as id,
        (j.phase = 'settled' and s.state in ('pending', 'waiting', 'sending'))
          or (j.phase = 'open' and s.state not in ('pending', 'canceled')) as wrong
      from message_states s join jobs j on j.id = s.job_id where s.job_id = $1
      union all
      select id::text, (phase = 'settled') <> (settled_at is not null) or observed_version > version
        or (phase = 'running' and run_at is null) from jobs where id = $1`,
  },
];
