import {
  birdStatus,
  bulkItemStatus,
  bulkJobStatus,
  courierStatus,
  outward,
  OUR_BIRD_CODES,
  OUTWARD_BY_REASON,
  UNKNOWN_ADDRESS_CODE,
} from '../../../src/domain/outward';
import { REASONS_BY_STATE, type Reason } from '../../../src/domain/reasons';
import { MESSAGE_STATES, WAIT_REASONS, type MessageState } from '../../../src/domain/states';

const pairs: { state: MessageState; reason: Reason | null }[] = MESSAGE_STATES.flatMap((state) => {
  const reasons = (REASONS_BY_STATE as Partial<Record<MessageState, readonly Reason[]>>)[state];
  return (reasons ?? [null]).map((reason) => ({ state, reason }));
});

test.each(pairs)('$state $reason looks like something from both doors', ({ state, reason }) => {
  const look = outward({ state, reason });
  expect(courierStatus({ state, reason }).status).toBe(look.courier);
  expect(birdStatus({ state, reason })).toEqual(
    look.birdCode === undefined ? { status: look.bird } : { status: look.bird, code: look.birdCode },
  );
  // Bad news says why, at both doors; other news does not.
  const isBad = ['rejected', 'sending_failed', 'delivery_failed'].includes(look.bird);
  expect(look.birdCode !== undefined).toBe(isBad);
});

test('every reason has its look, and `expired` has one for each of its two states', () => {
  const all = new Set(Object.values(REASONS_BY_STATE).flat());
  expect(new Set([...Object.keys(OUTWARD_BY_REASON), 'expired'])).toEqual(all);
  expect(outward({ state: 'failed', reason: 'expired' }).bird).toBe('sending_failed');
  expect(outward({ state: 'skipped', reason: 'expired' }).bird).toBe('skipped');
});

test.each(WAIT_REASONS)('waiting for %s looks like a plan or like work, never like an end', (waitReason) => {
  const planned = ['scheduled_for', 'delay', 'quiet_hours'].includes(waitReason);
  expect(outward({ state: 'waiting', reason: null, waitReason })).toEqual({
    courier: 'DELAYED',
    bird: planned ? 'scheduled' : 'processing',
  });
});

test('our own failure codes are those of no vendor, and one for each use', () => {
  const codes = pairs.map((pair) => birdStatus(pair).code).filter((code) => code !== undefined);
  for (const code of OUR_BIRD_CODES) expect(codes).toContain(code);
  expect(birdStatus({ state: 'undelivered', reason: 'bounced', detail: 'unknown_address: x' }).code).toBe(
    UNKNOWN_ADDRESS_CODE,
  );
});

test('an item is an error only if it never got onto the way', () => {
  for (const state of MESSAGE_STATES) {
    expect(bulkItemStatus({ state, enqueuedAt: new Date() })).toBe(
      state === 'pending' ? 'PENDING' : 'ENQUEUED',
    );
    expect(bulkItemStatus({ state, enqueuedAt: null })).toBe(state === 'pending' ? 'PENDING' : 'ERROR');
  }
});

test.each([
  ['open', false, 5, 0, 'CREATED'],
  ['open', true, 5, 0, 'PROCESSING'],
  ['open', true, 0, 0, 'ERROR'],
  ['running', false, 1, 9, 'PROCESSING'],
  ['running', false, 0, 9, 'COMPLETED'],
  ['settled', false, 0, 9, 'COMPLETED'],
  ['settled', false, 0, 0, 'ERROR'],
  ['settled', true, 0, 9, 'ERROR'],
] as const)(
  'a job that is %s (cancelled: %s, %i unsettled, %i enqueued) is %s',
  (phase, cancelRequested, unsettled, enqueued, status) => {
    expect(bulkJobStatus({ phase, cancelRequested, unsettled, enqueued })).toBe(status);
  },
);
