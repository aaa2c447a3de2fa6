import { type GivenPreferences } from './preferences';
import { type QuietHours } from './quiet-hours';

/** What a message or its job asks of the gates. A message's own wish wins over its job's. */
export interface GateWishes {
  /** The subscription topic that the message belongs to. */
  readonly topicId?: string;
  /** What came with the message about this recipient. */
  readonly preferences?: GivenPreferences;
  readonly capFrequency?: true;
  readonly ignoreQuietHours?: true;
  readonly ignoreGlobalHoldout?: true;
  /** The caller knows that this recipient is held out: not sent, and counted so. */
  readonly heldOut?: true;
  /** An unsubscription does not stop it. */
  readonly transactional?: true;
  readonly delay?: DelayWish;
  /** From when the job was run, in ms, as for `delay`. */
  readonly validForMs?: number;
  readonly validUntilMs?: number;
}

export interface DelayWish {
  readonly durationMs?: number;
  readonly untilMs?: number;
  /** Only while these hours are open (src/domain/opening-hours.ts), in `zone`, else the recipient's, else UTC. */
  readonly hours?: string;
  readonly zone?: string;
}

/** What a workspace has set for all of its messages. */
export interface GateSettings {
  readonly quietHours?: QuietHours | undefined;
  /** 0 to 100: this part of all recipients is sent nothing, so that others can be compared with them. */
  readonly holdoutPercent: number;
  /** Messages with `capFrequency` that one recipient gets over one channel in any stretch of so many days. */
  readonly cap: { readonly count: number; readonly periodDays: number };
  readonly deliveryWindow?: { readonly hours: string; readonly zone?: string | undefined } | undefined;
}

export const DEFAULT_GATE_SETTINGS: GateSettings = {
  holdoutPercent: 0,
  // Bird's default (bird-api.md §2.2): one a day.
  cap: { count: 1, periodDays: 1 },
};
