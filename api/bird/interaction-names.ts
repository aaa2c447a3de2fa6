/** Events of the timeline that a recipient caused, in Bird's words (bird-api.md §2.3). A vendor's `read` is an opening. */
const NAMES: Readonly<Record<string, string>> = {
  opened: 'opened',
  clicked: 'clicked',
  complained: 'reported-as-spam',
  unsubscribed: 'unsubscribed',
};
export const BIRD_INTERACTIONS = Object.values(NAMES);

/** Undefined for an event that is no interaction. */
export function interactionName(type: string): string | undefined {
  return Object.hasOwn(NAMES, type) ? NAMES[type] : undefined;
}
