import { createHash } from 'node:crypto';
import { type MessageSpec } from '../domain/message-spec';
import { type Tx } from './database';

export interface NewMessage {
  readonly id: string;
  readonly ordinal: number;
  /** Names the person within the job; absent where the same person may come twice (a batch). */
  readonly identity?: string;
  readonly spec: MessageSpec;
  readonly echo: unknown;
}

/**
 * Which of these identities the job already has. The caller holds the job's lock, so that none can join meanwhile.
 * @returns the identities' hashes in base64, as `identityHash` makes them.
 */
export async function knownIdentities(
  tx: Tx,
  jobId: string,
  hashes: readonly Buffer[],
): Promise<Set<string>> {
  const rows = await tx.query<{ identity: Buffer }>(
    'select identity from messages where job_id = $1 and identity = any($2::bytea[])',
    [jobId, hashes],
  );
  return new Set(rows.map((row) => row.identity.toString('base64')));
}

/** 128 bits of SHA-256: the index holds no personal data and stays small. */
export function identityHash(identity: string): Buffer {
  return createHash('sha256').update(identity).digest().subarray(0, 16);
}

/**
 * Admits messages, pending, in one statement for a whole page: rows, states, counters, and what listings find them by
 * (the job's unless they have their own). due_at is not_before where that is
 * later than now.
 */
export async function admitMessages(
  tx: Tx,
  job: { workspaceId: string; jobId: string },
  messages: readonly NewMessage[],
): Promise<void> {
  if (messages.length === 0) return;
  const ownTags = messages.flatMap(({ id, spec }) => (spec.tags ?? []).map((tag) => ({ id, tag })));
  const date = (ms: number | undefined): Date | null => (ms === undefined ? null : new Date(ms));
  await tx.query(
    `with given as (
       select * from unnest($3::uuid[], $4::int[], $5::bytea[], $6::text[], $7::text[], $8::text[], $9::timestamptz[], $10::timestamptz[],
           $11::text[], $12::text[])
         as g(id, ordinal, identity, recipient_id, spec, echo, not_before, valid_until, tenant_id, trace_id)
     ), job as (
       select channel_id, coalesce(spec ->> 'event', spec -> 'template' ->> 'id') as event,
         case when spec ? 'content' then null else spec -> 'template' ->> 'id' end as notification,
         spec ->> 'tenantId' as tenant_id, spec ->> 'traceId' as trace_id, coalesce(spec -> 'tags', '[]') as tags
       from jobs where id = $1
     ), admitted as (
       insert into messages (id, workspace_id, job_id, ordinal, identity, recipient_id, spec, echo, channel_id, event,
         notification, tenant_id, trace_id)
       select g.id, $2, $1, ordinal, identity, recipient_id, g.spec::jsonb, echo::jsonb, job.channel_id, job.event,
         job.notification, coalesce(g.tenant_id, job.tenant_id), coalesce(g.trace_id, job.trace_id)
       from given g, job
       returning id
     ), tagged as (
       insert into message_tags (workspace_id, tag, message_id, job_id)
       select $2::uuid, tag, id, $1::uuid from job cross join lateral jsonb_array_elements_text(job.tags) tag, given
       union
       select $2, tag, id, $1 from unnest($13::text[], $14::uuid[]) own(tag, id)
     )
     insert into message_states (message_id, workspace_id, job_id, ordinal, due_at, valid_until)
     select g.id, $2, $1, g.ordinal, greatest(ledger_now(), g.not_before), g.valid_until
     from given g join admitted using (id)`,
    [
      job.jobId,
      job.workspaceId,
      messages.map((m) => m.id),
      messages.map((m) => m.ordinal),
      messages.map((m) => (m.identity === undefined ? null : identityHash(m.identity))),
      messages.map((m) => m.spec.recipient.id),
      messages.map((m) => JSON.stringify(m.spec)),
      messages.map((m) => JSON.stringify(m.echo)),
      messages.map((m) => date(m.spec.notBeforeMs)),
      messages.map((m) => date(m.spec.validUntilMs)),
      messages.map((m) => m.spec.recipient.tenantId ?? null),
      messages.map((m) => m.spec.traceId ?? null),
      ownTags.map(({ tag }) => tag),
      ownTags.map(({ id }) => id),
    ],
  );
}

export interface IngestionRow {
  readonly total: number;
  readonly errors: readonly number[];
}

export async function findIngestion(
  tx: Tx,
  jobId: string,
  ingestionId: string,
): Promise<IngestionRow | undefined> {
  const [row] = await tx.query<{ total: number; errors: number[] }>(
    'select total, errors from ingestions where job_id = $1 and ingestion_id = $2',
    [jobId, ingestionId],
  );
  return row;
}

export async function recordIngestion(
  tx: Tx,
  jobId: string,
  ingestionId: string,
  result: IngestionRow,
): Promise<void> {
  await tx.query('insert into ingestions (job_id, ingestion_id, total, errors) values ($1, $2, $3, $4)', [
    jobId,
    ingestionId,
    result.total,
    JSON.stringify(result.errors),
  ]);
}
