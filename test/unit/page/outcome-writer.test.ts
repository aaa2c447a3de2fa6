import { createOutcomeWriter } from '../../../activities/page/outcome-writer';
import { type FinishInput } from '../../../activities/delivery/finish-attempt';
import { DEFAULT_DELIVERY_RULES, type DeliveryRules } from '../../../activities/dependencies';
import { DEFAULT_RETRY_POLICY } from '../../../src/domain/retry';
import { type Database } from '../../../src/ledger/database';

const rules: DeliveryRules = { ...DEFAULT_DELIVERY_RULES, retry: DEFAULT_RETRY_POLICY };

/** A ledger that writes outcomes one by one, but not that of `attempt-bad`, and no group in which it is. */
function ledgerThatRefuses(error: Error): { db: Database; statements: string[] } {
  const statements: string[] = [];
  const db = {
    async query(text: string, values: readonly unknown[]) {
      const one = text.includes('settle_attempt');
      statements.push(one ? String(values[1]) : 'group');
      if (!one || values[1] === 'attempt-bad') throw error;
      return [{ state: 'sent', reason: null, moved: true }];
    },
  };
  return { db: db as unknown as Database, statements };
}

const accepted = (attemptId: string): FinishInput =>
  ({
    message: { jobId: 'job', guarantee: 'at_least_once', sinceFirstAttemptMs: 0 },
    ...{
      jobKind: 'bulk',
      attemptId,
      outcome: { type: 'accepted' },
      attempts: 1,
      calls: 1,
      hasNextRoute: false,
    },
    ...{ provider: { dedupeWindowMs: () => 0 }, settings: {}, callStartedAtMs: 0 },
  }) as unknown as FinishInput;

test('one outcome that the ledger will never take does not keep those of its group from being written', async () => {
  const error = Object.assign(new Error('invalid byte sequence'), { code: '22021' });
  const { db, statements } = ledgerThatRefuses(error);
  const write = createOutcomeWriter(db, rules);
  // The first goes alone, and while it does the others gather.
  const ids = ['attempt-0', 'attempt-1', 'attempt-bad', 'attempt-2'];
  const ends = await Promise.allSettled(ids.map((id) => write(accepted(id))));
  expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
  expect(statements.filter((statement) => statement === 'attempt-bad')).toHaveLength(1);
});
