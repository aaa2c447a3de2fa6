import { outward, type Engagement, type Outward } from './outward';
import { REASONS_BY_STATE, type Reason } from './reasons';
import { MESSAGE_STATES, WAIT_REASONS, type MessageState, type WaitReason } from './states';

/**
 * A state and why a message is in it, in one word: its reason, what it waits for, what the recipient did, or nothing. The
 * ledger indexes messages by exactly this pair (SQL: `why`), so that a filter by a door's status is a few index ranges.
 */
export interface Look {
  readonly state: MessageState;
  readonly why: string;
}

const ENGAGEMENTS: readonly Engagement[] = ['opened', 'clicked'];

/** Every pair there is. */
export const LOOKS: readonly Look[] = MESSAGE_STATES.flatMap((state) =>
  whysOf(state).map((why) => ({ state, why })),
);

/** The looks that show what the test accepts: `outward` read backwards. */
export function looksThat(shows: (outward: Outward, look: Look) => boolean): readonly Look[] {
  return LOOKS.filter((look) => shows(outwardOf(look), look));
}

function whysOf(state: MessageState): readonly string[] {
  if (state === 'waiting') return WAIT_REASONS;
  if (state === 'sent' || state === 'delivered') return ['', ...ENGAGEMENTS];
  return state in REASONS_BY_STATE ? REASONS_BY_STATE[state as keyof typeof REASONS_BY_STATE] : [''];
}

function outwardOf({ state, why }: Look): Outward {
  if (state === 'waiting')
    return outward({ state, reason: null, waitReason: (why || null) as WaitReason | null });
  if (state === 'sent' || state === 'delivered') {
    return outward({ state, reason: null, engaged: (why || null) as Engagement | null });
  }
  return outward({ state, reason: (why || null) as Reason | null });
}
