/** What a sandbox does with a call. */
export type MagicOutcome = 'delivered' | 'bounce' | 'fail' | 'fail-once' | 'throttle' | 'hang' | 'late';

export interface MagicRecipient {
  readonly outcome: MagicOutcome;
  /** Also with a tag: `fail+anything@sandbox.volley.test`. */
  readonly email: string;
  readonly phone: string;
  /** For ids (inbox, push, chat, webhook): also with a tag, `sandbox-fail+anything`. */
  readonly id: string;
  /** For the docs: what happens, in one sentence. */
  readonly doc: string;
}

export const SANDBOX_DOMAIN = 'sandbox.volley.test';

/** Table of the documented recipients; numbers are from a range that is never given to anybody. */
export const MAGIC_RECIPIENTS: readonly MagicRecipient[] = [
  magic('delivered', 1, 'Accepted, and delivered at once.'),
  magic('bounce', 2, 'Accepted, then bounced: ends undelivered. Suppressed from then on.'),
  magic('fail', 3, 'Refused for good: ends failed.'),
  magic('fail-once', 4, 'The first attempt fails and may be repeated; the next is accepted.'),
  magic('throttle', 5, 'The first call is throttled for 2 s, which costs no attempt; the next is accepted.'),
  magic('hang', 6, 'No answer within 10 s: nobody knows whether it was taken.'),
  magic('late', 7, 'Accepted after 3 s.'),
];

function magic(outcome: MagicOutcome, number: number, doc: string): MagicRecipient {
  const phone = `+1500555000${number}`;
  return { outcome, email: `${outcome}@${SANDBOX_DOMAIN}`, phone, id: `sandbox-${outcome}`, doc };
}

/** The outcome that an address asks for: by e-mail address, phone number or id, tags and case ignored. */
export function magicOutcomeOf(address: string): MagicOutcome | undefined {
  const text = address.trim().toLowerCase();
  const untagged = text.replace(/\+[^@]*(?=@|$)/, '');
  const found = MAGIC_RECIPIENTS.find(
    ({ email, phone, id }) => untagged === email || untagged === id || text.replace(/[\s()-]/g, '') === phone,
  );
  return found?.outcome;
}
