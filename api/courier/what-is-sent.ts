/**
 * What a message of Courier's sends, out of its three shapes (courier-api.md §1.2). The first of these that is there:
 * `message.content`, `message.template` (nested), `content`, `template`, `event`. An event beside another one is a label.
 * Also used on stored definitions, so it takes whatever is there.
 */
export type WhatIsSent =
  | { readonly kind: 'content'; readonly at: string; readonly content: unknown }
  | { readonly kind: 'template'; readonly at: string; readonly id: string }
  | { readonly kind: 'nothing' };

export function whatIsSent(definition: unknown): WhatIsSent {
  const outer = asRecord(definition);
  const nested = asRecord(outer['message']);
  if (nested['content'] != null)
    return { kind: 'content', at: 'message.content', content: nested['content'] };
  if (isText(nested['template'])) return { kind: 'template', at: 'message.template', id: nested['template'] };
  if (outer['content'] != null) return { kind: 'content', at: 'content', content: outer['content'] };
  if (isText(outer['template'])) return { kind: 'template', at: 'template', id: outer['template'] };
  if (isText(outer['event'])) return { kind: 'template', at: 'event', id: outer['event'] };
  return { kind: 'nothing' };
}

/** The event that a definition names; else the template that stands for it; undefined for inline content alone. */
export function eventOf(definition: unknown): string | undefined {
  const outer = asRecord(definition);
  const nested = asRecord(outer['message']);
  return [outer['event'], nested['template'], outer['template']].find(isText);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
