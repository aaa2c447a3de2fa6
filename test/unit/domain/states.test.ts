import fc from 'fast-check';
import { REASONS_BY_STATE } from '../../../src/domain/reasons';
import {
  isSettled,
  MESSAGE_STATES,
  TRANSITIONS,
  UNSETTLED_STATES,
  type MessageState,
} from '../../../src/domain/states';

const mayMove = (from: MessageState, to: MessageState): boolean => TRANSITIONS[from].includes(to);
const state = fc.constantFrom(...MESSAGE_STATES);

test('what is settled never becomes unsettled again, by any number of moves', () => {
  fc.assert(
    fc.property(state, fc.array(state), (from, path) => {
      let now: MessageState = from;
      let settled = isSettled(now);
      for (const to of path) {
        if (!mayMove(now, to)) continue;
        now = to;
        expect(settled && !isSettled(now)).toBe(false);
        settled = isSettled(now);
      }
    }),
  );
});

test('only sending leads to sent, and only what a call may be behind to uncertain: nothing is sent without a claim', () => {
  const unsettledBefore = (to: MessageState) =>
    MESSAGE_STATES.filter((candidate) => !isSettled(candidate) && mayMove(candidate, to));
  expect(unsettledBefore('sent')).toEqual(['sending']);
  expect(unsettledBefore('uncertain')).toEqual(['waiting', 'sending']);
});

test('a message that was once delivered, rejected, skipped or canceled stays so', () => {
  for (const end of ['delivered', 'rejected', 'skipped', 'canceled'] as const)
    expect(TRANSITIONS[end]).toEqual([]);
});

test('nothing returns to pending, and only waiting and sending may move to themselves', () => {
  for (const from of MESSAGE_STATES) expect(mayMove(from, 'pending')).toBe(false);
  expect(MESSAGE_STATES.filter((one) => mayMove(one, one))).toEqual(['waiting', 'sending']);
});

test('every end that is bad news has its reasons, and no other state has any', () => {
  const withReasons = MESSAGE_STATES.filter((one) => one in REASONS_BY_STATE);
  expect(withReasons).toEqual(['undelivered', 'failed', 'uncertain', 'rejected', 'skipped', 'canceled']);
  expect(UNSETTLED_STATES.some((one) => one in REASONS_BY_STATE)).toBe(false);
});
