import { type MessageView } from '../../../src/service/views';
import { asOf } from '../../../src/webhooks/as-of';

const at = (second: number): Date => new Date(1_700_000_000_000 + second * 1_000);

/** Sent at 1, opened at 2, delivered (as told late) at 3, clicked at 4, sent back at 5. */
const NOW = {
  ...{ state: 'undelivered', reason: 'bounced', waitReason: null, detail: 'sent back', engaged: 'clicked' },
  ...{ enqueuedAt: at(0), sentAt: at(1), openedAt: at(2), deliveredAt: at(3), clickedAt: at(4) },
  ...{ canceledAt: null, stateAt: at(5), updatedAt: at(5) },
  deliveries: [{ createdAt: at(1), namedAt: at(1), vendorId: 'v', leftAt: null }],
} as unknown as MessageView;

const showing = (view: MessageView, type: string, second: number) => {
  const { state, engaged, openedAt, clickedAt, deliveredAt, reason, stateAt } = asOf(view, {
    ...{ type, at: at(second), data: {} },
  });
  return { state, engaged, openedAt, clickedAt, deliveredAt, reason, stateAt };
};
const none = { openedAt: null, clickedAt: null, deliveredAt: null, reason: null, engaged: null };

test('the news of each event show nothing that came after it', () => {
  expect(showing(NOW, 'sent', 1)).toEqual({ ...none, state: 'sent', stateAt: at(1) });
  const opened = { ...none, state: 'sent', engaged: 'opened', openedAt: at(2), stateAt: at(1) };
  expect(showing(NOW, 'opened', 2)).toEqual(opened);
  expect(showing(NOW, 'delivered', 3)).toMatchObject({ state: 'delivered', clickedAt: null });
  expect(showing(NOW, 'clicked', 4)).toMatchObject({
    ...{ state: 'delivered', engaged: 'clicked', reason: null, stateAt: at(3) },
  });
});

test("a provider's refusal and its id of the message are not told before it answered", () => {
  const view = {
    ...{ ...NOW, state: 'sent', reason: null, sentAt: at(4), stateAt: at(4), updatedAt: at(4) },
    deliveries: [
      { createdAt: at(1), namedAt: at(2), vendorId: 'no-1', leftAt: at(2) },
      { createdAt: at(3), namedAt: at(4), vendorId: 'ok-1', leftAt: null },
    ],
  } as unknown as MessageView;
  const told = (type: string, second: number) =>
    asOf(view, { type, at: at(second), data: {} }).deliveries.map(({ vendorId, leftAt }) => [
      ...[vendorId, leftAt],
    ]);
  expect(told('sending', 1)).toEqual([[null, null]]);
  expect(told('waiting', 2)).toEqual([['no-1', at(2)]]);
  expect(told('sending', 3)).toEqual([
    ['no-1', at(2)],
    [null, null],
  ]);
  expect(told('sent', 4)).toEqual([
    ['no-1', at(2)],
    ['ok-1', null],
  ]);
});

test('an opening after a click does not take the click back', () => {
  const view = { ...NOW, state: 'sent', reason: null, stateAt: at(1), openedAt: at(6) } as MessageView;
  expect(showing(view, 'opened', 6)).toMatchObject({ state: 'sent', engaged: 'clicked', stateAt: at(1) });
});

test('who reads what was sent back changes neither its state nor the reason', () => {
  const view = { ...NOW, clickedAt: at(6), updatedAt: at(7) };
  expect(showing(view, 'clicked', 6)).toMatchObject({
    ...{ state: 'undelivered', reason: 'bounced', engaged: 'clicked', stateAt: at(5) },
  });
});

test.each(['delivered', 'opened'])(
  "%s that the provider's clock dates before the sending still has its sending",
  (type) => {
    const view = {
      ...NOW,
      state: 'delivered',
      reason: null,
      deliveredAt: at(0),
      openedAt: at(0),
    } as MessageView;
    const shown = asOf(view, { type, at: at(0), data: {} });
    expect(shown).toMatchObject({
      ...{ state: 'delivered', sentAt: at(1), deliveries: [{ createdAt: at(1), vendorId: 'v' }] },
    });
  },
);
