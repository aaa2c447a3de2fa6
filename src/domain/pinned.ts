import { type BrandContent, type TemplateRef } from './content';
import { type ChannelKind } from './kinds';

/** A channel as it stood when the job was run; its credentials are read at the send. */
export interface PinnedChannel {
  readonly id: string;
  readonly kind: ChannelKind;
  readonly provider: string;
  readonly priority: number;
  readonly createdAtMs: number;
}

export type PinnedTemplate =
  { readonly versionId: string } | { readonly missing: 'template_not_found' | 'template_unpublished' };

/** Templates, brand and channels as they were at run (bulk) or acceptance (batch): later edits change nothing. */
export interface Pinned {
  /** By `templateKey`. */
  readonly templates: Readonly<Record<string, PinnedTemplate>>;
  readonly brand?: BrandContent;
  readonly channels: readonly PinnedChannel[];
  /** The workspace's routing order. */
  readonly order: readonly ChannelKind[];
}

export function templateKey(ref: TemplateRef): string {
  return `${ref.id}@${ref.version ?? 'latest'}`;
}
