import { Client } from 'pg';
import { type CorpusJob } from './jobs';

/** Set while rows are made as they ended: the rules about how they get there are not what is measured. */
const AS_LOADED = [
  "set session_replication_role = 'replica'",
  'set synchronous_commit = off',
  "set work_mem = '64MB'",
];

/**
 * Dice: `r` (0 to 999) decides the state, `q` the rest; the same for the same job and ordinal. A running job has got through
 * seven tenths, and an open one has sent nothing.
 */
const SPREAD = `
  create unlogged table bench_spread as
  select d.*, case when state in ('delivered', 'sent', 'undelivered', 'failed', 'uncertain', 'sending') then
      case when q < 10 then 'webhook' when q < 690 then 'smtp' when q < 940 then 'sendgrid' else 'twilio' end end as provider,
    case state when 'delivered' then 3 + case when q % 10 < 3 then 8 else 0 end + case when q % 20 = 0 then 16 else 0 end
      when 'sent' then 1 when 'undelivered' then 5 when 'failed' then 4 when 'uncertain' then 4 else 0 end as reached
  from (
    select n, r, q, case when $4 = 'open' or ($4 = 'running' and n > $2 * 0.75) then 'pending'
        when $4 = 'running' and n > $2 * 0.7 then case when r < 100 then 'sending' else 'waiting' end
        when r < 620 then 'delivered' when r < 860 then 'sent' when r < 895 then 'undelivered' when r < 910 then 'failed'
        when r < 911 then 'uncertain' when r < 925 then 'rejected' when r < 985 then 'skipped' else 'canceled' end as state,
      uuidv7(- (($5 * interval '1 hour') - n * interval '10 milliseconds')) as id
    from (select n, mod(hashint4(n * 31 + $3)::bigint + 2147483648, 1000)::int as r,
        mod(hashint4(n * 17 + $3 + 1)::bigint + 2147483648, 1000)::int as q from generate_series(0, $2 - 1) n order by n) dice) d
  where $1::uuid is not null`;

const REASON = `case when state = 'undelivered' then case when q < 900 then 'bounced' else 'carrier_refused' end
  when state = 'failed' then case when q < 600 then 'provider_refused' else 'attempts_exhausted' end
  when state = 'uncertain' then 'in_doubt' when state = 'canceled' then 'canceled'
  when state = 'rejected' then case when q < 700 then 'no_address' else 'invalid_address' end
  when state = 'skipped' then case when q < 600 then 'opted_out' when q < 900 then 'suppressed' else 'cap' end end`;

/** The SQL that turns the dice of one job into its rows; $1 job, $2 workspace, $3 channel, $4 place, $5 is bulk. */
const ROWS: readonly string[] = [
  `insert into messages (id, workspace_id, job_id, ordinal, identity, recipient_id, spec, echo, created_at, channel_id, event,
     notification, tenant_id, trace_id)
   select id, $2, $1, n, decode(md5($1::text || n), 'hex'), person,
     jsonb_build_object('recipient', jsonb_build_object('id', person, 'idGenerated', false, 'addresses',
       jsonb_build_object('email', person || '@example.test')), 'data', jsonb_build_object('name', 'Name ' || n))
       || case when $3::uuid is null then '{}' else jsonb_build_object('channelId', $3) end,
     case when $5 then jsonb_build_object('to', jsonb_build_object('user_id', person), 'data', jsonb_build_object('name', 'Name ' || n),
       'profile', jsonb_build_object('email', person || '@example.test'))
     else jsonb_build_object('receiver', jsonb_build_object('contacts', jsonb_build_array(jsonb_build_object('identifierValue',
       person || '@example.test'))), 'body', jsonb_build_object('type', 'text', 'text', jsonb_build_object('text', repeat('word ', 40)))) end,
     uuid_extract_timestamp(id), $3, 'event-' || $4 % 7, case when $4 % 5 > 0 then 'template-' || $4 % 7 end,
     case when q < 50 then 'acme' when n % 20000 = 7 then 'tiny' end, case when q % 200 = 0 then 'trace-' || n / 50 end
   from (select *, 'user-' || case when q < 5 then 'often' else (hashint4(n) % 100000)::text end as person from bench_spread) s
   order by n`,
  `insert into message_states (message_id, workspace_id, job_id, ordinal, state, reason, wait_reason, due_at, attempts,
     first_attempt_at, enqueued_at, updated_at, reached)
   select id, $2, $1, n, state, ${REASON}, case when state = 'waiting' then case when q < 700 then 'quiet_hours' else 'backoff' end end,
     case when state = 'waiting' then ledger_now() + interval '1 day' else at end, case when provider is null then 0 else 1 end,
     case when provider is null then null else at + interval '2 s' end,
     case when state in ('pending', 'rejected', 'canceled') then null else at + interval '1 s' end, at + interval '9 s', reached
   from (select *, uuid_extract_timestamp(id) as at from bench_spread) s order by n`,
  `insert into deliveries (id, message_id, workspace_id, route, channel_id, kind, provider, created_at)
   select uuidv7(uuid_extract_timestamp(id) - ledger_now()), id, $2, 0, coalesce($3, md5(provider)::uuid),
     case provider when 'twilio' then 'sms' when 'webhook' then 'webhook' else 'email' end, provider,
     uuid_extract_timestamp(id) + interval '2 s'
   from bench_spread where provider is not null order by n`,
  `insert into attempts (id, delivery_id, message_id, number, generation, owner, started_at, deadline_at, finished_at, outcome, code, vendor_id)
   select gen_random_uuid(), d.id, s.id, 1, 0, 'bench', d.created_at, d.created_at + interval '30 s',
     case when s.state <> 'sending' then d.created_at + interval '1 s' end,
     case s.state when 'sending' then null when 'failed' then 'permanent' when 'uncertain' then 'ambiguous' else 'accepted' end, '250',
     case when s.reached & 1 > 0 then 'v-' || md5(s.id::text) end
   from bench_spread s join deliveries d on d.message_id = s.id order by n`,
  `insert into vendor_ids (channel_id, vendor_id, delivery_id)
   select d.channel_id, a.vendor_id, d.id from bench_spread s join deliveries d on d.message_id = s.id
   join attempts a on a.message_id = s.id where a.vendor_id is not null order by n`,
  `insert into events (message_id, workspace_id, at, type, data, dedupe)
   select s.id, $2, uuid_extract_timestamp(s.id) + e.after * interval '1 s', e.type,
     case when e.type = 'sending' then jsonb_build_object('attempt', 1, 'channelId', $3, 'kind', 'email', 'provider', s.provider)
       else '{"callback": true}' end,
     case when e.after > 4 then md5(s.id::text || e.type) end
   from bench_spread s cross join lateral (values
     (2, 'sending', s.provider is not null), (3, 'sent', s.reached & 1 > 0), (5, 'delivered', s.reached & 2 > 0),
     (600, 'opened', s.reached & 8 > 0), (660, 'clicked', s.reached & 16 > 0),
     (4, s.state, s.state not in ('pending', 'sending', 'sent', 'delivered'))) e(after, type, there)
   where e.there order by n, e.after`,
  `insert into message_tags select $2, 'job-' || $4 % 20, id, $1 from bench_spread where q < 600 order by id`,
  `insert into message_tags select $2, 'vip', id, $1 from bench_spread where q % 20 = 3 order by id`,
  `insert into message_tags select $2, 'rare', id, $1 from bench_spread where n % 10000 = 11 order by id`,
  `insert into job_counts (job_id, slot, state, n)
   select $1, s.ordinal % 16, c.state, count(*) from message_states s cross join lateral (values (s.state, true),
     ('enqueued', s.enqueued_at is not null), ('ever_sent', s.reached & 1 > 0), ('ever_delivered', s.reached & 2 > 0),
     ('ever_undeliverable', s.reached & 4 > 0), ('ever_opened', s.reached & 8 > 0), ('ever_clicked', s.reached & 16 > 0)) c(state, there)
   where s.job_id = $1 and c.there group by 2, 3`,
];

/** A job that nobody runs: its sweep is a year away, so that no worker takes the corpus for work. */
const JOB = `
  insert into jobs (id, workspace_id, kind, phase, channel_id, spec, definition, next_ordinal, created_at, run_at, settled_at,
    swept_at, archived_at, observed_version)
  values ($1, $2, $3, $4, $5, '{"data": {}}', jsonb_build_object('event', 'event-' || $6::int % 7), $7,
    ledger_now() - $8::float8 * interval '1 hour', case when $4 <> 'open' then ledger_now() - $8::float8 * interval '1 hour' end,
    case when $4 = 'settled' then ledger_now() - ($8::float8 - 4) * interval '1 hour' end, ledger_now() + interval '1 year',
    case when $9 then ledger_now() end, 1)`;

/** Fills the ledger with these jobs, counters and all, and reports each as it is there. Then vacuums and analyses. */
export async function fillCorpus(
  connectionString: string,
  jobs: readonly CorpusJob[],
  report: (line: string) => void,
): Promise<void> {
  const client = new Client({ connectionString });
  await client.connect();
  try {
    for (const statement of AS_LOADED) await client.query(statement);
    for (const job of jobs) {
      await client.query('begin');
      await client.query(JOB, jobValues(job));
      const { id, size, place, phase, ageHours } = job;
      await client.query(inlined(SPREAD, [id, size, place, phase, ageHours]));
      for (const statement of ROWS) {
        await client.query(
          inlined(statement, [id, job.workspaceId, job.channelId, place, job.kind === 'bulk']),
        );
      }
      await client.query('drop table bench_spread');
      await client.query('commit');
      report(`job ${place + 1} of ${jobs.length}: ${size} messages, ${phase}`);
    }
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}

function jobValues({ id, workspaceId, kind, phase, channelId, place, size, ageHours, archived }: CorpusJob) {
  return [id, workspaceId, kind, phase, channelId, place, size, ageHours, archived];
}

/** A statement that makes a table takes no parameters, and the others use some of theirs: all are our own ids and numbers. */
function inlined(sql: string, values: readonly (string | number | boolean | null)[]): string {
  return sql.replace(/\$(\d)/g, (_, place) => literal(values[Number(place) - 1] ?? null));
}

function literal(value: string | number | boolean | null): string {
  if (value === null) return 'null::uuid';
  if (typeof value !== 'string') return String(value);
  return /^[0-9a-f-]{36}$/.test(value) ? `'${value}'::uuid` : `'${value}'`;
}
