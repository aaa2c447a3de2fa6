import fc from 'fast-check';
import {
  afterOutcome,
  DEFAULT_RETRY_POLICY,
  type AfterInput,
  type OutcomeType,
} from '../../../src/domain/retry';
import { TRANSITIONS } from '../../../src/domain/states';

const policy = DEFAULT_RETRY_POLICY;
const base: AfterInput = {
  outcome: { type: 'retryable' },
  attempts: 1,
  calls: 1,
  sinceFirstAttemptMs: 0,
  hasNextRoute: false,
  deduplicates: false,
  atMostOnce: false,
  random: 0.5,
  policy,
};
const after = (more: Partial<AfterInput>) => afterOutcome({ ...base, ...more });

const types: readonly OutcomeType[] = ['accepted', 'throttled', 'retryable', 'permanent', 'ambiguous'];
const anyInput: fc.Arbitrary<AfterInput> = fc.record({
  outcome: fc.record(
    {
      type: fc.constantFrom(...types),
      retryAfterMs: fc.oneof(fc.nat(10 ** 9), fc.constantFrom(-1, Number.NaN, Number.POSITIVE_INFINITY)),
    },
    { requiredKeys: ['type'] },
  ),
  attempts: fc.integer({ min: 1, max: 40 }),
  calls: fc.integer({ min: 1, max: 400 }),
  sinceFirstAttemptMs: fc.nat(2 * policy.deadlineMs),
  hasNextRoute: fc.boolean(),
  deduplicates: fc.boolean(),
  atMostOnce: fc.boolean(),
  random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  policy: fc.constant(policy),
});

test('whatever happened, the next state is one that the table allows, with the reason or the wait that it needs', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const next = afterOutcome(input);
      expect(TRANSITIONS.sending.includes(next.state)).toBe(true);
      expect(next.state === 'waiting').toBe(next.waitReason !== undefined && next.waitMs !== undefined);
      expect(next.state === 'failed' || next.state === 'uncertain').toBe(next.reason !== undefined);
      if (next.waitMs !== undefined) expect(next.waitMs).toBeGreaterThanOrEqual(0);
    }),
  );
});

test('nothing is begun after the deadline, nor after the last attempt', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const next = afterOutcome(input);
      if (next.state !== 'waiting' || next.nextRoute) return;
      expect(input.sinceFirstAttemptMs + (next.waitMs ?? 0)).toBeLessThanOrEqual(policy.deadlineMs);
      if (input.outcome.type !== 'throttled') expect(input.attempts).toBeLessThan(policy.maxAttempts);
    }),
  );
});

test('in doubt there is never another route, never a new key, and never a claim of failure', () => {
  fc.assert(
    fc.property(anyInput, (input) => {
      const next = afterOutcome({ ...input, outcome: { ...input.outcome, type: 'ambiguous' } });
      expect(next).toMatchObject({ refused: false });
      expect(next.nextRoute).toBeUndefined();
      expect(next.state).not.toBe('failed');
      if (input.atMostOnce && !input.deduplicates) expect(next.state).toBe('uncertain');
    }),
  );
});

test('the key rises only after a refusal for good: a call that is repeated carries the same one', () => {
  for (const type of types) {
    expect(after({ outcome: { type } }).refused).toBe(type === 'permanent');
  }
});

test('a backoff triples from a second to six hours, a quarter of jitter either way', () => {
  fc.assert(
    fc.property(anyInput, (given) => {
      const input = { ...given, outcome: { type: 'retryable' as const }, sinceFirstAttemptMs: 0 };
      const next = afterOutcome(input);
      if (next.waitReason !== 'backoff') return;
      const promised = Math.min(policy.capMs, policy.baseMs * policy.factor ** (input.attempts - 1));
      expect(next.waitMs).toBeGreaterThanOrEqual(Math.floor(promised * 0.75));
      expect(next.waitMs).toBeLessThanOrEqual(Math.ceil(promised * 1.25));
    }),
  );
});

test('a Retry-After is a lower bound, of a day at most', () => {
  fc.assert(
    fc.property(
      fc.nat(10 ** 10),
      fc.constantFrom('throttled' as const, 'retryable' as const),
      (retryAfterMs, type) => {
        const next = after({ outcome: { type, retryAfterMs } });
        expect(next.waitReason).toBe('retry_after');
        expect(next.waitMs).toBeGreaterThanOrEqual(Math.min(retryAfterMs, 24 * 3_600_000));
        expect(next.waitMs).toBeLessThanOrEqual(24 * 3_600_000);
      },
    ),
  );
});

test('a throttled call costs no attempt, and waits longer with every call where the vendor names no time', () => {
  const waits = [1, 2, 3, 4].map((calls) => after({ outcome: { type: 'throttled' }, calls }).waitMs);
  expect(waits).toEqual([1_000, 3_000, 9_000, 27_000]);
  expect(after({ outcome: { type: 'throttled' }, attempts: 400 }).state).toBe('waiting');
});

test('a throttle of under a second names no time: the wait grows with every call', () => {
  const waits = (retryAfterMs: number) =>
    [1, 2, 3, 4].map((calls) => after({ outcome: { type: 'throttled', retryAfterMs }, calls }).waitMs);
  expect(waits(0)).toEqual([1_000, 3_000, 9_000, 27_000]);
  expect(waits(999)).toEqual([1_000, 3_000, 9_000, 27_000]);
  expect(waits(1_000)).toEqual([1_000, 1_000, 1_000, 1_000]);
});

test('a refusal goes to the next route at once, and ends the message where there is none', () => {
  const permanent = { type: 'permanent', reason: 'credentials_refused' } as const;
  expect(after({ outcome: permanent, hasNextRoute: true })).toEqual({
    ...{ state: 'waiting', waitReason: 'next_route', waitMs: 0, refused: true, nextRoute: true },
  });
  expect(after({ outcome: permanent })).toEqual({
    state: 'failed',
    reason: 'credentials_refused',
    refused: true,
  });
  expect(after({ outcome: { type: 'permanent' } }).reason).toBe('provider_refused');
});

test('out of attempts: the next route where there is one, else failed; late: failed', () => {
  const spent = { attempts: policy.maxAttempts };
  expect(after({ ...spent, hasNextRoute: true })).toMatchObject({ state: 'waiting', nextRoute: true });
  expect(after(spent)).toMatchObject({ state: 'failed', reason: 'attempts_exhausted' });
  const late = { sinceFirstAttemptMs: policy.deadlineMs };
  expect(after({ ...late, hasNextRoute: true })).toMatchObject({ state: 'failed', reason: 'deadline' });
});
