import { createHash } from 'node:crypto';

/** Of 1,000 recipients: refused for ever, refused twice, refused once. */
const FOR_EVER = 2;
const TWICE = 10;
const ONCE = 50;

export type Fate = 'taken' | 'refused-once' | 'refused-twice' | 'refused-for-ever';

/** Decided by the recipient's id alone, so every contestant meets the same failures however often and in whatever order it calls. */
export function fateOf(recipientId: string): Fate {
  const hash = createHash('sha256').update(recipientId).digest();
  const slot = hash.readUInt32BE(0) % 1_000;
  if (slot < FOR_EVER) return 'refused-for-ever';
  if (slot < FOR_EVER + TWICE) return 'refused-twice';
  if (slot < FOR_EVER + TWICE + ONCE) return 'refused-once';
  return 'taken';
}

/** The status of the `call`-th call (from 1) for a recipient: 400 for ever, 503 at first, else 200. */
export function answerTo(recipientId: string, call: number): 200 | 400 | 503 {
  const fate = fateOf(recipientId);
  if (fate === 'refused-for-ever') return 400;
  const refusals = fate === 'refused-twice' ? 2 : fate === 'refused-once' ? 1 : 0;
  return call <= refusals ? 503 : 200;
}
