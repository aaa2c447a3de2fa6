import { decideFinish, type FinishInput } from '../../../activities/delivery/finish-attempt';
import { DEFAULT_RETRY_POLICY } from '../../../src/domain/retry';
import { type Outcome } from '../../../src/providers/contract';

const REFUSED = {
  ...{ type: 'permanent', code: 'smtp_550', message: 'No.', reason: 'provider_refused' },
} as const satisfies Outcome;

/** What follows `outcome` for a message that has another route. */
const after = (outcome: Outcome) =>
  decideFinish(
    { retry: DEFAULT_RETRY_POLICY, parkAfterMs: 0 } as never,
    {
      ...{ message: { sinceFirstAttemptMs: 0 }, jobKind: 'bulk', attemptId: 'a', outcome },
      ...{ attempts: 1, calls: 1, hasNextRoute: true, provider: { dedupeWindowMs: () => 0 } },
      ...{ settings: {}, callStartedAtMs: 0 },
    } as unknown as FinishInput,
  ).settlement;

test('a refusal takes the next route only where nobody else has the message', () => {
  expect(after(REFUSED)).toMatchObject({ state: 'waiting', waitReason: 'next_route' });
  expect(after({ ...REFUSED, othersHaveIt: true })).toMatchObject({
    state: 'failed',
    reason: 'provider_refused',
  });
});
