import { hash } from 'node:crypto';
import { type MessageSpec } from '../domain/message-spec';
import { byteaArray, int4Array, jsonbArray, textArray, timestamptzArray, uuidArray } from './binary-arrays';
import { type Tx } from './database';

export interface NewMessage {
  readonly id: string;
  /** Names the person within the job; absent where the same person may come twice (a batch). */
  readonly identity?: Buffer;
  readonly spec: MessageSpec;
  readonly echo: unknown;
}

/** 128 bits of SHA-256: the index holds no personal data and stays small. */
export function identityHash(identity: string): Buffer {
  return hash('sha256', identity, 'buffer').subarray(0, 16);
}

/**
 * Admits the messages of a new job, pending and in this order, in one statement: rows, states, counters, and what listings find
 * them by (the job's unless they have their own). due_at is not_before where that is later than now.
 */
export async function admitMessages(
  tx: Tx,
  job: { workspaceId: string; jobId: string },
  messages: readonly NewMessage[],
): Promise<void> {
  if (messages.length === 0) return;
  await tx.query('select admit_messages($1, $2, 0, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)', [
    job.workspaceId,
    job.jobId,
    ...columnsOf(messages),
  ]);
}

/** What became of an ingestion: see `ingest_recipients` in migration 0010. `errors` are places in the caller's list. */
export type IngestionOutcome =
  | {
      readonly outcome: 'added' | 'again';
      readonly total: number;
      readonly errors: readonly number[];
      readonly version: number;
    }
  | { readonly outcome: 'not_open'; readonly version: number };

/**
 * Admits recipients to an open job under the job's lock, with the ingestion's own row, the job's version and the outbox: one
 * statement, so that others wait for the database only. `places` says where each message stands in the caller's list, `repeated`
 * which places repeat the identity of an earlier one. @returns undefined where the workspace has no such job.
 */
export async function ingestMessages(
  tx: Tx,
  job: { workspaceId: string; jobId: string },
  ingestion: {
    readonly id: string;
    readonly messages: readonly NewMessage[];
    readonly places: readonly number[];
    readonly repeated: readonly number[];
  },
): Promise<IngestionOutcome | undefined> {
  const [row] = await tx.query<IngestionOutcome & Record<string, unknown>>(
    `select outcome, total, errors, version
     from ingest_recipients($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`,
    [
      ...[job.workspaceId, job.jobId, ingestion.id],
      ...[int4Array(ingestion.places), int4Array(ingestion.repeated)],
      ...columnsOf(ingestion.messages),
    ],
  );
  return row;
}

/** In the order of the functions' parameters. */
function columnsOf(messages: readonly NewMessage[]): Buffer[] {
  const ownTags = messages.flatMap(({ id, spec }) => (spec.tags ?? []).map((tag) => ({ id, tag })));
  return [
    uuidArray(messages.map((m) => m.id)),
    byteaArray(messages.map((m) => m.identity)),
    textArray(messages.map((m) => m.spec.recipient.id)),
    jsonbArray(messages.map((m) => JSON.stringify(m.spec))),
    jsonbArray(messages.map((m) => JSON.stringify(m.echo))),
    timestamptzArray(messages.map((m) => m.spec.notBeforeMs)),
    timestamptzArray(messages.map((m) => m.spec.validUntilMs)),
    textArray(messages.map((m) => m.spec.recipient.tenantId)),
    textArray(messages.map((m) => m.spec.traceId)),
    textArray(ownTags.map(({ tag }) => tag)),
    uuidArray(ownTags.map(({ id }) => id)),
  ];
}
