import { type MessageView } from '../../../src/service/views';
import { asOf } from '../../../src/webhooks/as-of';

const at = (second: number): Date => new Date(1_700_000_000_000 + second * 1_000);

/** Sent at 1, opened at 2, delivered (as told late) at 3, clicked at 4, sent back at 5. */
const NOW = {
  ...{ state: 'undelivered', reason: 'bounced', waitReason: null, detail: 'sent back', engaged: 'clicked' },
  ...{ enqueuedAt: at(0), sentAt: at(1), openedAt: at(2), deliveredAt: at(3), clickedAt: at(4) },
  ...{ canceledAt: null, stateAt: at(5), updatedAt: at(5) },
  deliveries: [{ createdAt: at(1) }],
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
    expect(shown).toMatchObject({ state: 'delivered', sentAt: at(1), deliveries: [{ createdAt: at(1) }] });
  },
);
