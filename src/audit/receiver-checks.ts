import { type LedgerCheck } from './ledger-check';
import { checkOf, type AuditCheck } from './report';
import { type LedgerReader } from './snapshot';

/** What a receiver counted: idempotency key (`<delivery id>-<generation>`) to how often it took it. */
export type SinkCounts = Readonly<Record<string, number>>;

const KEY = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-(0|[1-9]\d{0,8})$/;

/** What the sandboxes counted, against the ledger. A key may have been taken again only where an attempt is marked so. */
export const SANDBOX_CHECKS: readonly LedgerCheck[] = [
  {
    area: 'receiver',
    name: 'a sandbox took each key once, or an attempt is marked as a possible duplicate',
    of: 'keys',
    sql: `select b.key as id, b.accepted_count > 1 + case when (c.settings ->> 'deduplicate') = 'false' then (
          select count(*) from attempts a where a.delivery_id::text || '-' || a.generation = b.key and a.possible_duplicate
        ) else 0 end as wrong
      from sandbox_deliveries b join message_states s on s.message_id = b.message_id
      left join channels c on c.id = b.channel_id where s.job_id = $1`,
  },
  {
    area: 'receiver',
    name: 'what the sandboxes took is what the ledger says went out through them',
    of: 'deliveries',
    sql: `select coalesce(d.id, b.delivery_id)::text as id, case
          when d.id is null then true
          when d.accepted then coalesce(b.accepted, 0) = 0
          else coalesce(b.accepted, 0) > 0 and not d.in_doubt end as wrong
      from (
        select d.id, coalesce(bool_or(a.outcome = 'accepted'), false) as accepted,
          coalesce(bool_or(a.outcome is null or a.outcome in ('lost', 'ambiguous')), false) as in_doubt
        from deliveries d join message_states s on s.message_id = d.message_id
        left join attempts a on a.delivery_id = d.id
        where s.job_id = $1 and d.provider = 'sandbox' group by d.id
      ) d
      full join (
        select b.delivery_id, sum(b.accepted_count) as accepted
        from sandbox_deliveries b join message_states s on s.message_id = b.message_id
        where s.job_id = $1 group by 1
      ) b on b.delivery_id = d.id`,
  },
];

interface SentDelivery extends Readonly<Record<string, unknown>> {
  readonly id: string;
  readonly accepted: boolean;
  readonly in_doubt: boolean;
  /** Calls that repeated a key after one in doubt: marked, or within the receiver's promise to tell them apart. */
  readonly repeats: number;
}

const DELIVERIES = `
  select d.id, coalesce(bool_or(a.outcome = 'accepted'), false) as accepted,
    coalesce(bool_or(a.outcome is null or a.outcome in ('lost', 'ambiguous')), false) as in_doubt,
    count(*) filter (where exists (select 1 from attempts p where p.delivery_id = a.delivery_id
      and p.generation = a.generation and p.number < a.number and p.outcome in ('lost', 'ambiguous')))::int as repeats
  from deliveries d join message_states s on s.message_id = d.message_id
  left join attempts a on a.delivery_id = d.id
  where s.job_id = $1 and d.provider <> 'sandbox' group by d.id`;

/**
 * Holds a given receiver's own count against the ledger: all that was accepted is there, nothing is there more often than
 * calls in doubt explain, and nothing is there that the ledger knows nothing of. It must have got all that did not go to a
 * sandbox; keys of other jobs of this ledger are left alone. A delivery's keys count together, whatever their generation: one
 * that no attempt has was a call that was never written down.
 */
export async function sinkChecks(
  reader: LedgerReader,
  jobId: string,
  sink: SinkCounts,
): Promise<readonly AuditCheck[]> {
  const deliveries = await reader.snapshot<SentDelivery>(DELIVERIES, [jobId]);
  const taken = takenById(sink);
  const counted = deliveries.map((delivery) => ({ ...delivery, taken: taken.get(delivery.id) ?? 0 }));
  const ids = (wrong: typeof counted) => wrong.map(({ id }) => id);
  const accepted = counted.filter((delivery) => delivery.accepted);
  const repeated = counted.filter(({ taken }) => taken > 1).length;
  const unknown = await unknownKeys(reader, Object.keys(sink));
  return [
    checkOf('receiver', 'the receiver has everything that the ledger says was accepted', {
      checked: accepted.length,
      wrong: ids(accepted.filter(({ taken }) => taken === 0)),
      detail: `${accepted.length} accepted`,
    }),
    checkOf('receiver', 'the receiver took each once, but for repeated calls that were in doubt', {
      checked: counted.length,
      wrong: ids(counted.filter(({ taken, repeats }) => taken > 1 + repeats)),
      detail: `${counted.length} deliveries, ${repeated} taken again`,
    }),
    checkOf('receiver', 'the receiver has nothing that the ledger does not know of', {
      checked: Object.keys(sink).length,
      wrong: [
        ...unknown,
        ...ids(counted.filter(({ taken, accepted: known, in_doubt }) => taken > 0 && !known && !in_doubt)),
      ],
      detail: `${Object.keys(sink).length} keys`,
    }),
  ];
}

function takenById(sink: SinkCounts): ReadonlyMap<string, number> {
  const taken = new Map<string, number>();
  for (const [key, count] of Object.entries(sink)) {
    const id = KEY.exec(key)?.[1];
    if (id !== undefined) taken.set(id, (taken.get(id) ?? 0) + count);
  }
  return taken;
}

/** Not the key itself: a receiver's own words may hold anything. */
const OTHER_FORM = 'a key of another form';

/** Keys that no attempt of any job has. Read as of now: another job may be sending meanwhile. */
async function unknownKeys(reader: LedgerReader, keys: readonly string[]): Promise<string[]> {
  const [ours, others] = [keys.filter((key) => KEY.test(key)), keys.filter((key) => !KEY.test(key))];
  const parts = ours.map((key) => KEY.exec(key) ?? []);
  const rows = await reader.now<{ key: string }>(
    `select given.id || '-' || given.generation as key from unnest($1::uuid[], $2::int[]) as given(id, generation)
     where not exists (select 1 from deliveries d join attempts a on a.message_id = d.message_id and a.delivery_id = d.id
       where d.id = given.id and a.generation = given.generation)`,
    [parts.map(([, id]) => id), parts.map(([, , generation]) => Number(generation))],
  );
  return [...rows.map(({ key }) => key), ...others.map(() => OTHER_FORM)];
}
