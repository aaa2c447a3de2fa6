import { v7 as uuidv7 } from 'uuid';
import { claimMessage, settleAttempt, type Settlement } from '../../../src/ledger/attempts';
import { type Database } from '../../../src/ledger/database';
import { type ChannelKind } from '../../../src/domain/kinds';
import { fromCourierId } from '../../../src/domain/ids';

/** Message ids of a job in request order. */
export async function idsOf(db: Database, jobId: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>('select id from messages where job_id = $1 order by ordinal', [
    fromCourierId(jobId),
  ]);
  return rows.map((row) => row.id);
}

/** What a worker does with one message, without a provider: claim, and settle unless `outcome` is open. */
export async function attempt(
  db: Database,
  messageId: string,
  outcome: Partial<Settlement> | 'open' = {},
  provider = 'smtp',
  kind: ChannelKind = 'email',
  route = 0,
): Promise<{ deliveryId: string; attemptId: string; channelId: string }> {
  const [row] = await db.query<{ job_id: string }>('select job_id from messages where id = $1', [messageId]);
  const attemptId = uuidv7();
  const channelId = uuidv7();
  const claimed = await claimMessage(db, {
    jobId: row?.job_id ?? '',
    messageId,
    deliveryId: uuidv7(),
    attemptId,
    route,
    channelId,
    kind,
    provider,
    owner: 'test',
    timeoutMs: 1_000,
    marginMs: 1_000,
    dedupeWindowMs: 0,
  });
  if (claimed.refused) throw new Error(`refused: ${claimed.refused}`);
  if (outcome !== 'open') {
    await settleAttempt(db, {
      ...{ jobId: row?.job_id ?? '', attemptId, outcome: 'accepted', state: 'sent', refused: false },
      ...outcome,
    });
  }
  return { deliveryId: claimed.deliveryId, attemptId, channelId };
}
