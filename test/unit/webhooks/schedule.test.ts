import {
  afterFailure,
  DISABLE_AFTER_MS,
  ledgerTypesOf,
  RETRY_WAITS_MS,
  WEBHOOK_TYPES,
  webhookTypeOf,
} from '../../../src/domain/webhooks';

const failure = { status: 500, failures: 0, failingForMs: 0, retryAfterMs: undefined };

test('the waits are those that the docs publish, and the last one repeats', () => {
  const waits = [0, 1, 2, 3, 4, 5, 6, 7, 20].map((failures) => afterFailure({ ...failure, failures }));
  const hours = (n: number) => n * 3_600_000;
  expect(waits).toEqual(
    [5_000, 300_000, 1_800_000, hours(2), hours(5), hours(10), hours(14), hours(14), hours(14)].map(
      (waitMs) => ({
        type: 'wait',
        waitMs,
      }),
    ),
  );
  expect(RETRY_WAITS_MS).toHaveLength(7);
});

test('the last try is when the five days are over, and then it is disabled', () => {
  const nearlyOver = { ...failure, failures: 9, failingForMs: DISABLE_AFTER_MS - 1_000 };
  expect(afterFailure(nearlyOver)).toEqual({ type: 'wait', waitMs: 1_000 });
  expect(afterFailure({ ...nearlyOver, failingForMs: DISABLE_AFTER_MS })).toEqual({
    type: 'disable',
    reason: 'failing',
  });
});

test('410 ends it, Retry-After of a 429 counts alone, any other only lengthens a wait', () => {
  expect(afterFailure({ ...failure, status: 410 })).toEqual({ type: 'disable', reason: 'gone' });
  const after = (status: number, failures: number, retryAfterMs: number) =>
    afterFailure({ ...failure, status, failures, retryAfterMs });
  expect(after(429, 5, 30_000)).toEqual({ type: 'wait', waitMs: 30_000 });
  expect(after(429, 5, 0)).toEqual({ type: 'wait', waitMs: 1_000 });
  expect(after(503, 0, 30_000)).toEqual({ type: 'wait', waitMs: 30_000 });
  expect(after(503, 1, 30_000)).toEqual({ type: 'wait', waitMs: 300_000 });
});

test('every type that can be asked for is told of by some event of the ledger', () => {
  for (const type of WEBHOOK_TYPES) {
    const [ledgerType = ''] = ledgerTypesOf({ form: 'standard', types: [type] });
    expect(webhookTypeOf({ type: ledgerType, data: { waitReason: 'scheduled_for' } })).toBe(type);
  }
});

test('a set-back is nobody’s news', () => {
  for (const waitReason of ['backoff', 'rate_limit', 'retry_after', 'next_route'])
    expect(webhookTypeOf({ type: 'waiting', data: { waitReason } })).toBeUndefined();
  expect(webhookTypeOf({ type: 'recovered', data: {} })).toBeUndefined();
});
