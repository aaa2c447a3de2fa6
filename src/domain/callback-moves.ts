import { type REASONS_BY_STATE } from './reasons';
import { type MessageState } from './states';

type UndeliveredReason = (typeof REASONS_BY_STATE)['undelivered'][number];

/** What vendors tell (src/providers/callbacks): any of it proves that the vendor had the message. */
export const FATES = [
  'bounced',
  'carrier_refused',
  'carrier_expired',
] as const satisfies readonly UndeliveredReason[];

export interface Standing {
  readonly state: MessageState;
  /** A call of the delivery was never answered for sure: `waiting` may then be a mistake. */
  readonly inDoubt: boolean;
}

export interface Step {
  readonly to: MessageState;
  readonly reason: UndeliveredReason | null;
}

/**
 * The moves that a set of facts explains, one by one, by the design's table; the order in which the facts came makes no
 * difference. A delivery wins over a bounce, whichever was told first. A message that waits to be tried again although the
 * vendor had it is taken up once more (`sending`) and is sent: so that it is not sent twice.
 */
export function movesOf({ state, inDoubt }: Standing, types: ReadonlySet<string>): readonly Step[] {
  const steps: Step[] = [];
  const at = (): MessageState => steps.at(-1)?.to ?? state;
  const go = (to: MessageState, reason: UndeliveredReason | null = null): void =>
    void steps.push({ to, reason });
  if (types.size === 0) return steps;
  if (at() === 'waiting' && inDoubt) go('sending');
  if (at() === 'sending') go('sent');

  const fate = FATES.find((name) => types.has(name));
  const open: readonly MessageState[] = ['sent', 'failed', 'uncertain'];
  if (types.has('delivered')) {
    if (open.includes(at()) || at() === 'undelivered') go('delivered');
  } else if (fate !== undefined) {
    if (open.includes(at())) go('undelivered', fate);
  } else if (at() === 'failed' || at() === 'uncertain') {
    go('sent');
  }
  return steps;
}
