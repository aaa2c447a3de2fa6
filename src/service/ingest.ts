import { v7 as uuidv7 } from 'uuid';
import { VolleyError } from '../domain/errors';
import { type Tx } from '../ledger/database';
import { growJob, lockJob } from '../ledger/jobs';
import {
  admitMessages,
  findIngestion,
  identityHash,
  knownIdentities,
  recordIngestion,
  type NewMessage,
} from '../ledger/messages';
import { type IngestResult, type JobRef, type NewRecipient } from './service';

/**
 * Adds recipients to an open job, under the job's lock: ordinals are given in order, and a person who is in the job already,
 * or twice in this call, is reported as a duplicate. The same ingestionId again changes nothing and gets the first answer.
 */
export async function ingest(
  tx: Tx,
  input: JobRef & { ingestionId?: string; recipients: readonly NewRecipient[] },
): Promise<IngestResult & { version: number }> {
  const ingestionId = input.ingestionId ?? uuidv7();
  const job = await lockJob(tx, input);
  const before = input.ingestionId === undefined ? undefined : await findIngestion(tx, job.id, ingestionId);
  if (before) return { ingestionId, total: before.total, duplicates: before.errors, version: job.version };
  if (job.phase !== 'open' || job.cancel_requested) {
    throw new VolleyError(
      'job_not_open',
      'The job was already run or cancelled: create a new job for more users.',
    );
  }
  const hashes = input.recipients.map((recipient) => identityHash(recipient.identity));
  const taken = await knownIdentities(tx, job.id, hashes);
  const duplicates: number[] = [];
  const messages: NewMessage[] = [];
  input.recipients.forEach((recipient, index) => {
    const hash = hashes[index]?.toString('base64') ?? '';
    if (taken.has(hash)) {
      duplicates.push(index);
      return;
    }
    taken.add(hash);
    messages.push({ id: uuidv7(), ordinal: job.next_ordinal + messages.length, ...recipient });
  });
  await admitMessages(tx, { workspaceId: job.workspace_id, jobId: job.id }, messages);
  await recordIngestion(tx, job.id, ingestionId, { total: messages.length, errors: duplicates });
  const version = await growJob(tx, job.id, messages.length);
  return { ingestionId, total: messages.length, duplicates, version };
}
