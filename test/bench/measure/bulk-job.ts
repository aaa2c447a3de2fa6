import { eventually } from '../../support/eventually';
import { type TestStack } from '../../support/stack';

/** Recipients a second of one bulk job of the seeded workspace, from its run to its last accepted message. */
export async function runBulkJob(
  t: TestStack,
  recipients: number,
): Promise<{ perSecond: number; firstSendMs: number }> {
  const created = await t.call('POST', '/bulk', {
    message: { message: { content: { title: 'Hi', body: 'Hello {{name}}' } } },
  });
  const users = Array.from({ length: recipients }, (_, i) => ({
    profile: { email: `u${i}@example.test` },
    recipient: `u${i}`,
    data: { name: `n${i}` },
  }));
  await t.call('POST', `/bulk/${created.body.jobId}`, { users });
  const start = performance.now();
  await t.call('POST', `/bulk/${created.body.jobId}/run`);
  let firstSendMs = 0;
  await eventually(
    'all sent',
    async () => {
      const { job } = (await t.call('GET', `/bulk/${created.body.jobId}`)).body;
      if (firstSendMs === 0 && job.counts.sent > 0) firstSendMs = performance.now() - start;
      return job.counts.sent === recipients;
    },
    600_000,
  );
  return { perSecond: (recipients / (performance.now() - start)) * 1_000, firstSendMs };
}
