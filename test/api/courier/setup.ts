import { createCourierDialect } from '../../../api/courier';
import { createService } from '../../../src/service/create-service';
import { type Dialect } from '../../../api/route';
import { createStand, type Stand } from '../framework/setup';

/** Courier's door with the real service on a real database, before `others`; no worker, so nothing is sent. */
export async function createCourierStand(others: readonly Dialect[] = []): Promise<Stand> {
  const service = createService({ notifier: { look: () => undefined, liveStatus: async () => undefined } });
  return createStand([createCourierDialect({ service }), ...others]);
}

/** A job of the given event, and users of these ids in it. Returns the job's id. */
export async function createJob(stand: Stand, recipients: readonly string[] = []): Promise<string> {
  const created = await stand.call('POST', '/bulk', { body: { message: { event: 'welcome' } } });
  const jobId = created.json.jobId as string;
  if (recipients.length > 0) {
    const users = recipients.map((recipient) => ({ recipient }));
    await stand.call('POST', `/bulk/${jobId}`, { body: { users } });
  }
  return jobId;
}
