import { type AttachmentRef } from '../../src/domain/content';
import { parseUrl } from '../../src/domain/parse-url';
import { type FetchedAttachment } from '../../src/providers/contract';
import { type Egress } from '../../src/providers/egress/guarded-client';

/** All files of one message together (issue: "10 MB in all"). */
const MAX_TOTAL_BYTES = 10 * 1024 * 1024;

export type Attachments =
  | { readonly ok: true; readonly attachments: readonly FetchedAttachment[] }
  | { readonly ok: false; readonly retryable: boolean; readonly detail: string };

/** Fetches a message's files, one after the other, through the egress guard. Details name places in the list, never URLs. */
export async function fetchAttachments(egress: Egress, refs: readonly AttachmentRef[]): Promise<Attachments> {
  const attachments: FetchedAttachment[] = [];
  let room = MAX_TOTAL_BYTES;
  for (const [index, ref] of refs.entries()) {
    const file = await egress.fetchFile(ref.url, room);
    if (!file.ok) {
      const detail =
        file.code === 'too_large'
          ? 'The attachments are larger than 10 MB in all.'
          : `Attachment ${index + 1}: ${file.message}`;
      return { ok: false, retryable: file.retryable, detail };
    }
    room -= file.content.length;
    attachments.push({
      filename: ref.filename ?? nameFrom(ref.url) ?? `attachment-${index + 1}`,
      contentType: ref.contentType ?? file.contentType,
      content: file.content,
      inline: ref.inline === true,
    });
  }
  return { ok: true, attachments };
}

function nameFrom(url: string): string | undefined {
  const last = parseUrl(url)?.pathname.split('/').at(-1);
  return last || undefined;
}
