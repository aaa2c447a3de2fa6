import { type BrandContent, type Content, type Rendered, type TemplateContent } from '../domain/content';
import { type ChannelKind } from '../domain/kinds';
import { type RejectReason } from '../domain/reasons';

/** One message for one kind of channel. Data must be JSON: what JSON cannot carry is lost on the way to the engine. */
export interface RenderInput {
  /** Whose message it is: workspaces take turns where rendering is slow. */
  readonly workspaceId: string;
  readonly kind: ChannelKind;
  /** Inline content. Beside a template it only lends its attachments and headers: the template wins. */
  readonly content?: Content;
  readonly template?: TemplateContent;
  /** Asked for by the caller; absent, the recipient's own decides. */
  readonly locale?: string;
  readonly data: Readonly<Record<string, unknown>>;
  /** Courier's profile, reachable as `profile.…`. */
  readonly profile?: Readonly<Record<string, unknown>>;
  readonly brand?: BrandContent;
  readonly recipient: { readonly id: string; readonly locale?: string; readonly timezone?: string };
  /** Takes the place of the title; interpolated where the content is. */
  readonly subjectOverride?: string;
  /** The recipient's own page, as `volley.unsubscribeUrl`. */
  readonly unsubscribeUrl?: string;
}

export type RenderReason = Extract<
  RejectReason,
  'variable_missing' | 'render_failed' | 'invalid_content' | 'unsupported_body_for_channel'
>;

export interface RenderFailure {
  readonly ok: false;
  readonly reason: RenderReason;
  /** For people and logs: names fields, paths and types, never a recipient's data. */
  readonly detail: string;
}

export type RenderResult = { readonly ok: true; readonly rendered: Rendered } | RenderFailure;

export interface Renderer {
  /**
   * Never throws for what a template or its data does: that is a RenderFailure. Rejects only when no rendering thread
   * can be had, which says nothing about the message and is worth another try.
   */
  render(input: RenderInput): Promise<RenderResult>;
  /** Ends the threads. Renders still open reject. */
  close(): Promise<void>;
}

export function failure(reason: RenderReason, detail: string): RenderFailure {
  return { ok: false, reason, detail };
}
