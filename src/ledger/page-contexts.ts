import { type JobSpec } from '../domain/message-spec';
import { type Pinned } from '../domain/pinned';
import { type Guarantee, type JobKind } from '../domain/states';
import { byteaArray, int4Array, textArray, uuidArray } from './binary-arrays';
import { one, type Db } from './database';
import { type DeliveryContext } from './delivery-context';
import { type FreshMessage } from './page-shards';
import { readSettings } from './workspaces';
import { sealFacts, tenantOf, wishesOf, type FactsInput, type GateRow, type SealedFacts } from './gate-facts';

/** What all messages of a job share in a delivery: read once for a shard. */
export type JobContext = Pick<
  DeliveryContext,
  'workspaceId' | 'jobId' | 'jobKind' | 'jobSpec' | 'pinned' | 'guarantee'
>;

export async function loadJobContext(db: Db, jobId: string): Promise<JobContext> {
  const row = one(
    await db.query<{
      workspace_id: string;
      kind: JobKind;
      spec: JobSpec;
      pinned: Pinned | null;
      guarantee: Guarantee;
    }>('select workspace_id, kind, spec, pinned, guarantee from jobs where id = $1', [jobId]),
  );
  return {
    workspaceId: row.workspace_id,
    jobId,
    jobKind: row.kind,
    jobSpec: row.spec,
    pinned: row.pinned,
    guarantee: row.guarantee,
  };
}

/** A message that was never begun, as loadDelivery would have it. What has changed since it was read, the claim refuses. */
export function freshContext(job: JobContext, { spec, dueInMs, expired }: FreshMessage): DeliveryContext {
  return {
    ...job,
    ...{ spec, state: 'pending', attempts: 0, route: 0, sinceFirstAttemptMs: 0 },
    ...{ dueInMs, expired, openChannelId: null, reason: null },
  };
}

/**
 * As readGateFacts, for a group of messages of one workspace that ask for no frequency cap: one statement, one moment (SQL:
 * page_facts).
 * @returns in the order of the group; undefined for a message that is gone, or whose route has moved on.
 */
export async function readGroupFacts(
  db: Db,
  group: readonly { readonly input: FactsInput; readonly keys: readonly Buffer[] }[],
): Promise<(SealedFacts | undefined)[]> {
  const [first] = group;
  if (!first) return [];
  const keyed = group.flatMap(({ keys }, place) => distinct(keys).map((key) => ({ place, key })));
  const topicOf = ({ input }: (typeof group)[number]) => wishesOf(input.message).topicId ?? null;
  const rows = await db.query<GateRow & { place: number; route: number }>(
    'select * from page_facts($1, $2, $3, $4, $5, $6, $7)',
    [
      first.input.message.workspaceId,
      uuidArray(group.map(({ input }) => input.messageId)),
      textArray(group.map(topicOf)),
      textArray(group.map(({ input }) => input.message.spec.recipient.id)),
      textArray(group.map(({ input }) => tenantOf(input.message))),
      int4Array(keyed.map(({ place }) => place)),
      byteaArray(keyed.map(({ key }) => key)),
    ],
    { prepared: true },
  );
  const byPlace = new Map(rows.map((row) => [row.place, row]));
  // The workspace's, told once.
  const settings = readSettings(byPlace.get(0)?.settings);
  return group.map(({ input, keys }, place) => {
    const row = byPlace.get(place);
    if (row?.route !== input.message.route) return undefined;
    return sealFacts(input, keys, { ...row, uses: [] }, settings);
  });
}

/** Two routes may lead to one address. */
function distinct(keys: readonly Buffer[]): Buffer[] {
  return [...new Map(keys.map((key) => [key.toString('hex'), key])).values()];
}
