import { v7 as uuidv7 } from 'uuid';
import { VolleyError } from '../domain/errors';
import { type Tx } from '../ledger/database';
import { identityHash, ingestMessages, type NewMessage } from '../ledger/messages';
import { type IngestResult, type JobRef, type NewRecipient } from './service';

/**
 * Adds recipients to an open job: ordinals are given in order, and a person who is in the job already, or twice in this call, is
 * reported as a duplicate. The same ingestionId again changes nothing and gets the first answer. All that this process has to
 * work out is worked out before the job's lock is taken.
 */
export async function ingest(
  tx: Tx,
  input: JobRef & { ingestionId?: string; recipients: readonly NewRecipient[] },
): Promise<IngestResult & { version: number }> {
  const ingestionId = input.ingestionId ?? uuidv7();
  const result = await ingestMessages(tx, input, { id: ingestionId, ...distinct(input.recipients) });
  if (!result) throw new VolleyError('not_found', 'No job has this id.');
  if (result.outcome === 'not_open') {
    throw new VolleyError(
      'job_not_open',
      'The job was already run or cancelled: create a new job for more users.',
    );
  }
  return { ingestionId, total: result.total, duplicates: result.errors, version: result.version };
}

/** Each person once, by the first place in the list; the places of the others are repetitions. */
function distinct(recipients: readonly NewRecipient[]): {
  messages: NewMessage[];
  places: number[];
  repeated: number[];
} {
  const seen = new Set<string>();
  const messages: NewMessage[] = [];
  const places: number[] = [];
  const repeated: number[] = [];
  recipients.forEach(({ identity, spec, echo }, place) => {
    if (seen.has(identity)) {
      repeated.push(place);
      return;
    }
    seen.add(identity);
    places.push(place);
    messages.push({ id: uuidv7(), identity: identityHash(identity), spec, echo });
  });
  return { messages, places, repeated };
}
