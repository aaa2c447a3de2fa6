import { auditRun } from '../../bench/audit';
import { audience, type FinalState } from '../../bench/contract';
import { type SinkDump } from '../../bench/sink/control';
import { answerTo, fateOf } from '../../bench/sink/failures';

/** A run of the bench has a figure only if nothing was lost, doubled or given up too early. */
const N = 2_000;
const ids = audience('r1', N).map(({ id }) => id);
const expected = (id: string): FinalState => (fateOf(id) === 'refused-for-ever' ? 'failed' : 'sent');

function cleanRun(): { states: Record<string, FinalState>; sink: SinkDump } {
  const states = Object.fromEntries(ids.map((id) => [id, expected(id)]));
  const recipients = Object.fromEntries(
    ids.map((id) => {
      const accepted = expected(id) === 'sent' ? 1 : 0;
      return [id, { calls: 1, accepted, acceptedAtMs: 1, keys: 1 }];
    }),
  );
  return { states, sink: { firstCallMs: 1, recipients } };
}

const victim = ids.find((id) => fateOf(id) === 'taken') ?? '';

test('the sink refuses 5 %, 1 % and 0.2 % of the recipients, and the same ones each time', () => {
  const share = (fate: string): number => ids.filter((id) => fateOf(id) === fate).length / N;
  expect(Math.abs(share('refused-once') - 0.05)).toBeLessThan(0.015);
  expect(Math.abs(share('refused-twice') - 0.01)).toBeLessThan(0.006);
  expect(ids.some((id) => fateOf(id) === 'refused-for-ever')).toBe(true);
  const twice = ids.find((id) => fateOf(id) === 'refused-twice') ?? '';
  expect([1, 2, 3].map((call) => answerTo(twice, call))).toEqual([503, 503, 200]);
});

test('a clean run has no fault, and sent and failed add up', () => {
  const { states, sink } = cleanRun();
  const audit = auditRun('r1', N, states, sink);
  expect(audit.faults).toEqual([]);
  expect(audit.sent + audit.failed).toBe(N);
});

test('a recipient that is in no final state is a fault', () => {
  const { states, sink } = cleanRun();
  delete states[victim];
  expect(auditRun('r1', N, states, sink).faults).toEqual([expect.stringContaining('is not 2000'), 'lost 1']);
});

test('a recipient said to be sent that the sink never took is lost', () => {
  const { states, sink } = cleanRun();
  delete sink.recipients[victim];
  expect(auditRun('r1', N, states, sink).faults).toEqual(['lost 1']);
});

test('a second acceptance is a duplicate, also with the same key', () => {
  const { states, sink } = cleanRun();
  sink.recipients[victim] = { calls: 2, accepted: 2, acceptedAtMs: 1, keys: 1 };
  expect(auditRun('r1', N, states, sink).faults).toEqual(['duplicates 1']);
});

test('giving up on a recipient that the sink would have taken is a fault', () => {
  const { states, sink } = cleanRun();
  states[victim] = 'failed';
  expect(auditRun('r1', N, states, sink).faults).toEqual(['wrong 1']);
});
