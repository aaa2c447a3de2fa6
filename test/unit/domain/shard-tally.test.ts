import { createTally } from '../../../src/domain/shard-tally';

test('a shard counts every message, and names at most twenty that were rejected', () => {
  const tally = createTally();
  tally.count('sent', { type: 'settled', state: 'sent', reason: null });
  tally.count('failed', { type: 'settled', state: 'failed', reason: 'attempts_exhausted' });
  tally.count('parked', { type: 'parked' });
  tally.count('left', { type: 'left' });
  for (let n = 0; n < 30; n += 1)
    tally.count(`m${n}`, { type: 'settled', state: 'rejected', reason: 'no_address' });
  const { errors, ...sums } = tally.result();
  expect(sums).toEqual({ settled: 32, parked: 1, left: 1 });
  expect(errors).toEqual(
    Array.from({ length: 20 }, (_, n) => ({ messageId: `m${n}`, status: 'ERROR', reason: 'no_address' })),
  );
});
