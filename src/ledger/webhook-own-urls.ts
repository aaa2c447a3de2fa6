import { type Db } from './database';
import { EVENT, OF_JOBS, OWED_AFTER, type QueuedEvent } from './webhook-queue';

/**
 * Of the next `limit` of a queue after an id, those whose message names a URL of its own (Bird's `notification.url`), in order.
 * `through` is where the search got to; undefined where the queue has no more.
 */
export async function ownUrlPage(
  db: Db,
  endpointId: string,
  after: number,
  limit: number,
): Promise<{ events: readonly QueuedEvent[]; through: number | undefined }> {
  const [row] = await db.query<{ through: number | null }>(
    `select max(event_id) as through from (
       select q.event_id from webhook_queue q where q.endpoint_id = $1 and ${OWED_AFTER} order by q.event_id limit $3) near`,
    [endpointId, after, limit],
  );
  const through = row?.through ?? undefined;
  if (through === undefined) return { events: [], through };
  const events = await db.query<QueuedEvent & { [key: string]: unknown }>(
    `select q.event_id as id, ${EVENT} from webhook_queue q
     left join events e on e.id = q.event_id left join workspace_events w on w.id = q.event_id ${OF_JOBS}
     where q.endpoint_id = $1 and ${OWED_AFTER} and q.event_id <= $3 and m.echo #>> '{notification,url}' is not null
     order by q.event_id`,
    [endpointId, after, through],
  );
  return { events, through };
}
