/** Events of the timeline that a recipient caused, in Bird's words (bird-api.md §2.3). */
const NAMES: Readonly<Record<string, string>> = {
  opened: 'opened',
  clicked: 'clicked',
  complained: 'reported-as-spam',
  unsubscribed: 'unsubscribed',
};
/** A text has no picture that could tell of an opening: it is known from its vendor's `read` alone. */
const READ = 'read';
const READ_KINDS: readonly (string | undefined)[] = ['sms', 'chat'];

export const BIRD_INTERACTIONS = [...Object.values(NAMES), READ];

/** By the kind of delivery that it is about. Undefined for an event that is no interaction. */
export function interactionName(type: string, kind: string | undefined): string | undefined {
  if (type === 'opened' && READ_KINDS.includes(kind)) return READ;
  return Object.hasOwn(NAMES, type) ? NAMES[type] : undefined;
}
